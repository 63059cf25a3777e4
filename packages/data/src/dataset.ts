import { createHash } from 'node:crypto';
import { toLittleEndian } from './little-endian.js';

export type Split = 'train' | 'test';

/** Three numbers, one a channel: red, green, blue. */
export type Rgb = readonly [number, number, number];

/** What all sets of labelled pictures have, wherever the pictures are. */
export interface LabelledSet {
  /** What it is, in one word: cifar100, cifar10, synthetic, the name of a folder ... */
  readonly name: string;
  readonly split: Split;
  /** How many pictures. */
  readonly length: number;
  /** How many classes; labels are 0 .. classes - 1. */
  readonly classes: number;
  /** One name a class. */
  readonly labelNames: readonly string[];
  /** Normalisation of a channel: (value / 255 - mean) / std. */
  readonly mean: Rgb;
  readonly std: Rgb;
  /** Class of picture i. */
  label(i: number): number;
  /** SHA-256 (hex) of what the set is made of; which that is, the maker of the set says. */
  readonly fingerprint: string;
}

/** Pictures of one size, in memory: what the CIFAR recipes train on. */
export interface Dataset extends LabelledSet {
  readonly height: number;
  readonly width: number;
  /** RGB bytes of picture i, [height, width, 3]: a view, not to be written to. */
  image(i: number): Uint8Array;
}

export type DatasetDescription = Omit<Dataset, 'length' | 'image' | 'label' | 'fingerprint'>;

/**
 * A dataset over pictures held in memory. Its fingerprint is over sizes, labels and pixels in their order: equal exactly when
 * the data are.
 *
 * Shapes   pixels: uint8 [N, height, width, 3]; labels: uint16 [N].
 * Throws   RangeError when the sizes do not fit each other; from `image` and `label` when i is not 0 .. N - 1.
 */
export function pixelDataset(about: DatasetDescription, pixels: Uint8Array, labels: Uint16Array): Dataset {
  const size = about.height * about.width * 3;
  if (pixels.length !== labels.length * size) {
    throw new RangeError(`${about.name}: ${pixels.length} bytes are not ${labels.length} pictures of ${size} bytes`);
  }
  const at = (i: number): number => {
    if (!Number.isInteger(i) || i < 0 || i >= labels.length) throw new RangeError(`${about.name} ${about.split} has no picture ${i}`);
    return i;
  };
  let fingerprint: string | undefined;
  return {
    ...about,
    length: labels.length,
    image: (i) => pixels.subarray(at(i) * size, (i + 1) * size),
    label: (i) => labels[at(i)]!,
    get fingerprint() {
      return (fingerprint ??= createHash('sha256')
        .update(`${labels.length} pictures ${about.height}x${about.width}x3 in ${about.classes} classes\n`)
        .update(toLittleEndian(labels))
        .update(pixels)
        .digest('hex'));
    },
  };
}

/** The pictures of a dataset at the given places, copied, so that the whole may be let go. */
export function selectPictures(dataset: Dataset, indices: ArrayLike<number>): Dataset {
  const size = dataset.height * dataset.width * 3;
  const pixels = new Uint8Array(indices.length * size);
  const labels = new Uint16Array(indices.length);
  for (let k = 0; k < indices.length; k++) {
    pixels.set(dataset.image(indices[k]!), k * size);
    labels[k] = dataset.label(indices[k]!);
  }
  const { name, split, height, width, classes, labelNames, mean, std } = dataset;
  return pixelDataset({ name, split, height, width, classes, labelNames, mean, std }, pixels, labels);
}

/**
 * Places of the first `perClass` pictures of each class, in the order of the set.
 *
 * Throws   RangeError when a class has fewer.
 */
export function firstPlacesOfEachClass(set: LabelledSet, perClass: number): Uint32Array {
  const counts = new Uint32Array(set.classes);
  const places: number[] = [];
  for (let i = 0; i < set.length; i++) if (counts[set.label(i)]!++ < perClass) places.push(i);
  const short = counts.findIndex((count) => count < perClass);
  if (short >= 0) {
    throw new RangeError(`${set.name} ${set.split}: ${counts[short]} pictures of class ${short}, ${perClass} were asked for`);
  }
  return Uint32Array.from(places);
}

/** The pictures at those places; the whole dataset, itself, when every class has just as many. */
export function firstOfEachClass(dataset: Dataset, perClass: number): Dataset {
  const places = firstPlacesOfEachClass(dataset, perClass);
  return places.length === dataset.length ? dataset : selectPictures(dataset, places);
}

/**
 * Pictures of each class in a balanced part of `total`.
 *
 * Throws   RangeError when total is not a positive multiple of the number of classes.
 */
export function perClassOf({ classes }: LabelledSet, total: number): number {
  if (total <= 0 || total % classes !== 0) throw new RangeError(`${total} pictures cannot be shared evenly among ${classes} classes`);
  return total / classes;
}

/** A balanced part of `total` pictures: total / classes of each class, as firstOfEachClass takes them. */
export function balancedSubset(dataset: Dataset, total: number): Dataset {
  return firstOfEachClass(dataset, perClassOf(dataset, total));
}

/** How many pictures each class has. */
export function labelCounts(dataset: LabelledSet): Uint32Array {
  const counts = new Uint32Array(dataset.classes);
  for (let i = 0; i < dataset.length; i++) counts[dataset.label(i)]!++;
  return counts;
}
