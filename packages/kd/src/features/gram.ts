import { type Tensor, tf } from '@tempered/tensors';

/**
 * Gram matrix of the rows, or of the columns: the inner products of all pairs.
 *
 *   rows:    G = F Fᵀ,  dF = (dG + dGᵀ) F
 *   columns: G = Fᵀ F,  dF = F (dG + dGᵀ)
 *
 * Shapes   float32 [..., N, D]; returns [..., N, N], of the columns [..., D, D].
 * Gradient as above: one matrix product, where autodiff takes each factor for a matrix of its own and needs two.
 */
export function gram<T extends Tensor>(features: T, of: 'rows' | 'columns' = 'rows'): T {
  return (of === 'rows' ? ofRows : ofColumns)(features) as T;
}

const ofRows = tf.customGrad((x, save) => {
  (save as (tensors: Tensor[]) => void)([x as Tensor]);
  const gradFunc = (g: Tensor, [rows]: Tensor[]): Tensor => tf.matMul(symmetric(g), rows!);
  return { value: tf.matMul(x as Tensor, x as Tensor, false, true), gradFunc };
});

const ofColumns = tf.customGrad((x, save) => {
  (save as (tensors: Tensor[]) => void)([x as Tensor]);
  const gradFunc = (g: Tensor, [columns]: Tensor[]): Tensor => tf.matMul(columns!, symmetric(g));
  return { value: tf.matMul(x as Tensor, x as Tensor, true, false), gradFunc };
});

function symmetric(g: Tensor): Tensor {
  const axes = g.shape.map((_, i) => i);
  return tf.add(g, tf.transpose(g, [...axes.slice(0, -2), axes.at(-1)!, axes.at(-2)!]));
}
