import { type Tensor, type Tensor2D, tf } from '@tempered/tensors';
import type { Temperature } from './loss.js';
import { EPSILON } from './standardize.js';

/**
 * `klRows` between standardized logits over a temperature, as one piece: the same number as of `soften`ed sides, in fewer passes over the logits.
 *
 *   KL_n( softmax(y_t / T) ‖ softmax(y_s / T) ),   y = (z − mean(z)) / (σ(z) + 1e-7)
 *
 * A softmax does not see an offset, so the forward pass scales logits that are taken below their highest by 1 / ((σ + 1e-7) T)
 * and is done; rows centred on their mean serve the deviation and the gradient.
 *
 * Shapes   teacher, student: float32 [N, K], K ≥ 2; temperature: a number, a scalar or [N, 1]; returns [N, 1].
 * Units    nats. Never negative; exactly 0 where the logits are equal.
 * Gradient with h = softmax(student) − p for the student, h = p · (d − KL) for the teacher, d = log p − log q, w = 1 / ((σ + 1e-7) T):
 *          dz = w h − w c · Σ h c / ((K − 1) σ (σ + 1e-7)), c = z − mean(z); neither h has a mean to take out. The second term is 0
 *          where σ is. To T: −Σ w Σ h c / T over both sides.
 * Source   Sun et al., CVPR 2024, arXiv:2403.01427; the fused form is ours.
 */
export function standardizedKlRows(teacher: Tensor2D, student: Tensor2D, temperature: Temperature): Tensor2D {
  return divergence(teacher, student, typeof temperature === 'number' ? tf.scalar(temperature) : temperature) as Tensor2D;
}

/** What the gradient needs of a side, beside its distribution. */
type Side = [centred: Tensor, deviation: Tensor, scale: Tensor];

const divergence = tf.customGrad((teacher, student, temperature, save) => {
  const T = temperature as Tensor;
  const t = distribution(teacher as Tensor, T);
  const s = distribution(student as Tensor, T);
  const ratio = tf.sub(tf.sub(t.logits, s.logits), tf.sub(t.logTotal, s.logTotal));
  const halves = tf.mul(tf.add(t.p, s.p), tf.tanh(tf.mul(ratio, 0.5)));
  const value = tf.maximum(tf.sum(tf.sub(tf.mul(t.p, ratio), halves), -1, true), 0);
  (save as (tensors: Tensor[]) => void)([T, value, ratio, t.p, s.p, ...t.side, ...s.side]);
  const gradFunc = (g: Tensor, saved: Tensor[]): Tensor[] => {
    const [by, rows, d, p, q] = saved as [Tensor, Tensor, Tensor, Tensor, Tensor];
    const ofTeacher = slopes(tf.mul(p, tf.sub(d, rows)), saved.slice(5, 8) as Side, by, g);
    const ofStudent = slopes(tf.sub(q, p), saved.slice(8, 11) as Side, by, g);
    const toRows = tf.neg(tf.div(tf.add(ofTeacher.along, ofStudent.along), by));
    return [ofTeacher.toLogits, ofStudent.toLogits, by.rank === 0 ? tf.sum(toRows) : toRows];
  };
  return { value, gradFunc };
});

/** The softmax of a side's standardized logits over T, and what it is made of. */
function distribution(z: Tensor, temperature: Tensor): { logits: Tensor; logTotal: Tensor; p: Tensor; side: Side } {
  const low = tf.sub(z, tf.max(z, -1, true));
  const centred = tf.sub(low, tf.mean(low, -1, true));
  const deviation = tf.sqrt(tf.div(tf.sum(tf.square(centred), -1, true), z.shape.at(-1)! - 1));
  const scale = tf.div(1, tf.mul(tf.add(deviation, EPSILON), temperature));
  const logits = tf.mul(low, scale);
  const powers = tf.exp(logits);
  const total = tf.sum(powers, -1, true);
  return { logits, logTotal: tf.log(total), p: tf.mul(powers, tf.div(1, total)), side: [centred, deviation, scale] };
}

/** From the gradient h to a side's softened logits: to the logits, times g; and g Σ h · softened, which the temperature's needs. */
function slopes(h: Tensor, [centred, deviation, scale]: Side, temperature: Tensor, g: Tensor): { toLogits: Tensor; along: Tensor } {
  const freedom = centred.shape.at(-1)! - 1;
  const weight = tf.mul(g, scale);
  const along = tf.mul(weight, tf.sum(tf.mul(h, centred), -1, true));
  const turn = tf.divNoNan(tf.mul(along, tf.mul(scale, temperature)), tf.mul(deviation, freedom));
  return { toLogits: tf.sub(tf.mul(h, weight), tf.mul(centred, turn)), along };
}
