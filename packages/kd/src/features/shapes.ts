import type { FeatureShapes, SideShapes } from '../loss.js';
import { behindStem, type Paired } from './pairing.js';

export type MapShape = readonly [number, number, number, number];

/** The shapes of a feature that a loss declares tensors for; an error says what is missing. */
export function shapesOf<Name extends 'stages' | 'preacts' | 'pooled'>(
  loss: string,
  shapes: FeatureShapes,
  name: Name,
): { student: NonNullable<SideShapes[Name]>; teacher: NonNullable<SideShapes[Name]> } {
  const { student, teacher } = shapes;
  if (!student[name] || !teacher[name]) throw new RangeError(`${loss}: the ${student[name] ? 'teacher' : 'student'} brings no ${name}`);
  return { student: student[name], teacher: teacher[name] };
}

/** Pairs of map shapes, as `pair` pairs the maps themselves. Throws RangeError where none do. */
export function stagePairs(
  loss: string,
  shapes: FeatureShapes,
  name: 'stages' | 'preacts' = 'stages',
  pair: (student: readonly MapShape[], teacher: readonly MapShape[]) => Paired<MapShape, MapShape> = behindStem,
): { student: MapShape; teacher: MapShape }[] {
  const { student, teacher } = shapesOf(loss, shapes, name);
  const pairs = pair(student, teacher);
  if (pairs.student.length === 0) {
    throw new RangeError(`${loss}: of the student's ${student.length} ${name} and the teacher's ${teacher.length} none lies behind a stem`);
  }
  return pairs.student.map((shape, i) => ({ student: shape, teacher: pairs.teacher[i]! }));
}
