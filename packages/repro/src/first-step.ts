import { EagerProgram, type HostTensor, type RunInputs, velocityOf } from '@tempered/tensors';
import { lossOf, type Objective } from './objective.js';
import { type StudentOptions, studentFunctions } from './student-program.js';

/** Trainables whose gradient is nothing by construction, and why. */
export const NO_GRADIENT: readonly { name: RegExp; loss: Objective['loss']; why: string }[] = [];

/**
 * Trainables that a first step gave no gradient. SGD from rest leaves v = g + weightDecay * p, so g is what the velocity holds beside
 * the decay, rounded as the step rounds it.
 */
export function withoutGradient(
  names: readonly string[],
  before: Readonly<Record<string, HostTensor>>,
  after: Readonly<Record<string, HostTensor>>,
  weightDecay: number,
): string[] {
  const decay = Math.fround(weightDecay);
  return names.filter((name) => {
    const weights = before[name]!.data;
    return after[velocityOf(name)]!.data.every((velocity, i) => velocity === Math.fround(decay * weights[i]!));
  });
}

export type Option = 'standardize' | 'curriculum';

/** The objective with one of its options off, by the option's name; only those that are on. */
export function withoutOptions(objective: Objective): Partial<Record<Option, Objective>> {
  return {
    ...(objective.standardize ? { standardize: { ...objective, standardize: false } } : {}),
    ...(objective.curriculum ? { curriculum: { ...objective, curriculum: null } } : {}),
  };
}

/** Losses further apart than this are different ones, not the same one rounded. */
const RELATIVE_DIFFERENCE = 1e-6;

/** The part of an objective that options can act on: a term that softens nothing only hides small changes behind its size. */
function softened(objective: Objective): Objective {
  return lossOf(objective)?.softens === false ? { ...objective, loss: null, weights: { ...objective.weights, method: 0 } } : objective;
}

/** Options of an objective that leave its loss as it is: computed eagerly, at the first weights, from what the first step is fed. */
export async function withoutEffect(student: StudentOptions, inputs: RunInputs): Promise<Option[]> {
  const objective = softened(student.objective);
  const off = Object.entries(withoutOptions(objective)) as [Option, Objective][];
  if (off.length === 0) return [];
  const lossWith = async (variant: Objective): Promise<number> => {
    const { state, functions } = studentFunctions({ ...student, objective: variant });
    const program = new EagerProgram({ state, functions });
    const read = Object.entries(inputs).filter(([name]) => Object.hasOwn(functions.loss.inputs, name));
    const { loss } = await program.run('loss', Object.fromEntries(read));
    program.dispose();
    return loss!.data[0]!;
  };
  const on = await lossWith(objective);
  const idle: Option[] = [];
  for (const [option, variant] of off) {
    if (Math.abs((await lossWith(variant)) - on) <= RELATIVE_DIFFERENCE * Math.abs(on)) idle.push(option);
  }
  return idle;
}

/** What is wrong with a first step, in words; null where it shows what it has to. */
export async function firstStepFault(
  student: StudentOptions,
  inputs: RunInputs,
  trainables: readonly string[],
  before: Readonly<Record<string, HostTensor>>,
  after: Readonly<Record<string, HostTensor>>,
): Promise<string | null> {
  const excused = (name: string): boolean =>
    NO_GRADIENT.some((entry) => entry.name.test(name) && (entry.loss === null || entry.loss === student.objective.loss));
  const still = withoutGradient(trainables, before, after, student.optimizer.weightDecay).filter((name) => !excused(name));
  if (still.length > 0)
    return `no gradient reaches ${still.slice(0, 8).join(', ')}${still.length > 8 ? ` and ${still.length - 8} more` : ''}`;
  const idle = await withoutEffect(student, inputs);
  return idle.length > 0 ? `the loss is the same without ${idle.join(' and without ')}` : null;
}
