import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Batch, type EpochOptions, epochBatches, testBatches } from './batches.js';
import { DataError } from './data-error.js';
import type { Dataset, LabelledSet, Split } from './dataset.js';
import type { DecodeOptions } from './decode.js';
import { type ImageFolderOptions, openImageFolder } from './image-folder.js';
import { openParquetSet } from './parquet-set.js';
import { evaluationPlan, trainingPlan } from './picture-plans.js';
import type { PictureSet } from './picture-set.js';
import { type PicturePlan, PictureWorkers } from './prefetch.js';
import type { ViewPath } from './view-request.js';

/** Sides of ImageNet's views: pictures are shown at `size`; for evaluation their shorter side becomes `resize` first. */
export const IMAGENET_VIEWS = { size: 224, resize: 256 } as const;

export interface PhotographOptions {
  size?: number;
  resize?: number;
  path?: ViewPath;
  decode?: DecodeOptions;
  /** Worker threads; default one for each core. They live as long as batches are being taken. */
  threads?: number;
}

/** Photographs that worker threads decode and crop: batches of one size out of pictures of any. */
export interface Photographs extends LabelledSet {
  readonly height: number;
  readonly width: number;
  /** Random crops; each batch is its own and stays valid. */
  trainingBatches(options: EpochOptions): AsyncGenerator<Batch, void>;
  /** Middle crops, in the order of the set. */
  evaluationBatches(options: { batchSize: number }): AsyncGenerator<Batch, void>;
  /** The photographs at those places alone. */
  select(places: Uint32Array): Photographs;
}

/** What a network can be trained and tested on. */
export type TrainingImages = Dataset | Photographs;

export function isPhotographs(images: TrainingImages): images is Photographs {
  return 'trainingBatches' in images;
}

/** The batches of a training epoch: made as they are asked for from memory, or ahead by worker threads. */
export function trainingBatches(images: TrainingImages, options: EpochOptions): Iterable<Batch> | AsyncIterable<Batch> {
  return isPhotographs(images) ? images.trainingBatches(options) : epochBatches(images, options);
}

/** All pictures in their order, as a network is tested on them; the last batch may be smaller. */
export function evaluationBatches(images: TrainingImages, options: { batchSize: number }): Iterable<Batch> | AsyncIterable<Batch> {
  return isPhotographs(images) ? images.evaluationBatches(options) : testBatches(images, options);
}

/** Photographs of a set, or of the pictures of it that `places` names. */
export function photographs(set: PictureSet, options: PhotographOptions = {}, places?: Uint32Array): Photographs {
  const { size, resize } = { ...IMAGENET_VIEWS, ...options };
  const { path = 'exact', decode, threads } = options;
  const length = places?.length ?? set.length;
  const placeOf = (i: number): number => (places ? places[i]! : i);
  const back = places && new Map(Array.from(places, (place, i) => [place, i]));
  async function* batches(plan: Iterable<PicturePlan>): AsyncGenerator<Batch, void> {
    const workers = new PictureWorkers(threads === undefined ? {} : { threads });
    function* shown(): Generator<PicturePlan> {
      for (const { indices, requests } of plan) yield { indices: indices.map(placeOf), requests };
    }
    try {
      for await (const { images, labels, indices, count } of workers.batches(set, shown(), { size, path, ...(decode ? { decode } : {}) })) {
        const own = back ? indices.map((place) => back.get(place)!) : indices;
        yield { images: images.slice(), labels, indices: own, variants: new Uint8Array(count), count };
      }
    } finally {
      await workers.close();
    }
  }
  const { name, split, classes, labelNames, mean, std } = set;
  return {
    name,
    split,
    length,
    classes,
    labelNames,
    mean,
    std,
    height: size,
    width: size,
    label: (i) => set.label(placeOf(i)),
    get fingerprint() {
      return set.fingerprint;
    },
    select: (some) => photographs(set, options, some.map(placeOf)),
    trainingBatches: (epoch) => batches(trainingPlan(length, { ...epoch, size })),
    evaluationBatches: ({ batchSize }) => batches(evaluationPlan(length, { batchSize, size, resize })),
  };
}

const SPLITS: Record<Split, readonly string[]> = { train: ['train'], test: ['val', 'validation', 'test'] };

/**
 * The two splits of a folder of photographs: `train` and `val` (or `validation`, `test`) with a folder for each class, as ImageNet
 * and Tiny-ImageNet are laid out, or parquet files whose names begin so. Labels are in the order of the training split's classes.
 *
 * Throws   DataError images-missing that names the folder which is not there.
 */
export async function openPhotographSets(
  folder: string,
  options: Pick<ImageFolderOptions, 'name' | 'environment' | 'decode' | 'signal'> = {},
): Promise<Record<Split, PictureSet>> {
  const root = resolve(folder);
  const [train, test] = [await splitFolder(root, 'train'), await splitFolder(root, 'test')];
  if (train === undefined && test === undefined) {
    const parquet = await Promise.all((['train', 'test'] as const).map((split) => openParquetSet(root, { split, ...options }))).catch(
      (error: unknown) => {
        throw missing(root, 'it has no folders train and val, and no parquet files of both', error);
      },
    );
    return { train: parquet[0]!, test: parquet[1]! };
  }
  if (train === undefined) throw missing(join(root, 'train'), 'there is no such folder');
  if (test === undefined) throw missing(join(root, 'val'), 'there is no such folder');
  const trainSet = await openImageFolder(train, { split: 'train', ...options });
  return { train: trainSet, test: await openImageFolder(test, { split: 'test', classes: trainSet.labelNames, ...options }) };
}

async function splitFolder(root: string, split: Split): Promise<string | undefined> {
  for (const name of SPLITS[split]) {
    const path = join(root, name);
    if (
      await stat(path).then(
        (found) => found.isDirectory(),
        () => false,
      )
    )
      return path;
  }
  return undefined;
}

function missing(where: string, what: string, cause?: unknown): DataError {
  const mend = 'Name a folder with train/CLASS/*.jpeg and val/CLASS/*.jpeg, or with parquet files train-*.parquet and validation-*.parquet';
  return new DataError('images-missing', { where, what, mend, cause });
}
