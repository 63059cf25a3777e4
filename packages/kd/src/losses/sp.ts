import { type Scalar, type Tensor, type Tensor2D, tf } from '@tempered/tensors';
import { feature } from '../check.js';
import { checkBatch } from '../features/check.js';
import { gram } from '../features/gram.js';
import { flatten, unit } from '../features/norm.js';
import { defineLoss } from '../loss.js';

/**
 * Similarity-preserving distillation: the Gram matrix of the batch, its rows scaled to length 1, shall be the teacher's.
 *
 *   L = 1/N² ‖ G̃(s) − G̃(t) ‖²,   G = F Fᵀ, F the flattened features, G̃ its rows over their length
 *
 * Shapes   student, teacher: float32 [N, ...], of any further shape each; returns a scalar.
 * Units    squared cosines; the published weight is 3000.
 * Gradient to the student.
 * Throws   RangeError when the batches differ.
 * Source   Tung and Mori, ICCV 2019, arXiv:1907.09682.
 */
export function sp(student: Tensor, teacher: Tensor): Scalar {
  checkBatch('sp', student, teacher);
  return tf.tidy(() => tf.mean(tf.squaredDifference(similarities(student), similarities(teacher))) as Scalar);
}

function similarities(features: Tensor): Tensor2D {
  return unit(gram(flatten(features) as Tensor2D), 1);
}

/** On the maps of the last stage. */
export default defineLoss({
  name: 'sp',
  needs: ['stages'],
  paper: 'arXiv:1907.09682',
  defaults: { weight: 3000 },
  softens: false,
  loss: ({ student, teacher }) =>
    sp(feature('sp', 'student', student, 'stages').at(-1)!, feature('sp', 'teacher', teacher, 'stages').at(-1)!),
});
