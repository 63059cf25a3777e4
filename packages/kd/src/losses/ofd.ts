import { type Scalar, type Tensor, type Tensor4D, tf } from '@tempered/tensors';
import { feature } from '../check.js';
import { checkStages } from '../features/check.js';
import { conv, initialNorm, initialStatistics, type Layers, layersOf, named, norm2d, normal, together } from '../features/layers.js';
import { behindStem, last, type Paired } from '../features/pairing.js';
import { atSmallerSize } from '../features/pool.js';
import { stagePairs } from '../features/shapes.js';
import { defineLoss, type FeatureShapes, type LossOptions } from '../loss.js';
import { normalCdf, normalDensity } from '../normal-cdf.js';
import { withoutGradient } from '../stop-gradient.js';

/** Where the mass below 0 is smaller than this, its mean is not taken. */
const SMALLEST_MASS = 0.001;

/**
 * Overhaul of feature distillation: before the last ReLU of each stage the student shall reach the teacher's positive values, and
 * no more than fall below a margin where the teacher is negative.
 *
 *   L = Σ_i 2^(i + 1 − stages) · 1/N Σ m (BN(conv(s_i)) − t'_i)²,   t' = max(t, margin),  m = [conv… > t' or t' > 0]
 *
 * Shapes   student, teacher: lists of float32 [N, H, W, C] before ReLU (the larger map is pooled); margins: one [D] a stage; layers:
 *          `connectors.i.0.weight` [k, k, C, D] and batch-norm `connectors.i.1`; returns a scalar: summed over the map, averaged
 *          over the batch.
 * Units    squared activations; the published weight is 0.001 (ImageNet 0.0001).
 * Gradient to the student and the connectors; margins and teacher are data.
 * Throws   RangeError when stages do not pair up or a weight is missing.
 * Source   Heo et al., ICCV 2019, arXiv:1904.01866. The authors' program also puts the teacher in training mode; that is the
 *          trainer's to imitate, and Tempered's does not.
 */
export function ofd(student: readonly Tensor4D[], teacher: readonly Tensor4D[], margins: readonly Tensor[], layers: Layers): Scalar {
  checkStages('ofd', student, teacher);
  const stages = student.map((map, i) => {
    const kernel = named(layers.weights, `connectors.${i}.0.weight`);
    const connected = norm2d(layers, conv(layers, map, `connectors.${i}.0`, { padding: kernel.shape[0]! >> 1 }), `connectors.${i}.1`);
    const pair = atSmallerSize(connected, teacher[i]!);
    const target = tf.maximum(pair.teacher, margins[i]!);
    const counted = withoutGradient(pair.student, (s) => tf.cast(tf.logicalOr(tf.greater(s, target), tf.greater(target, 0)), 'float32'));
    const sum = tf.sum(tf.mul(tf.squaredDifference(pair.student, target), counted));
    return tf.div(sum, map.shape[0] * 2 ** (student.length - 1 - i));
  });
  return tf.addN(stages) as Scalar;
}

/**
 * Margins of a stage: the mean of what the batch-norm in front of the ReLU lets below 0, taken as normal with its weight and bias.
 *
 *   margin_c = E[x | x < 0],  x ~ N(β_c, γ_c²) = β − |γ| φ(β/|γ|) / Φ(−β/|γ|);  −3 |γ| where Φ(−β/|γ|) ≤ 0.001
 *
 * Shapes   gamma, beta: [C]; returns [C], computed in float64 and rounded once.
 */
export function margins({ gamma, beta }: { gamma: Float32Array; beta: Float32Array }): Float32Array {
  return gamma.map((weight, c) => {
    const deviation = Math.abs(weight);
    const mean = beta[c]!;
    const mass = normalCdf(-mean / deviation);
    return mass > SMALLEST_MASS ? mean - (deviation * normalDensity(mean / deviation)) / mass : -3 * deviation;
  });
}

export interface OfdLossOptions extends LossOptions {
  /** Side of the connector's kernel, 1 or 3. */
  kernel: number;
}

const fromDeepest = <S, T>(student: readonly S[], teacher: readonly T[]): Paired<S, T> => behindStem(student, teacher, 'deep');

const pairsOf = (shapes: FeatureShapes): ReturnType<typeof stagePairs> => stagePairs('ofd', shapes, 'preacts', fromDeepest);

function teacherMargins(shapes: FeatureShapes): ReturnType<typeof initialNorm> {
  const pairs = pairsOf(shapes);
  const norms = last(shapes.teacherNorms ?? [], pairs.length);
  if (norms.length !== pairs.length)
    throw new RangeError(`ofd: needs the batch-norm in front of each of the teacher's ${pairs.length} stages`);
  return Object.fromEntries(norms.map((norm, i) => [`margins.${i}`, { shape: [norm.gamma.length], values: margins(norm) }]));
}

/** On every stage but the stem, before its last ReLU; from the deepest up as far as both sides have some. */
export default defineLoss<OfdLossOptions>({
  name: 'ofd',
  needs: ['preacts', 'norms'],
  paper: 'arXiv:1904.01866',
  defaults: { weight: 0.001, kernel: 1 },
  softens: false,
  trainables: (shapes, { kernel }, seed) =>
    together(
      pairsOf(shapes).map(({ student, teacher }, i) => {
        const name = `connectors.${i}.0.weight`;
        const deviation = Math.sqrt(2 / (kernel * kernel * teacher[3]));
        return {
          [name]: normal(name, [kernel, kernel, student[3], teacher[3]], deviation, seed),
          ...initialNorm(`connectors.${i}.1`, teacher[3]),
        };
      }),
    ),
  buffers: (shapes) => {
    const statistics = pairsOf(shapes).map(({ teacher }, i) => initialStatistics(`connectors.${i}.1`, teacher[3]));
    return together([...statistics, teacherMargins(shapes)]);
  },
  loss: (context) => {
    const layers = layersOf(context);
    const taps = fromDeepest(feature('ofd', 'student', context.student, 'preacts'), feature('ofd', 'teacher', context.teacher, 'preacts'));
    const loss = ofd(
      taps.student,
      taps.teacher,
      taps.student.map((_, i) => named(context.buffers, `margins.${i}`)),
      layers,
    );
    return { loss, buffers: layers.updated };
  },
});
