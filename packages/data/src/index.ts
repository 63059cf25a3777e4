export { type ArchiveRequest, readArchive, writeStream } from './archive.js';
export { type Batch, batchCount, type EpochOptions, epochBatches, epochPlan, makeBatch, testBatches } from './batches.js';
export { cacheFolder } from './cache-folder.js';
export { checkPhotographs } from './check-photographs.js';
export { findCifarFolder, type Images, openCifar } from './cifar.js';
export { CIFAR10, CIFAR100, type CifarFacts } from './cifar-facts.js';
export { cropDraws } from './crop-draws.js';
export { DataError, type DataErrorCode, isDataError } from './data-error.js';
export {
  balancedSubset,
  type Dataset,
  firstOfEachClass,
  firstPlacesOfEachClass,
  type LabelledSet,
  labelCounts,
  perClassOf,
  pixelDataset,
  type Rgb,
  type Split,
  selectPictures,
} from './dataset.js';
export { type DecodeOptions, decodePicture } from './decode.js';
export { checkImages, describeImages, describePhotographs, fetchImages, type ImageFacts } from './describe-images.js';
export { type Download, download } from './download.js';
export { fillBatch, normalizationTable } from './fill-batch.js';
export { type DatasetName, type FindOptions, type FoundImages, findImages, imageCache } from './find-images.js';
export { folderBytes } from './folder-bytes.js';
export { type ImageFolderOptions, openImageFolder } from './image-folder.js';
export { placeResizedCrop, type ResizedCrop, resizeCenterCrop, resizedCrop } from './imagenet-views.js';
export { loadAll } from './load-all.js';
export { openParquetSet, type ParquetSetOptions } from './parquet-set.js';
export {
  evaluationBatches,
  isPhotographs,
  openPhotographSets,
  type PhotographOptions,
  type Photographs,
  photographs,
  type TrainingImages,
  trainingBatches,
} from './photographs.js';
export type { Box, Picture } from './picture.js';
export { evaluationPlan, trainingPlan } from './picture-plans.js';
export { IMAGENET_STATISTICS, type PictureSet, type PictureSource } from './picture-set.js';
export { type PictureBatch, type PicturePlan, PictureWorkers, type PrefetchOptions } from './prefetch.js';
export type { DataProgress, OnProgress } from './progress.js';
export type { RowIdentity } from './row-identity.js';
export {
  openRowStore,
  type RowStore,
  type RowStoreOptions,
  type RowStoreStatistics,
} from './row-store.js';
export { makeStrongViews } from './strong-batch.js';
export { drawStrong, type StrongDraws, strongView } from './strong-view.js';
export { type SyntheticOptions, syntheticImages } from './synthetic.js';
export { type SyntheticFolderOptions, writeSyntheticFolder } from './synthetic-folder.js';
export { type Crop, cropOf, epochOrder, UNCHANGED, VARIANTS, variant, variantOf } from './variants.js';
export type { ViewPath, ViewRequest } from './view-request.js';
export { type BatchWithRows, type RowBatch, type RowColumn, type WithRowsOptions, withRows } from './with-rows.js';
