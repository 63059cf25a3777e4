import { type Tensor, type Tensor2D, tf } from '@tempered/tensors';

/**
 * Kullback-Leibler divergence of each row, from the teacher's distribution to the student's, both given as logits.
 *
 *   KL_n = Σ_k ( p_nk d_nk − (p_nk + q_nk) tanh(d_nk / 2) ),   p, q = softmax of teacher, student,   d = log p − log q
 *
 * The usual Σ p d is the same number: (p + q) tanh(d / 2) is p − q, and both add up to 1. But d is a rounded difference of logarithms
 * near 1 and Σ p d cancels: at T = 100 float32 keeps four digits of it. The terms above are of second order in d, and where p
 * underflows the term is q, as it should be.
 *
 * Shapes   teacher, student: float32 [N, K]; returns [N, 1].
 * Units    nats. Never negative; exactly 0 where the logits are equal.
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
  const terms = tf.sub(tf.mul(p, ratio), tf.mul(tf.add(p, q), tf.tanh(tf.mul(ratio, 0.5))));
  const value = tf.maximum(tf.sum(terms, -1, true), 0);
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
