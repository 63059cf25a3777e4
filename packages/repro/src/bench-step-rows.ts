import { isModelName, MODEL_NAMES } from '@tempered/models';
import { didYouMean } from './did-you-mean.js';
import { usageError } from './errors.js';

/**
 * What a row of the benchmark times.
 *
 *   student-step     one training step of a student whose teacher's logits are at hand, on both sides
 *   teacher-forward  the frozen teacher's forward pass
 *   kd-step          ours with the teacher's logits at hand (as a store of them gives); PyTorch's loop, which asks its teacher
 *   kd-step-full     both with the teacher's forward pass
 *   box              the whole machine at work: a lockstep group of eight cells and its teacher; PyTorch at its fastest
 */
export const BENCH_WORKS = ['student-step', 'teacher-forward', 'kd-step', 'kd-step-full', 'box'] as const;
export type BenchWork = (typeof BENCH_WORKS)[number];

export type BenchPrecision = 'f32' | 'bf16';

/** A row that is asked for. */
export interface BenchRow {
  work: BenchWork;
  teacher: string | null;
  student: string | null;
}

const PAIRS = [
  ['resnet56', 'resnet20'],
  ['resnet32x4', 'resnet8x4'],
] as const;

function rowsOf(work: BenchWork): BenchRow[] {
  return PAIRS.map(([teacher, student]) => ({
    work,
    teacher: work === 'student-step' ? null : teacher,
    student: work === 'teacher-forward' ? null : student,
  }));
}

function model(name: string, where: string): string {
  if (!isModelName(name)) throw usageError({ what: `unknown model '${name}'`, where, mend: didYouMean(name, MODEL_NAMES) });
  return name;
}

/** The models of a row: WORK:STUDENT, WORK:TEACHER or WORK:TEACHER:STUDENT, as the work needs them. */
function rowOf(work: BenchWork, names: readonly string[], where: string): BenchRow {
  const wanted = work === 'student-step' ? 'STUDENT' : work === 'teacher-forward' ? 'TEACHER' : 'TEACHER:STUDENT';
  if (names.length !== wanted.split(':').length) {
    throw usageError({
      what: `'${[work, ...names].join(':')}' does not name a row`,
      where,
      mend: `write ${work}:${wanted}, or ${work} for the default ones`,
    });
  }
  const [first, second] = names.map((name) => model(name, where));
  if (work === 'student-step') return { work, teacher: null, student: first! };
  return { work, teacher: first!, student: second ?? null };
}

/**
 * The rows that `--only` names; all the default ones where it is not given.
 *
 * Throws   a usage error with the nearest known word.
 */
export function parseRows(only: string | undefined, where = '--only'): BenchRow[] {
  if (only === undefined) return BENCH_WORKS.flatMap(rowsOf);
  const rows = only.split(',').flatMap((text): BenchRow[] => {
    const [work, ...names] = text.trim().split(':') as [string, ...string[]];
    const known = BENCH_WORKS.find((name) => name === work);
    if (!known) throw usageError({ what: `unknown work '${work}'`, where, mend: didYouMean(work, BENCH_WORKS) });
    return names.length === 0 ? rowsOf(known) : [rowOf(known, names, where)];
  });
  return rows.filter((row, at) => rows.findIndex((other) => keyOf(other) === keyOf(row)) === at);
}

const keyOf = ({ work, teacher, student }: BenchRow): string => `${work} ${teacher} ${student}`;

/** Part of a step that a child process times. */
export type BenchPart = 'student' | 'teacher' | 'full';

/** Rows whose times come from the same child processes: one teacher, one student, either of which may be missing. */
export interface BenchGroup {
  teacher: string | null;
  student: string | null;
  rows: BenchRow[];
}

const PARTS: Record<Exclude<BenchWork, 'box'>, readonly BenchPart[]> = {
  'student-step': ['student'],
  'teacher-forward': ['teacher'],
  'kd-step': ['student', 'full'],
  'kd-step-full': ['full'],
};

/** The parts that a group's rows need; the box has its own processes. */
export const partsOf = ({ rows }: BenchGroup): BenchPart[] => [...new Set(rows.flatMap(({ work }) => (work === 'box' ? [] : PARTS[work])))];

/** Puts rows of the same models together, so that what several of them need is timed once; rows with a pair come first. */
export function groupRows(rows: readonly BenchRow[]): BenchGroup[] {
  const groups: BenchGroup[] = [];
  const fits = (mine: string | null, theirs: string | null): boolean => mine === null || mine === theirs;
  for (const row of rows.toSorted((a, b) => missing(a) - missing(b))) {
    const group = groups.find(({ teacher, student }) => fits(row.teacher, teacher) && fits(row.student, student));
    if (group) group.rows.push(row);
    else groups.push({ teacher: row.teacher, student: row.student, rows: [row] });
  }
  return groups;
}

const missing = ({ teacher, student }: BenchRow): number => (teacher === null ? 1 : 0) + (student === null ? 1 : 0);
