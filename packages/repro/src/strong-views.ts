import { type Batch, type Dataset, isPhotographs, makeStrongViews, type Photographs, type TrainingImages } from '@tempered/data';

/**
 * Makes the strong view of batch after batch: from the pictures where they are in memory. A photograph has its strong view made from the
 * crop that its batch shows, cropped again by some pixels: no source has one for ImageNet that ran.
 *
 * Shapes   returns float32 [N, height, width, 3], normalised like the batch.
 */
export function strongViewsOf(train: TrainingImages, draw: { seed: number; epoch: number }): (batch: Batch) => Float32Array {
  return (batch) => makeStrongViews(isPhotographs(train) ? shown(train, batch) : train, batch.indices, draw);
}

/** The pictures that a batch shows, at their places in the set. */
function shown(train: Photographs, { images, indices }: Batch): Dataset {
  const size = train.height * train.width * 3;
  const positions = new Map(Array.from(indices, (place, k) => [place, k]));
  const { name, split, length, classes, labelNames, mean, std, height, width, fingerprint } = train;
  return {
    ...{ name, split, length, classes, labelNames, mean, std, height, width, fingerprint },
    label: (i) => train.label(i),
    image(i) {
      const start = positions.get(i)! * size;
      return Uint8Array.from(images.subarray(start, start + size), (value, at) => Math.round(255 * (value * std[at % 3]! + mean[at % 3]!)));
    },
  };
}
