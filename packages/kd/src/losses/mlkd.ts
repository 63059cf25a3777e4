import { type Scalar, type Tensor, type Tensor1D, type Tensor2D, tf } from '@tempered/tensors';
import { checkLogits, feature } from '../check.js';
import { gram } from '../features/gram.js';
import { klRows } from '../kl.js';
import { defineLoss, type LossOptions, type Temperature } from '../loss.js';
import { median } from '../median.js';
import { soften } from '../soften.js';
import { withoutGradient } from '../stop-gradient.js';

/** Logits of one network on the weakly and the strongly augmented view of the same images. */
export interface Views {
  weak: Tensor2D;
  strong: Tensor2D;
}

export interface MlkdOptions {
  /** The first of the temperatures: the recipe's own, or the curriculum's. */
  temperature: Temperature;
  /** The others, fixed. */
  otherTemperatures?: readonly number[];
  standardize?: boolean;
  /** As the authors' program computed it instead of as it is meant; see `mlkd`. */
  asRun?: boolean;
}

/** The three alignments and the masks, before they are added up. */
export interface MlkdParts {
  instance: Scalar;
  classes: Scalar;
  batch: Scalar;
  /** 1 for the samples (classes) of which the teacher is no more sure than of the median one. */
  sampleMask: Tensor1D;
  classMask: Tensor1D;
}

const OTHERS: readonly number[] = [3, 5, 2, 6];

/** Positions in the list of temperatures at which the authors' strong-view term reads the weak view. */
const READ_THE_WEAK_VIEW: ReadonlySet<number> = new Set([3, 4]);

/**
 * Multi-level logit distillation: predictions, correlations between classes and correlations within the batch, at several
 * temperatures.
 *
 *   L = Σ_T [ mean_n m_n T² KL(p_n ‖ q_n)  +  mean_n T² KL(p'_n ‖ q'_n)  +  C_T + B_T ]
 *   C_T = 1/K Σ_k M_k Σ_j ( (PᵀP)_kj − (QᵀQ)_kj )²,   B_T = 1/N Σ_n m_n Σ_i ( (PPᵀ)_ni − (QQᵀ)_ni )²
 *
 * p, q = softmax of teacher and student at T on the weak view (rows of P, Q), p', q' on the strong one. m keeps the samples whose
 * highest teacher probability (at T = 1, weak view) is at most the batch's median; M the classes whose total is.
 *
 * The paper's text could not be had here, so terms, masks and temperatures are those of its code. Two slips of that code are kept
 * for `asRun` only: each mask multiplied an already averaged loss, so that it just scaled it by the share kept; and at the fourth
 * and fifth temperature the strong view's term read the weak view. (The code also computes C and B on the strong view and drops
 * them; so does this.)
 *
 * Standardize  acts on the KL terms alone, on both views, as the LS code has it; the correlations see the plain logits.
 * Shapes   student, teacher: { weak, strong } float32 [N, K], K ≥ 2; returns a scalar.
 * Units    nats × T² and squared correlations, added up with one weight.
 * Gradient to the student and the first T; masks are thresholds and carry none.
 * Throws   RangeError on unequal shapes, K < 2, or a numeric T not above 0.
 * Source   Jin et al., CVPR 2023 (no arXiv number); code of the LS repository; standardize: arXiv:2403.01427.
 */
export function mlkd(student: Views, teacher: Views, options: MlkdOptions): Scalar {
  return tf.tidy(() => {
    const { instance, classes, batch } = mlkdParts(student, teacher, options);
    return tf.addN([instance, classes, batch]) as Scalar;
  });
}

/** The parts of `mlkd`, each summed over the temperatures. */
export function mlkdParts(student: Views, teacher: Views, options: MlkdOptions): MlkdParts {
  const { temperature, otherTemperatures = OTHERS, standardize = false, asRun = false } = options;
  checkLogits('mlkd', { student: student.weak, teacher: teacher.weak }, temperature);
  checkLogits('mlkd (strong view)', { student: student.strong, teacher: teacher.strong });
  for (const other of otherTemperatures) checkLogits('mlkd', { student: student.weak, teacher: teacher.weak }, other);
  const sampleMask = withoutGradient(teacher.weak, (t) => atMostMedian(tf.max(tf.softmax(t), 1)));
  const classMask = withoutGradient(teacher.weak, (t) => atMostMedian(tf.sum(tf.softmax(t), 0)));
  const masked = (values: Tensor1D, mask: Tensor1D): Scalar =>
    asRun ? tf.mul(tf.mean(values), tf.mean(mask)) : (tf.mean(tf.mul(values, mask)) as Scalar);
  const kl = (s: Tensor2D, t: Tensor2D, T: Temperature): Tensor1D =>
    tf.reshape(tf.mul(klRows(soften(t, T, standardize), soften(s, T, standardize)), tf.square(T)), [-1]);
  const sums: Record<'instance' | 'classes' | 'batch', Tensor[]> = { instance: [], classes: [], batch: [] };
  [temperature, ...otherTemperatures].forEach((T, position) => {
    const second = asRun && READ_THE_WEAK_VIEW.has(position) ? 'weak' : 'strong';
    sums.instance.push(masked(kl(student.weak, teacher.weak, T), sampleMask), tf.mean(kl(student[second], teacher[second], T)));
    const q = tf.softmax(soften(student.weak, T, false));
    const p = tf.softmax(soften(teacher.weak, T, false));
    sums.classes.push(masked(correlationGap(p, q, true), classMask));
    sums.batch.push(masked(correlationGap(p, q, false), sampleMask));
  });
  const added = (terms: Tensor[]): Scalar => tf.addN(terms) as Scalar;
  return { instance: added(sums.instance), classes: added(sums.classes), batch: added(sums.batch), sampleMask, classMask };
}

/** The squared difference of two Gram matrices, added up by row: of the columns (classes) or of the rows (samples). */
export function correlationGap(p: Tensor2D, q: Tensor2D, ofClasses: boolean): Tensor1D {
  const of = ofClasses ? 'columns' : 'rows';
  return tf.sum(tf.squaredDifference(gram(p, of), gram(q, of)), 1);
}

function atMostMedian(values: Tensor1D): Tensor1D {
  return tf.cast(tf.lessEqual(values, median(values)), 'float32');
}

export interface MlkdLossOptions extends LossOptions {
  temperature: number;
  otherTemperatures: readonly number[];
  asRun: boolean;
}

export default defineLoss<MlkdLossOptions>({
  name: 'mlkd',
  needs: ['logits', 'views'],
  paper: 'CVPR 2023, pp. 24276-24285',
  defaults: { temperature: 2, weight: 9, otherTemperatures: OTHERS, asRun: false },
  softens: true,
  loss: ({ student, teacher, temperature, standardize }, { otherTemperatures, asRun }) =>
    mlkd(
      { weak: student.logits, strong: feature('mlkd', 'student', student, 'strong') },
      { weak: teacher.logits, strong: feature('mlkd', 'teacher', teacher, 'strong') },
      { temperature, otherTemperatures, standardize, asRun },
    ),
});
