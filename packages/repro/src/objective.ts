import {
  crossEntropy,
  curriculumTemperature,
  evaluateLoss,
  kd,
  type LossDefinition,
  type Features as LossFeatures,
  type LossOptions,
  lossNamed,
  type Temperature,
} from '@tempered/kd';
import type { Forward } from '@tempered/models';
import { type Scalar, type Tensor, type Tensor1D, type Tensor2D, tf } from '@tempered/tensors';
import { UserError } from './errors.js';
import type { Recipe } from './recipe.js';

/** What a step minimises: the part of a recipe that is about the loss, not about optimizer and schedule. */
export type Objective = Pick<Recipe, 'weights' | 'temperature' | 'standardize' | 'curriculum' | 'loss' | 'options'>;

/** The state name of the curriculum's trainable. */
export const CURRICULUM_PARAMETER = 'curriculum.parameter';

/** The registered loss beside the KD term, or null; throws a UserError for one that nobody registered. */
export function lossOf(objective: Pick<Objective, 'loss'>): LossDefinition | null {
  if (objective.loss === null) return null;
  const definition = lossNamed(objective.loss);
  if (!definition) throw new UserError({ what: `there is no loss '${objective.loss}'`, where: 'recipe' });
  return definition;
}

/** The settings that an objective's loss runs with: its published ones, and what the recipe sets. */
export const lossSettings = (definition: LossDefinition, { options }: Pick<Objective, 'options'>): LossOptions => ({
  ...definition.defaults,
  ...options,
});

/** Whether the objective looks at a teacher at all. */
export const needsTeacher = ({ weights, loss }: Objective): boolean => weights.kd !== 0 || loss !== null;

/** The tensors of one step that the objective is a function of. */
export interface ObjectiveInputs {
  student: Forward;
  /** The student's logits of the second view, where there is one. */
  strong?: Tensor2D;
  teacher: LossFeatures | null;
  labels: Tensor1D;
  indices?: Tensor1D;
  /** The tensors that the host fills for the loss. */
  host?: Readonly<Record<string, Tensor>>;
  /** lambda of the curriculum and ramp of the loss's weight in this epoch. */
  lambda: Scalar;
  warmup: Scalar;
  /** The student's and the loss's trainables by state name. */
  trainables: Readonly<Record<string, Tensor>>;
  buffers: Readonly<Record<string, Tensor>>;
}

export interface ObjectiveValue {
  total: Scalar;
  /** Of the weak view. */
  crossEntropy: Scalar;
  /** The temperature in force, learned or fixed. */
  temperature: Temperature;
  /** New values of the loss's buffers. */
  buffers: Record<string, Tensor>;
}

/**
 * The loss of a step.
 *
 *   L = weights.ce * CE + weights.kd * KD(T, standardized or not) + weights.method * warmup * loss
 *
 * T is the recipe's number or the curriculum's learned one; standardization and curriculum act on the logit-matching terms. On two
 * views CE is the sum over both.
 * Gradient to every trainable: the student's, the loss's own, the curriculum's.
 */
export function evaluateObjective(objective: Objective, inputs: ObjectiveInputs): ObjectiveValue {
  const { weights, curriculum, standardize } = objective;
  const { student, teacher, labels } = inputs;
  const temperature = curriculum
    ? curriculumTemperature(inputs.trainables[CURRICULUM_PARAMETER] as Scalar, inputs.lambda, curriculum)
    : objective.temperature;
  const ce = crossEntropy(student.logits, labels);
  const allCe = inputs.strong ? tf.add(ce, crossEntropy(inputs.strong, labels)) : ce;
  let total = tf.mul(allCe, weights.ce) as Scalar;
  if (weights.kd !== 0) {
    // Beside a loss of its own name `asRun` is that loss's.
    const asRun = objective.loss === null && objective.options.asRun === true;
    total = tf.add(total, tf.mul(kd(student.logits, teacher!.logits, { temperature, standardize, asRun }), weights.kd));
  }
  const definition = lossOf(objective);
  if (!definition) return { total, crossEntropy: ce, temperature, buffers: {} };
  const { loss, buffers } = evaluateLoss(
    definition,
    {
      student: { logits: student.logits, ...student.features, ...(inputs.strong ? { strong: inputs.strong } : {}) },
      teacher: teacher!,
      labels,
      ...(inputs.indices ? { indices: inputs.indices } : {}),
      host: inputs.host ?? {},
      temperature,
      standardize,
      trainables: inputs.trainables,
      buffers: inputs.buffers,
      warmup: inputs.warmup,
    },
    lossSettings(definition, objective),
  );
  return { total: tf.add(total, tf.mul(loss, weights.method)), crossEntropy: ce, temperature, buffers };
}
