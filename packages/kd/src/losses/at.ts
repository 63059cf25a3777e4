import { type Scalar, type Tensor, type Tensor4D, tf } from '@tempered/tensors';
import { feature } from '../check.js';
import { checkStages } from '../features/check.js';
import { flatten, unit } from '../features/norm.js';
import { behindStem } from '../features/pairing.js';
import { atSmallerSize } from '../features/pool.js';
import { defineLoss, type LossOptions } from '../loss.js';

/**
 * Attention transfer: where a stage looks, as its activations to the power p averaged over channels.
 *
 *   L = Σ_stages mean( ( a(s) − a(t) )² ),   a(f) = unit vector of mean_c f^p, flattened over positions
 *
 * Shapes   student, teacher: lists of float32 [N, H, W, C], pairwise of any size and channels (the larger is pooled); scalar.
 * Units    squared components of unit vectors; the published weight is 1000 with p = 2. An odd p keeps the sign.
 * Gradient to the student's maps; the teacher's are data.
 * Throws   RangeError when the stages do not pair up, or p is no whole number above 0.
 * Source   Zagoruyko and Komodakis, ICLR 2017, arXiv:1612.03928; the mean over positions, not the norm, is mdistiller's.
 */
export function at(student: readonly Tensor4D[], teacher: readonly Tensor4D[], { p = 2 }: { p?: number } = {}): Scalar {
  checkStages('at', student, teacher);
  if (!Number.isInteger(p) || p < 1) throw new RangeError(`at: p must be a whole number above 0, not ${p}`);
  return tf.tidy(() => {
    const stages = student.map((map, i) => {
      const pair = atSmallerSize(map, teacher[i]!);
      return tf.mean(tf.squaredDifference(attention(pair.student, p), attention(pair.teacher, p)));
    });
    return tf.addN(stages) as Scalar;
  });
}

function attention(map: Tensor4D, p: number): Tensor {
  const power = p === 2 ? tf.square(map) : p === 1 ? map : tf.pow(map, tf.scalar(p, 'int32'));
  return unit(flatten(tf.mean(power, 3)), 1);
}

export interface AtLossOptions extends LossOptions {
  p: number;
}

/** On every stage but the stem, in order as far as both sides have some. */
export default defineLoss<AtLossOptions>({
  name: 'at',
  needs: ['stages'],
  paper: 'arXiv:1612.03928',
  defaults: { weight: 1000, p: 2 },
  softens: false,
  loss: ({ student, teacher }, { p }) => {
    const stages = behindStem(feature('at', 'student', student, 'stages'), feature('at', 'teacher', teacher, 'stages'));
    return at(stages.student, stages.teacher, { p });
  },
});
