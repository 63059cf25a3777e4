/** Lists of both sides, the same in length: what is compared with what. */
export interface Paired<S, T> {
  student: S[];
  teacher: T[];
}

/**
 * Pairs the taps of two networks, each list from the stem to the deepest stage; the stem is left out. Where one side has more stages,
 * those at its far end go unpaired.
 *
 *   'shallow'  in order from the first stage on: attention, selectivity, singular vectors, VID
 *   'deep'     in order from the last stage back: OFD
 *
 * Source   mdistiller and RepDistiller zip the lists behind the stem; mdistiller's OFD aligns the ends.
 */
export function behindStem<S, T>(student: readonly S[], teacher: readonly T[], from: 'shallow' | 'deep' = 'shallow'): Paired<S, T> {
  const count = Math.max(0, Math.min(student.length, teacher.length) - 1);
  const cut = <V>(taps: readonly V[]): V[] => (from === 'shallow' ? taps.slice(1, 1 + count) : last(taps, count));
  return { student: cut(student), teacher: cut(teacher) };
}

/**
 * Pairs every stage of the teacher behind its stem with as deep a tap of the student, as far as there are any: a student without a
 * tap at its stem brings all of its own.
 *
 * Source   ReviewKD's tables of shapes, read from the deepest feature on.
 */
export function deepest<S, T>(student: readonly S[], teacher: readonly T[]): Paired<S, T> {
  const count = Math.max(0, Math.min(student.length, teacher.length - 1));
  return { student: last(student, count), teacher: last(teacher, count) };
}

/** The last entries of a list; unlike slice(-count) none for 0. */
export const last = <V>(taps: readonly V[], count: number): V[] => taps.slice(taps.length - count);
