import type { FeatureShapes, LossDefinition, Features as LossFeatures } from '@tempered/kd';
import type { Forward, Model } from '@tempered/models';
import type { Tensor, Tensor2D, Tensor4D } from '@tempered/tensors';
import { normsOf } from './teacher-facts.js';

/** One tensor that the teacher hands to a student's step: its input name and its shape without the batch. */
export interface TeacherOutput {
  name: string;
  shape: readonly number[];
}

const stageName = (i: number): string => `teacher.stage${i}`;
const preactName = (i: number): string => `teacher.preact${i}`;
const LOGITS = 'teacher.logits';
const POOLED = 'teacher.pooled';

/** The teacher's outputs that an objective reads: always the logits, and the features that its loss declares. */
export function teacherOutputsFor(definition: LossDefinition | null, student: Model, shapes: FeatureShapes | undefined): TeacherOutput[] {
  const outputs: TeacherOutput[] = [{ name: LOGITS, shape: [student.numClasses] }];
  if (!definition) return outputs;
  const teacher = shapes?.teacher;
  const want = (need: 'stages' | 'preacts' | 'pooled'): boolean => definition.needs.includes(need);
  if ((want('stages') || want('preacts') || want('pooled')) && !teacher) {
    throw new Error(`the loss '${definition.name}' reads features, so the shapes of the teacher's have to be given`);
  }
  if (want('stages')) for (const [i, [, ...shape]] of teacher!.stages!.entries()) outputs.push({ name: stageName(i), shape });
  if (want('preacts')) for (const [i, [, ...shape]] of teacher!.preacts!.entries()) outputs.push({ name: preactName(i), shape });
  if (want('pooled')) outputs.push({ name: POOLED, shape: [teacher!.pooled![1]] });
  return outputs;
}

/** Names a teacher's forward results as the steps of its students take them. */
export function nameTeacherOutputs({ logits, features }: Forward, wanted: readonly TeacherOutput[]): Record<string, Tensor> {
  const all: Record<string, Tensor> = { [LOGITS]: logits, [POOLED]: features.pooled };
  features.stages.forEach((stage, i) => {
    all[stageName(i)] = stage;
  });
  features.preacts.forEach((preact, i) => {
    all[preactName(i)] = preact;
  });
  return Object.fromEntries(wanted.map(({ name }) => [name, all[name]!]));
}

/** The teacher's side of a loss's context, out of a step's inputs. */
export function teacherFeatures(outputs: readonly TeacherOutput[], inputs: Readonly<Record<string, Tensor>>): LossFeatures {
  const all = (prefix: string): Tensor4D[] =>
    outputs.filter(({ name }) => name.startsWith(prefix)).map(({ name }) => inputs[name] as Tensor4D);
  const stages = all('teacher.stage');
  const preacts = all('teacher.preact');
  return {
    logits: inputs[LOGITS] as Tensor2D,
    ...(stages.length ? { stages } : {}),
    ...(preacts.length ? { preacts } : {}),
    ...(inputs[POOLED] ? { pooled: inputs[POOLED] as Tensor2D } : {}),
  };
}

/**
 * Shapes of both sides' features for a batch size, as losses with tensors of their own ask for them; with the teacher's weights also
 * the batch normalisations in front of its pre-activation taps.
 */
export function featureShapes(
  student: Model,
  teacher: Model,
  batch: number,
  samples: number,
  weights?: Readonly<Record<string, Float32Array>>,
): FeatureShapes {
  const side = (model: Model): FeatureShapes['student'] => {
    const maps = (shapes: readonly (readonly number[])[]): [number, number, number, number][] =>
      shapes.map((shape) => [batch, ...(shape as [number, number, number])]);
    return {
      logits: [batch, model.numClasses],
      stages: maps(model.featureShapes.stages),
      preacts: maps(model.featureShapes.preacts),
      pooled: [batch, model.featureShapes.pooled],
    };
  };
  const norms = weights ? { teacherNorms: normsOf(teacher, weights) } : {};
  return { student: side(student), teacher: side(teacher), samples, ...norms };
}
