import { type Scalar, type Tensor, type Tensor4D, tf } from '@tempered/tensors';
import { feature } from '../check.js';
import { checkStages } from '../features/check.js';
import { conv, initialNorm, initialStatistics, type Layers, layersOf, norm2d, together, uniform } from '../features/layers.js';
import { deepest } from '../features/pairing.js';
import { adaptiveAvgPool, nearest } from '../features/pool.js';
import { shapesOf } from '../features/shapes.js';
import { defineLoss, type FeatureShapes, type InitialTensor, type LossOptions } from '../loss.js';

/** Sizes of the pooled levels that a map is also compared at. */
const LEVELS: readonly number[] = [4, 2, 1];

/** Width at which the features are fused, unless the student's deepest one is narrower. */
const WIDEST = 512;

/**
 * Hierarchical context loss: maps compared at full size and pooled to 4, 2 and 1, each level with half the weight of the last.
 *
 *   L = Σ_stages ( MSE + Σ_{l ∈ {4,2,1}, l < H} 2^(−rank) MSE(pool_l) ) / Σ weights
 *
 * Shapes   student, teacher: lists of float32 [N, H, W, C], equal shapes pairwise; returns a scalar.
 * Gradient to the student's maps.
 * Throws   RangeError when the stages do not pair up.
 * Source   Chen et al., CVPR 2021, arXiv:2104.09044.
 */
export function hierarchicalContext(student: readonly Tensor4D[], teacher: readonly Tensor4D[]): Scalar {
  checkStages('reviewkd', student, teacher);
  return tf.tidy(() => tf.addN(student.map((map, i) => contextOfStage(map, teacher[i]!))) as Scalar);
}

function contextOfStage(s: Tensor4D, t: Tensor4D): Tensor {
  const meanSquare = (a: Tensor, b: Tensor): Tensor => tf.mean(tf.squaredDifference(a, b));
  const pooled = LEVELS.filter((level) => level < s.shape[1]);
  const terms = pooled.map((level, rank) =>
    tf.mul(meanSquare(adaptiveAvgPool(s, level, level), adaptiveAvgPool(t, level, level)), 0.5 ** (rank + 1)),
  );
  const weights = pooled.reduce((total, _, rank) => total + 0.5 ** (rank + 1), 1);
  return tf.div(tf.addN([meanSquare(s, t), ...terms]), weights);
}

/**
 * Knowledge review: from the deepest feature upwards, the student's features are fused with what came from below and compared with
 * the teacher's of each stage by the hierarchical context loss.
 *
 *   x_i = conv1(s_i), fused with the enlarged x_(i+1) by two attention maps;  L = Σ_i HCL( conv2(x_i), t_i )
 *
 * Shapes   student, teacher: lists of maps [N, H, W, C], shallow to deep, the last one the pooled vector as [N, 1, 1, C]; layers:
 *          `abfs.j.{conv1,conv2}.0.weight`, their batch-norms `.1`, `abfs.j.att_conv.0.{weight,bias}` for j ≥ 1; j = 0 is the
 *          deepest. Returns a scalar, the running statistics in `layers.updated`.
 * Units    squared activations; the published weight is 5, ramped over 20 epochs (`warmup`).
 * Gradient to the student and the fusion layers.
 * Throws   RangeError when stages do not pair up, a weight is missing, or N = 1 (the pooled vector's statistics have one value then).
 * Source   Chen et al., CVPR 2021, arXiv:2104.09044; fused at min(512, width of the student's deepest feature), as the code does
 *          whatever its configuration says.
 */
export function reviewKd(student: readonly Tensor4D[], teacher: readonly Tensor4D[], layers: Layers): Scalar {
  checkStages('reviewkd', student, teacher);
  const outputs: Tensor4D[] = [];
  let below: Tensor4D | undefined;
  for (const [j, depth] of student.map((_, i) => student.length - 1 - i).entries()) {
    const name = `abfs.${j}`;
    const own = norm2d(layers, conv(layers, student[depth]!, `${name}.conv1.0`), `${name}.conv1.1`);
    const fused: Tensor4D = below ? fuse(own, nearest(below, own.shape[1]), name, layers) : own;
    below = fused;
    const sized = nearest(fused, teacher[depth]!.shape[1]);
    outputs.push(norm2d(layers, conv(layers, sized, `${name}.conv2.0`, { padding: 1 }), `${name}.conv2.1`));
  }
  return hierarchicalContext(outputs, [...teacher].reverse());
}

function fuse(own: Tensor4D, below: Tensor4D, name: string, layers: Layers): Tensor4D {
  const attention = tf.sigmoid(conv(layers, tf.concat([own, below], 3), `${name}.att_conv.0`));
  const [first, second] = tf.split(attention, 2, 3) as [Tensor4D, Tensor4D];
  return tf.add(tf.mul(own, first), tf.mul(below, second));
}

const asMap = (pooled: Tensor): Tensor4D => tf.reshape(pooled, [pooled.shape[0]!, 1, 1, -1]);

export interface ReviewKdOptions extends LossOptions {
  warmupEpochs: number;
  /** Whether the student's maps are taken in front of their ReLU too, as the teacher's always are. */
  studentPreact: boolean;
}

const studentMaps = ({ studentPreact }: ReviewKdOptions): 'stages' | 'preacts' => (studentPreact ? 'preacts' : 'stages');

/** Channels of student and teacher, deepest (pooled) first: the order of the fusion modules. */
function widths(shapes: FeatureShapes, options: ReviewKdOptions): { student: number; teacher: number }[] {
  const pooled = shapesOf('reviewkd', shapes, 'pooled');
  const { student } = shapesOf('reviewkd', shapes, studentMaps(options));
  const { teacher } = shapesOf('reviewkd', shapes, 'preacts');
  const stages = deepest(student, teacher);
  if (stages.student.length === 0) {
    throw new RangeError(`reviewkd: of the student's ${student.length} maps and the teacher's ${teacher.length} none lies behind a stem`);
  }
  const channels = stages.student.map((shape, i) => ({ student: shape[3], teacher: stages.teacher[i]![3] }));
  return [{ student: pooled.student[1], teacher: pooled.teacher[1] }, ...channels.reverse()];
}

/** Kernels of the fusion modules start uniform in ± √(3 / fan-in). */
function kernel(name: string, shape: [number, number, number, number], seed: number): Record<string, InitialTensor> {
  return { [name]: uniform(name, shape, Math.sqrt(3 / (shape[0] * shape[1] * shape[2])), seed) };
}

/** The teacher's maps are those in front of the ReLU that ends a stage, the student's those behind it unless told otherwise: as mdistiller has it. */
export default defineLoss<ReviewKdOptions>({
  name: 'reviewkd',
  needs: ['stages', 'preacts', 'pooled'],
  paper: 'arXiv:2104.09044',
  defaults: { weight: 5, warmupEpochs: 20, studentPreact: false },
  softens: false,
  trainables: (shapes, options, seed) => {
    const all = widths(shapes, options);
    const middle = Math.min(WIDEST, all[0]!.student);
    return together(
      all.flatMap(({ student, teacher }, j) => {
        const name = `abfs.${j}`;
        const attention = `${name}.att_conv.0`;
        const bound = 1 / Math.sqrt(2 * middle);
        return [
          kernel(`${name}.conv1.0.weight`, [1, 1, student, middle], seed),
          initialNorm(`${name}.conv1.1`, middle),
          kernel(`${name}.conv2.0.weight`, [3, 3, middle, teacher], seed),
          initialNorm(`${name}.conv2.1`, teacher),
          j === 0
            ? {}
            : {
                [`${attention}.weight`]: uniform(`${attention}.weight`, [1, 1, 2 * middle, 2], bound, seed),
                [`${attention}.bias`]: uniform(`${attention}.bias`, [2], bound, seed),
              },
        ];
      }),
    );
  },
  buffers: (shapes, options) => {
    const all = widths(shapes, options);
    const middle = Math.min(WIDEST, all[0]!.student);
    const statistics = ({ teacher }: { teacher: number }, j: number) => [
      initialStatistics(`abfs.${j}.conv1.1`, middle),
      initialStatistics(`abfs.${j}.conv2.1`, teacher),
    ];
    return together(all.flatMap(statistics));
  },
  loss: (context, options) => {
    const layers = layersOf(context);
    const maps = deepest(
      feature('reviewkd', 'student', context.student, studentMaps(options)),
      feature('reviewkd', 'teacher', context.teacher, 'preacts'),
    );
    const withPooled = (side: 'student' | 'teacher'): Tensor4D[] => [
      ...maps[side],
      asMap(feature('reviewkd', side, context[side], 'pooled')),
    ];
    const loss = tf.mul(reviewKd(withPooled('student'), withPooled('teacher'), layers), context.warmup ?? 1) as Scalar;
    return { loss, buffers: layers.updated };
  },
});
