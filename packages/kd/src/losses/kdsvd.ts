import { type Scalar, type Tensor, type Tensor3D, type Tensor4D, tf } from '@tempered/tensors';
import { feature } from '../check.js';
import { checkStages } from '../features/check.js';
import { norm, unit } from '../features/norm.js';
import { behindStem } from '../features/pairing.js';
import { atSmallerSize } from '../features/pool.js';
import { rightVectors } from '../features/right-vectors.js';
import { defineLoss, type LossOptions } from '../loss.js';
import { withoutGradient } from '../stop-gradient.js';

/** Student vectors among which each of the teacher's finds its own. */
const SPARE = 3;

/** Right singular vectors of a stage and their singular values scaled to length 1: [N, W, k] and [N, 1, k]. */
export interface StageVectors {
  vectors: Tensor3D;
  weights: Tensor3D;
}

/**
 * Distillation of singular vectors: how the leading right singular vectors of a stage relate to those of the stage before.
 *
 *   L = Σ_{i ≥ 1} 1/N Σ ( exp(−(a_(i−1) − a_i)²/8)|student − |teacher )²
 *
 * a_i = the k leading right singular vectors of the map unfolded as (C·H) x W, times the teacher's singular values scaled to length
 * 1; the student's are those of its k + 3 leading ones that lie closest to the teacher's, with their sign; every component of stage
 * i − 1 meets every component of stage i. One layer alone has no loss.
 *
 * Shapes   student, teacher: lists of float32 [N, H, W, C], pairwise of one size after pooling the larger; returns a scalar.
 * Units    none; the published weight is 1.
 * Gradient to the student's maps; the teacher's are data. The value depends on the signs chosen for the teacher's vectors (any SVD
 *          leaves them open); here the largest component is positive.
 * Throws   RangeError when the stages do not pair up or are fewer than two.
 * Source   Lee et al., ECCV 2018, arXiv:1807.06819; unfolded and normalized as in the code of mdistiller.
 */
export function kdsvd(student: readonly Tensor4D[], teacher: readonly Tensor4D[], { k = 1 }: { k?: number } = {}): Scalar {
  checkStages('kdsvd', student, teacher);
  if (student.length < 2) throw new RangeError('kdsvd: needs two stages or more');
  return tf.tidy(() => {
    const pairs = student.map((map, i) => atSmallerSize(map, teacher[i]!));
    const targets = pairs.map((pair) => withSign(teacherVectors(pair.teacher, k)));
    return kdsvdTowards(
      pairs.map((pair) => pair.student),
      targets,
    );
  });
}

/** The loss against given vectors of the teacher. */
export function kdsvdTowards(student: readonly Tensor4D[], targets: readonly StageVectors[]): Scalar {
  const stages = student.map((map, i) => {
    const { vectors, weights } = targets[i]!;
    const candidates = Math.min(vectors.shape[2] + SPARE, map.shape[2]);
    const aligned = align(rightVectors(unfold(map), candidates), vectors);
    return { student: tf.mul(aligned, weights) as Tensor3D, teacher: tf.mul(vectors, weights) as Tensor3D };
  });
  const batch = student[0]!.shape[0];
  const terms = stages.slice(1).map((stage, i) => {
    const before = stages[i]!;
    // The kernels differ in their last digits, so the difference is taken of exp − 1.
    return tf.sum(tf.squaredDifference(kernel(before.student, stage.student), kernel(before.teacher, stage.teacher)));
  });
  return tf.div(tf.addN(terms), batch) as Scalar;
}

/** The teacher's vectors of one stage as the decomposition gives them. */
export function teacherVectors(map: Tensor4D, k: number): StageVectors {
  const matrix = unfold(map);
  const vectors = rightVectors(matrix, Math.min(k, map.shape[2]));
  return { vectors, weights: unit(norm(tf.matMul(matrix, vectors), 1) as Tensor3D, 2) };
}

function withSign({ vectors, weights }: StageVectors): StageVectors {
  const sign = withoutGradient(vectors, (v) => tf.sign(tf.add(tf.max(v, 1, true), tf.min(v, 1, true))));
  // A vector whose extremes balance exactly keeps its sign.
  const turned = withoutGradient(sign, (s) => tf.add(s, tf.cast(tf.equal(s, 0), 'float32')));
  return { vectors: tf.mul(vectors, turned), weights };
}

/** [N, H, W, C] as N matrices of H·C rows and W columns (the order of rows does not touch right singular vectors). */
function unfold(map: Tensor4D): Tensor3D {
  const [batch, height, width, channels] = map.shape;
  return tf.reshape(tf.transpose(map, [0, 1, 3, 2]), [batch, height * channels, width]);
}

/** For each of the teacher's vectors the candidate of largest |cosine|, turned to its side. */
function align(candidates: Tensor3D, targets: Tensor3D): Tensor3D {
  const choice = withoutGradient(candidates, (vectors) => {
    const cosines = tf.matMul(vectors as Tensor3D, targets, true, false);
    const size = tf.abs(cosines);
    return tf.mul(tf.sign(cosines), tf.cast(tf.equal(size, tf.max(size, 1, true)), 'float32'));
  });
  return tf.matMul(candidates, choice as Tensor3D);
}

/** exp(−(a − b)²/8) − 1 for every pair of components. */
function kernel(before: Tensor3D, now: Tensor3D): Tensor {
  const [batch, rows, k] = before.shape;
  const gaps = tf.sub(tf.reshape(before, [batch, rows, 1, k]), tf.reshape(now, [batch, 1, now.shape[1], k]));
  return tf.expm1(tf.div(tf.square(gaps), -8));
}

export interface KdsvdLossOptions extends LossOptions {
  k: number;
}

/** On every stage but the stem, in order as far as both sides have some. */
export default defineLoss<KdsvdLossOptions>({
  name: 'kdsvd',
  needs: ['stages'],
  paper: 'arXiv:1807.06819',
  defaults: { weight: 1, k: 1 },
  softens: false,
  loss: ({ student, teacher }, { k }) => {
    const stages = behindStem(feature('kdsvd', 'student', student, 'stages'), feature('kdsvd', 'teacher', teacher, 'stages'));
    return kdsvd(stages.student, stages.teacher, { k });
  },
});
