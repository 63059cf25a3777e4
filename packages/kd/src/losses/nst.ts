import { type Scalar, type Tensor, type Tensor3D, type Tensor4D, tf } from '@tempered/tensors';
import { feature } from '../check.js';
import { checkStages } from '../features/check.js';
import { gram } from '../features/gram.js';
import { unit } from '../features/norm.js';
import { behindStem } from '../features/pairing.js';
import { atSmallerSize } from '../features/pool.js';
import { defineLoss } from '../loss.js';

/**
 * Neuron selectivity transfer: the set of a stage's channels, each as a unit vector over positions, shall be distributed as the
 * teacher's; maximum mean discrepancy with the kernel ⟨x, y⟩².
 *
 *   L = Σ_stages mean_n [ mean_ij ⟨t_i, t_j⟩² + mean_ij ⟨s_i, s_j⟩² − 2 mean_ij ⟨s_i, t_j⟩² ]
 *
 * Shapes   student, teacher: lists of float32 [N, H, W, C], pairwise of any size and channels (the larger is pooled); scalar.
 * Units    squared cosines; the published weight is 50.
 * Gradient to the student's maps; the teacher's are data.
 * Throws   RangeError when the stages do not pair up.
 * Source   Huang and Wang 2017, arXiv:1707.01219.
 */
export function nst(student: readonly Tensor4D[], teacher: readonly Tensor4D[]): Scalar {
  checkStages('nst', student, teacher);
  return tf.tidy(() => {
    const stages = student.map((map, i) => {
      const pair = atSmallerSize(map, teacher[i]!);
      const [s, t] = [channels(pair.student), channels(pair.teacher)];
      return tf.sub(tf.add(kernel(gram(t, 'columns')), kernel(gram(s, 'columns'))), tf.mul(kernel(tf.matMul(s, t, true, false)), 2));
    });
    return tf.addN(stages) as Scalar;
  });
}

/** [N, positions, C], each channel of length 1 over the positions. */
function channels(map: Tensor4D): Tensor3D {
  const [batch, height, width, count] = map.shape;
  return unit(tf.reshape(map, [batch, height * width, count]) as Tensor3D, 1);
}

/** ⟨x, y⟩² on average, given the products. */
const kernel = (products: Tensor): Tensor => tf.mean(tf.square(products));

/** On every stage but the stem, in order as far as both sides have some. */
export default defineLoss({
  name: 'nst',
  needs: ['stages'],
  paper: 'arXiv:1707.01219',
  defaults: { weight: 50 },
  softens: false,
  loss: ({ student, teacher }) => {
    const stages = behindStem(feature('nst', 'student', student, 'stages'), feature('nst', 'teacher', teacher, 'stages'));
    return nst(stages.student, stages.teacher);
  },
});
