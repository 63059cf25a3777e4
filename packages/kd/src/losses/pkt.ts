import { type Scalar, type Tensor, type Tensor2D, tf } from '@tempered/tensors';
import { feature } from '../check.js';
import { checkBatch } from '../features/check.js';
import { gram } from '../features/gram.js';
import { norm } from '../features/norm.js';
import { defineLoss } from '../loss.js';

const EPSILON = 1e-7;

/**
 * Probabilistic knowledge transfer: the student's samples shall be as similar to each other as the teacher's are.
 *
 *   L = 1/N² Σ_ij t_ij · log( (t_ij + ε) / (s_ij + ε) ),   t_ij, s_ij ∝ (cos(x_i, x_j) + 1) / 2, rows summing to 1,  ε = 1e-7
 *
 * Computed as Σ t' (d + exp(−d) − 1) − ε Σ d with t' = t + ε, d = log(t' / s'), which is the same number without the cancellation.
 *
 * Shapes   student: float32 [N, D]; teacher: [N, E]; returns a scalar.
 * Units    nats; the published weight is 30000.
 * Gradient to the student; a zero vector (where the reference gives NaN) gets a finite one.
 * Throws   RangeError when the batches differ.
 * Source   Passalis and Tefas, ECCV 2018, arXiv:1803.10837; cosine kernel, as the code of CTKD and mdistiller.
 */
export function pkt(student: Tensor2D, teacher: Tensor2D): Scalar {
  checkBatch('pkt', student, teacher);
  return tf.tidy(() => {
    const t = tf.add(similarities(teacher), EPSILON);
    const s = tf.add(similarities(student), EPSILON);
    const ratio = tf.log(tf.div(t, s));
    const terms = tf.mul(t, tf.add(tf.expm1(tf.neg(ratio)), ratio));
    return tf.mean(tf.sub(terms, tf.mul(ratio, EPSILON))) as Scalar;
  });
}

function similarities(x: Tensor2D): Tensor {
  const directions = tf.div(x, tf.add(norm(x, 1), EPSILON)) as Tensor2D;
  const cosines = tf.mul(tf.add(gram(directions), 1), 0.5);
  return tf.div(cosines, tf.sum(cosines, 1, true));
}

export default defineLoss({
  name: 'pkt',
  needs: ['pooled'],
  paper: 'arXiv:1803.10837',
  defaults: { weight: 30000 },
  softens: false,
  loss: ({ student, teacher }) => pkt(feature('pkt', 'student', student, 'pooled'), feature('pkt', 'teacher', teacher, 'pooled')),
});
