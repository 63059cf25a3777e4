import { type Scalar, type Tensor2D, tf } from '@tempered/tensors';
import { checkLogits } from '../check.js';
import { klRows } from '../kl.js';
import { defineLoss, type LossOptions, type Temperature } from '../loss.js';
import { soften } from '../soften.js';
import { standardizedKlRows } from '../standardized-kl.js';

export interface KdOptions {
  temperature: Temperature;
  standardize?: boolean;
  /** Read `standardize` as the authors' curriculum trainer does: the wrong way round. */
  asRun?: boolean;
}

/**
 * Knowledge distillation on softened logits; with `standardize` on z-scored ones, so that the student must match the shape of
 * the teacher's logits and stays free in their offset and scale.
 *
 *   L = mean_n T² · KL( softmax(t_n / T) ‖ softmax(s_n / T) )
 *
 * Shapes   student, teacher: float32 [N, K], K ≥ 2; temperature: a number, a scalar or [N, 1]; returns a scalar.
 * Units    nats × T²; with `standardize` T counts standard deviations of a row. The factor T² stays either way.
 * Gradient to student and T (the curriculum learns T through both sides); the teacher's logits are data.
 * As run   CTKD's trainer in the LS repository has its flag the wrong way round: asked to standardize it takes the plain divergence,
 *          and not asked the standardized one. `asRun` does the same.
 * Throws   RangeError on unequal shapes, K < 2, or a numeric T not above 0.
 * Source   Hinton et al. 2015, arXiv:1503.02531; standardize: Sun et al., CVPR 2024, arXiv:2403.01427.
 */
export function kd(student: Tensor2D, teacher: Tensor2D, options: KdOptions): Scalar {
  const { temperature, standardize = false, asRun = false } = options;
  checkLogits('kd', { student, teacher }, temperature);
  const scored = standardize !== asRun;
  return tf.tidy(() => {
    const rows = scored
      ? standardizedKlRows(teacher, student, temperature)
      : klRows(soften(teacher, temperature, false), soften(student, temperature, false));
    return tf.mean(tf.mul(rows, tf.square(temperature))) as Scalar;
  });
}

export interface KdLossOptions extends LossOptions {
  temperature: number;
  asRun: boolean;
}

export default defineLoss<KdLossOptions>({
  name: 'kd',
  needs: ['logits'],
  paper: 'arXiv:1503.02531',
  defaults: { temperature: 4, weight: 0.9, asRun: false },
  softens: true,
  loss: ({ student, teacher, temperature, standardize }, { asRun }) =>
    kd(student.logits, teacher.logits, { temperature, standardize, asRun }),
});
