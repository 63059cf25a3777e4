import type { Dataset } from './dataset.js';
import { normalizationOf } from './fill-batch.js';
import { drawStrong, strongView } from './strong-view.js';
import { writeNormalised } from './write-normalised.js';

/**
 * The strong views of some pictures, normalised: the second view that MLKD trains on, beside a batch's own (weak) one. Each draws
 * its own crop. A view is a function of (seed, epoch, picture) alone, so what a teacher says of it can be kept under those.
 *
 * Shapes   returns float32 [N, height, width, 3].
 */
export function makeStrongViews(dataset: Dataset, indices: ArrayLike<number>, draw: { seed: number; epoch: number }): Float32Array {
  const { height, width } = dataset;
  const table = normalizationOf(dataset);
  const size = height * width * 3;
  const views = new Float32Array(indices.length * size);
  for (let k = 0; k < indices.length; k++) {
    const picture = { height, width, data: dataset.image(indices[k]!) };
    const { data } = strongView(picture, drawStrong(draw.seed, draw.epoch, indices[k]!));
    writeNormalised(data, table, views, k * size);
  }
  return views;
}
