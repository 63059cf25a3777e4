import {
  balancedSubset,
  type FindOptions,
  findImages,
  firstPlacesOfEachClass,
  isDataError,
  isPhotographs,
  type LabelledSet,
  openPhotographSets,
  type PictureSet,
  perClassOf,
  photographs,
  type Split,
  selectPictures,
  type TrainingImages,
} from '@tempered/data';
import { UserError } from './errors.js';
import type { Profile } from './profile.js';
import type { RunImages } from './run-types.js';

/** Sets that a run can take: in memory, or photographs of a folder. */
export type RunDataset = FindOptions['dataset'] | 'imagenet';

export interface ImageRequest extends Pick<FindOptions, 'data' | 'onProgress' | 'signal' | 'places'> {
  /** A name is never replaced by another set; 'auto' is CIFAR-100, or CIFAR-10 where the profile lets it stand in. */
  dataset: RunDataset;
  profile: Pick<Profile, 'name' | 'trainImages' | 'testImages' | 'otherImages'>;
}

/** The size of a balanced part: as near to what is asked for as the classes allow; null where that is all there is. */
function partSize({ length, classes }: LabelledSet, wanted: number | null): number | null {
  if (wanted === null || wanted >= length) return null;
  return Math.max(classes, Math.floor(wanted / classes) * classes);
}

/**
 * A balanced part of about `wanted` images, of the first of each class; all of them where there are no more, or for null. Fewer images
 * than classes are one of each of so many classes: what networks tell apart stays the same.
 */
export function partOf<Images extends TrainingImages>(images: Images, wanted: number | null): Images;
export function partOf(images: TrainingImages, wanted: number | null): TrainingImages {
  const size = partSize(images, wanted);
  if (wanted === null || size === null) return images;
  if (wanted < images.classes) {
    const places = firstPlacesOfEachClass(images, 1).slice(0, wanted);
    return isPhotographs(images) ? images.select(places) : selectPictures(images, places);
  }
  return isPhotographs(images) ? images.select(firstPlacesOfEachClass(images, perClassOf(images, size))) : balancedSubset(images, size);
}

/** Photographs of a folder that has to be named: ImageNet is not fetched. */
export async function findPhotographs({ data, signal, places }: Pick<ImageRequest, 'data' | 'signal' | 'places'>): Promise<{
  sets: Record<Split, PictureSet>;
  source: string;
}> {
  const environment = places?.environment ?? process.env;
  const folder = data ?? environment.TEMPERED_DATA;
  if (!folder) {
    const mend = "name the folder that holds its 'train' and 'val' with --data or TEMPERED_DATA";
    throw new UserError({ what: 'ImageNet is not fetched', where: '--dataset imagenet', mend });
  }
  const sets = await openPhotographSets(folder, { name: 'imagenet', environment, ...(signal ? { signal } : {}) });
  return { sets, source: `the folder ${folder}` };
}

async function loadPhotographs({ profile, ...where }: Omit<ImageRequest, 'dataset'>): Promise<RunImages> {
  const { sets, source } = await findPhotographs(where);
  const train = partOf(photographs(sets.train), profile.trainImages);
  const test = partOf(photographs(sets.test), profile.testImages);
  return { train, test, about: aboutOf('imagenet', source, train, test) };
}

const aboutOf = (dataset: string, source: string, train: LabelledSet, test: LabelledSet): RunImages['about'] => ({
  dataset,
  source,
  trainImages: train.length,
  testImages: test.length,
  fingerprint: `${train.fingerprint.slice(0, 16)}-${test.fingerprint.slice(0, 16)}`,
});

/**
 * The images that a profile trains and tests on, and what a cell says about them.
 *
 * Throws   UserError, with the mend, when they are missing, damaged or not to be had; a profile that allows no other images and a
 *          dataset asked for by name never fall back.
 */
export async function loadRunImages({ dataset, profile, ...where }: ImageRequest): Promise<RunImages> {
  const name = dataset === 'auto' && !profile.otherImages ? 'cifar100' : dataset;
  try {
    if (name === 'imagenet') return await loadPhotographs({ profile, ...where });
    const found = await findImages({ dataset: name, ...where });
    const train = partOf(found.train, profile.trainImages);
    const test = partOf(found.test, profile.testImages);
    return { train, test, about: aboutOf(found.dataset, found.source, train, test) };
  } catch (error) {
    if (!isDataError(error)) throw error;
    throw new UserError({ what: error.message, where: '--data' }, { cause: error });
  }
}
