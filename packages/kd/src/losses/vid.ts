import { relu, type Scalar, type Tensor, type Tensor4D, tf } from '@tempered/tensors';
import { feature } from '../check.js';
import { checkBatch } from '../features/check.js';
import { conv, filled, initialKernel, layersOf, named, together, under } from '../features/layers.js';
import { behindStem } from '../features/pairing.js';
import { atSmallerSize } from '../features/pool.js';
import { stagePairs } from '../features/shapes.js';
import { defineLoss, type InitialTensor, type LossOptions } from '../loss.js';

/**
 * Variational information distillation for one stage: how likely the teacher's map is under a Gaussian whose mean is regressed
 * from the student's map and whose variance is learned, one a channel.
 *
 *   L = mean 1/2 ( (t − μ(s))² / σ² + log σ² ),   μ = three 1x1 convolutions with ReLU between,  σ² = softplus(log_scale) + ε
 *
 * Shapes   student: float32 [N, H, W, C]; teacher: [N, H', W', D] (the larger map is pooled); weights: `regressor.{0,2,4}.weight`
 *          [1, 1, in, D] and `log_scale` [D]; returns a scalar.
 * Units    nats a value of the map, up to a constant.
 * Gradient to the student, the regressor and log_scale.
 * Throws   RangeError when the batches differ or a weight is missing.
 * Source   Ahn et al., CVPR 2019, arXiv:1904.05835; the regressor is RepDistiller's.
 */
export function vid(student: Tensor4D, teacher: Tensor4D, weights: Readonly<Record<string, Tensor>>, { epsilon = 1e-5 } = {}): Scalar {
  checkBatch('vid', student, teacher);
  return tf.tidy(() => {
    const layers = layersOf({ trainables: weights, buffers: {} });
    const pair = atSmallerSize(student, teacher);
    const hidden = relu(conv(layers, relu(conv(layers, pair.student, 'regressor.0')), 'regressor.2'));
    const mean = conv(layers, hidden, 'regressor.4');
    const variance = tf.add(tf.softplus(named(weights, 'log_scale')), epsilon);
    const surprise = tf.add(tf.div(tf.squaredDifference(pair.teacher, mean), variance), tf.log(variance));
    return tf.mul(tf.mean(surprise), 0.5) as Scalar;
  });
}

/** The log_scale at which the variance is the given one: log(exp(v − ε) − 1). */
export function initialLogScale(variance: number, epsilon: number): number {
  return Math.log(Math.expm1(variance - epsilon));
}

export interface VidLossOptions extends LossOptions {
  initialVariance: number;
  epsilon: number;
  /** Leave the variance as it starts: mdistiller keeps it in a plain list, out of the optimizer's reach. */
  asRun: boolean;
}

const scales = (pairs: { teacher: readonly number[] }[], { initialVariance, epsilon }: VidLossOptions): Record<string, InitialTensor> =>
  together(pairs.map(({ teacher }, i) => ({ [`${i}.log_scale`]: filled([teacher[3]!], initialLogScale(initialVariance, epsilon)) })));

/** On every stage but the stem, in order as far as both sides have some; the weights of stage i are named `i.regressor...` and `i.log_scale`. */
export default defineLoss<VidLossOptions>({
  name: 'vid',
  needs: ['stages'],
  paper: 'arXiv:1904.05835',
  defaults: { weight: 1, initialVariance: 5, epsilon: 1e-5, asRun: false },
  softens: false,
  trainables: (shapes, options, seed) => {
    const pairs = stagePairs('vid', shapes);
    const regressors = pairs.map(({ student, teacher }, i) => {
      const widths = [student[3], teacher[3], teacher[3], teacher[3]];
      const kernels = [0, 2, 4].map((layer, k) => {
        const name = `${i}.regressor.${layer}.weight`;
        return [name, initialKernel(name, [1, 1, widths[k]!, widths[k + 1]!], seed)];
      });
      return Object.fromEntries(kernels) as Record<string, InitialTensor>;
    });
    return together(options.asRun ? regressors : [...regressors, scales(pairs, options)]);
  },
  buffers: (shapes, options) => (options.asRun ? scales(stagePairs('vid', shapes), options) : {}),
  loss: ({ student, teacher, trainables, buffers }, { epsilon }) => {
    const stages = behindStem(feature('vid', 'student', student, 'stages'), feature('vid', 'teacher', teacher, 'stages'));
    const all = { ...buffers, ...trainables };
    return tf.addN(stages.student.map((map, i) => vid(map, stages.teacher[i]!, under(all, String(i)), { epsilon }))) as Scalar;
  },
});
