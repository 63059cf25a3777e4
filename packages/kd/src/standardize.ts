import { type Tensor, tf } from '@tempered/tensors';

/** Added to the deviation, outside the root, as the reference does. */
export const EPSILON = 1e-7;

/**
 * Z-score over the last axis: what is left of a row of logits when its offset and its scale are taken away.
 *
 *   y = (z − mean(z)) / (σ(z) + 1e-7),   σ² = Σ (z − mean)² / (K − 1)
 *
 * Shapes   float32 of any rank, K ≥ 2 values on the last axis; the same shape comes back.
 * Units    standard deviations of a row. A constant row becomes zeros.
 * Gradient (g − mean(g)) / (σ + 1e-7) − y · Σ(g y) / ((K − 1) σ); the second term is 0 where σ is, so that a constant row has a
 *          finite gradient (of the order of 1e7) where the plain square root would give NaN.
 * Throws   RangeError when K < 2.
 * Source   Sun et al., CVPR 2024, arXiv:2403.01427, eq. 6 to 8; the deviation divides by K − 1 as the authors' code does.
 */
export function standardize<T extends Tensor>(logits: T): T {
  const classes = logits.shape.at(-1) ?? 0;
  if (classes < 2) throw new RangeError(`standardize: logits [${logits.shape}] need K >= 2 values on the last axis`);
  return zScore(logits) as T;
}

const zScore = tf.customGrad((logits, save) => {
  const z = logits as Tensor;
  const freedom = z.shape.at(-1)! - 1;
  const about = tf.sub(z, tf.mean(z, -1, true));
  // Once more, since a mean rounded to the logits' precision is coarse for rows far from 0 with little spread.
  const centred = tf.sub(about, tf.mean(about, -1, true));
  const deviation = tf.sqrt(tf.div(tf.sum(tf.square(centred), -1, true), freedom));
  const floored = tf.add(deviation, EPSILON);
  const value = tf.div(centred, floored);
  (save as (tensors: Tensor[]) => void)([value, deviation, floored]);
  const gradFunc = (g: Tensor, saved: Tensor[]): Tensor => {
    const [y, sigma, divisor] = saved as [Tensor, Tensor, Tensor];
    const along = tf.divNoNan(tf.sum(tf.mul(g, y), -1, true), tf.mul(sigma, freedom));
    return tf.sub(tf.div(tf.sub(g, tf.mean(g, -1, true)), divisor), tf.mul(y, along));
  };
  return { value, gradFunc };
});
