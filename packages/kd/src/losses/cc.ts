import { type Scalar, type Tensor, type Tensor2D, tf } from '@tempered/tensors';
import { feature } from '../check.js';
import { checkBatch, checkSameShape } from '../features/check.js';
import { gram } from '../features/gram.js';
import { initialLinear, layersOf, linear, together } from '../features/layers.js';
import { unit } from '../features/norm.js';
import { shapesOf } from '../features/shapes.js';
import { defineLoss, type LossOptions } from '../loss.js';

/**
 * Correlation congruence: the kernel between any two samples of the batch shall be the teacher's.
 *
 *   L = 1/N² Σ_ij ( k(s_i, s_j) − k(t_i, t_j) )²,   k(x, y) = Σ_{p ≤ order} e^(−2γ) (2γ)^p / p! ⟨x̂, ŷ⟩^p
 *
 * k is the Taylor series of the Gaussian exp(−γ ‖x̂ − ŷ‖²) of unit vectors.
 *
 * Shapes   student: float32 [N, D]; teacher: [N, E]; returns a scalar.
 * Units    squared kernel values.
 * Gradient to the student.
 * Throws   RangeError when the batches differ.
 * Source   Peng et al., ICCV 2019, arXiv:1904.01802, with γ = 0.4 and order 2; its cross-entropy and KD terms are terms of their own.
 */
export function cc(student: Tensor2D, teacher: Tensor2D, { gamma = 0.4, order = 2 }: { gamma?: number; order?: number } = {}): Scalar {
  checkBatch('cc', student, teacher);
  if (!Number.isInteger(order) || order < 1) throw new RangeError(`cc: order must be a whole number above 0, not ${order}`);
  return tf.tidy(() => tf.mean(tf.squaredDifference(kernel(student, gamma, order), kernel(teacher, gamma, order))) as Scalar);
}

function kernel(features: Tensor2D, gamma: number, order: number): Tensor {
  const directions = unit(features, 1);
  const cosines: Tensor = gram(directions);
  // Horner's scheme for Σ (2γ c)^p / p!.
  let series: Tensor = tf.onesLike(cosines);
  for (let p = order; p > 0; p--) series = tf.add(tf.mul(series, tf.mul(cosines, (2 * gamma) / p)), 1);
  return tf.mul(series, Math.exp(-2 * gamma));
}

/**
 * What RepDistiller runs under the name: the gaps between embedded student and teacher, multiplied between neighbours in the batch.
 *
 *   L = mean_{n < N} Σ_d |s_n − t_n|_d |s_(n+1) − t_(n+1)|_d
 *
 * Shapes   student, teacher: float32 [N, D], N ≥ 2; returns a scalar.
 * Gradient to both sides.
 * Throws   RangeError when the shapes differ or N is 1.
 * Source   RepDistiller's Correlation; depends on the order of the batch, as no formula of the paper does.
 */
export function ccAsRun(student: Tensor2D, teacher: Tensor2D): Scalar {
  checkSameShape('cc', student, teacher);
  const [batch, width] = student.shape;
  if (batch < 2) throw new RangeError('cc: neighbours in the batch need N >= 2');
  return tf.tidy(() => {
    const gaps = tf.abs(tf.sub(student, teacher)) as Tensor2D;
    const products = tf.mul(tf.slice(gaps, [0, 0], [batch - 1, width]), tf.slice(gaps, [1, 0], [batch - 1, width]));
    return tf.mean(tf.sum(products, 1)) as Scalar;
  });
}

export interface CcLossOptions extends LossOptions {
  gamma: number;
  order: number;
  /** Width of the embeddings that only `asRun` has. */
  dimension: number;
  asRun: boolean;
}

export default defineLoss<CcLossOptions>({
  name: 'cc',
  needs: ['pooled'],
  paper: 'arXiv:1904.01802',
  defaults: { weight: 0.02, gamma: 0.4, order: 2, dimension: 128, asRun: false },
  softens: false,
  trainables: (shapes, { asRun, dimension }, seed) => {
    if (!asRun) return {};
    const { student, teacher } = shapesOf('cc', shapes, 'pooled');
    const sides = { embed_s: student[1], embed_t: teacher[1] };
    return together(Object.entries(sides).map(([name, width]) => initialLinear(`${name}.linear`, width, dimension, seed)));
  },
  loss: (context, { asRun, gamma, order }) => {
    const student = feature('cc', 'student', context.student, 'pooled');
    const teacher = feature('cc', 'teacher', context.teacher, 'pooled');
    if (!asRun) return cc(student, teacher, { gamma, order });
    const layers = layersOf(context);
    return ccAsRun(linear(layers, student, 'embed_s.linear'), linear(layers, teacher, 'embed_t.linear'));
  },
});
