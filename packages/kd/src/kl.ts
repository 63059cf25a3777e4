import { type Tensor, type Tensor2D, tf } from '@tempered/tensors';

/** Below this log-ratio the term of a class is the student's probability to float32 precision, and exp(−ratio) may overflow. */
const LOWEST_RATIO = -40;

/**
 * Kullback-Leibler divergence of each row, from the teacher's distribution to the student's, both given as logits.
 *
 *   KL_n = Σ_k p_nk · (d_nk + exp(−d_nk) − 1),   p = softmax(teacher),   d = log softmax(teacher) − log softmax(student)
 *
 * The usual Σ p d is the same number, since Σ p exp(−d) is the student's total, 1. But d is a rounded difference of logarithms
 * near 1 and Σ p d cancels: at T = 100 float32 keeps four digits of it. The terms above are positive and of second order in d.
 *
 * Shapes   teacher, student: float32 [N, K]; returns [N, 1].
 * Units    nats. Never negative beyond rounding of single terms; exactly 0 where the logits are equal.
 * Gradient to the student: softmax(student) − p; to the teacher: p · (d − KL). A class of probability exactly 0 adds nothing to
 *          value or gradient, so a class masked out with a very low logit stays silent.
 * Source   Kullback and Leibler 1951; the form is ours.
 */
export function klRows(teacher: Tensor2D, student: Tensor2D): Tensor2D {
  return divergence(teacher, student) as Tensor2D;
}

const divergence = tf.customGrad((teacher, student, save) => {
  const t = shifted(teacher as Tensor);
  const s = shifted(student as Tensor);
  const ratio = tf.sub(tf.sub(t.logits, s.logits), tf.sub(t.logTotal, s.logTotal));
  const p = tf.div(t.powers, t.total);
  const q = tf.div(s.powers, s.total);
  const bounded = tf.maximum(ratio, LOWEST_RATIO);
  const near = tf.mul(p, tf.add(tf.expm1(tf.neg(bounded)), bounded));
  const value = tf.sum(tf.where(tf.greater(ratio, LOWEST_RATIO), near, q), -1, true);
  (save as (tensors: Tensor[]) => void)([p, q, ratio, value]);
  const gradFunc = (g: Tensor, saved: Tensor[]): Tensor[] => {
    const [pt, ps, d, rows] = saved as [Tensor, Tensor, Tensor, Tensor];
    return [tf.mul(g, tf.mul(pt, tf.sub(d, rows))), tf.mul(g, tf.sub(ps, pt))];
  };
  return { value, gradFunc };
});

/** Logits below their highest, and what the softmax is made of, computed once. */
function shifted(logits: Tensor): { logits: Tensor; powers: Tensor; total: Tensor; logTotal: Tensor } {
  const low = tf.sub(logits, tf.max(logits, -1, true));
  const powers = tf.exp(low);
  const total = tf.sum(powers, -1, true);
  return { logits: low, powers, total, logTotal: tf.log(total) };
}
