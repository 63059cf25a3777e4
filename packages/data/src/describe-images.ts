import { type LabelledSet, labelCounts, type Rgb, type Split } from './dataset.js';
import { type FindOptions, type FoundImages, findImages } from './find-images.js';
import type { PictureSet } from './picture-set.js';

/** What there is to say of one split. */
export interface SplitFacts {
  length: number;
  /** Fewest and most pictures of a class. */
  perClass: { least: number; most: number };
  fingerprint: string;
}

/** What `tempered data info` shows. */
export interface ImageFacts {
  dataset: string;
  source: string;
  complete: boolean;
  classes: number;
  labelNames: readonly string[];
  /** Height and width; null where pictures are of many sizes. */
  size: readonly [number, number] | null;
  mean: Rgb;
  std: Rgb;
  train: SplitFacts;
  test: SplitFacts;
}

/** The facts of images that were found; counts every label and hashes every picture. */
export function describeImages(found: FoundImages): ImageFacts {
  const { dataset, source, complete, train, test } = found;
  const { classes, labelNames, height, width, mean, std } = train;
  return { dataset, source, complete, classes, labelNames, size: [height, width], mean, std, train: facts(train), test: facts(test) };
}

/** The same of photographs: counts and labels; no picture is decoded. */
export function describePhotographs(source: string, { train, test }: Record<Split, PictureSet>, complete: boolean): ImageFacts {
  const { name: dataset, classes, labelNames, mean, std } = train;
  return { dataset, source, complete, classes, labelNames, size: null, mean, std, train: facts(train), test: facts(test) };
}

function facts(split: LabelledSet): SplitFacts {
  const counts = labelCounts(split);
  return { length: split.length, perClass: { least: Math.min(...counts), most: Math.max(...counts) }, fingerprint: split.fingerprint };
}

/** Fetches a set into the cache where it is not there yet, whatever TEMPERED_DATA names: `tempered data fetch`. */
export function fetchImages(options: Omit<FindOptions, 'data' | 'allowDownload'>): Promise<FoundImages> {
  const { TEMPERED_DATA: _, ...environment } = options.places?.environment ?? process.env;
  return findImages({ ...options, places: { ...options.places, environment }, allowDownload: true });
}

/** Reads and checks what is named or cached, and fetches nothing: `tempered data check`. */
export function checkImages(options: Omit<FindOptions, 'allowDownload'>): Promise<FoundImages> {
  return findImages({ ...options, allowDownload: false });
}
