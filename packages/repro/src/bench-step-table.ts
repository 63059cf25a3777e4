import type { BenchResult } from './bench-step.js';
import { BENCH_GOALS, type BenchGoal } from './bench-step-goals.js';
import type { OpTime } from './bench-step-protocol.js';

/** A goal beside what was measured. */
export interface Judged extends BenchGoal {
  ratio: number;
  ours: number;
  theirs: number;
  /** 'aim' reached, 'floor' held, or how far below the floor in percent. */
  verdict: string;
}

/** The goals that these results say something about. */
export function judge(results: readonly BenchResult[], goals: readonly BenchGoal[] = BENCH_GOALS): Judged[] {
  return goals.flatMap((goal) => {
    const result = results.find(
      ({ work, teacher, student, precision }) =>
        work === goal.work && teacher === goal.teacher && student === goal.student && precision === goal.precision,
    );
    const ratio = goal.against === 'paper' ? result?.ratio_paper : result?.ratio_fastest;
    if (!result || ratio === null || ratio === undefined) return [];
    const verdict = ratio >= goal.aim ? 'aim' : ratio >= goal.floor ? 'floor' : `${Math.round(100 * (1 - ratio / goal.floor))} % short`;
    return [{ ...goal, ratio, ours: result.ours_ms, theirs: ratio * result.ours_ms, verdict }];
  });
}

const nameOf = ({ teacher, student }: Pick<BenchGoal, 'teacher' | 'student'>): string =>
  [teacher, student].filter((name) => name !== null).join('->');

/** Results and goals as lines of equal columns, for a terminal. */
export function goalLines(judged: readonly Judged[]): string[] {
  if (judged.length === 0) return [];
  const rows = judged.map(({ work, precision, against, ours, theirs, ratio, floor, aim, verdict, ...models }) => [
    work,
    nameOf(models),
    precision,
    `vs ${against}`,
    `${ours.toFixed(1)} ms`,
    `${theirs.toFixed(1)} ms`,
    ratio.toFixed(2),
    floor.toFixed(2),
    aim.toFixed(2),
    verdict,
  ]);
  const head = ['work', 'models', 'ours in', 'against', 'ours', 'PyTorch', 'ratio', 'floor', 'aim', 'reached'];
  const table = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...table.map((cells) => cells[column]!.length)));
  return table.map((cells) =>
    cells
      .map((cell, i) => (i >= 4 && i <= 8 ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd(),
  );
}

/** Ops below this share of a step are added up. */
const SHOWN_SHARE = 0.01;

/** Where the time of a step goes, for a terminal: milliseconds, share, count, op. */
export function opLines(title: string, ops: readonly OpTime[]): string[] {
  const total = ops.reduce((sum, { ms }) => sum + ms, 0);
  const shown = ops.filter(({ ms }) => ms >= SHOWN_SHARE * total);
  const rest = ops.filter(({ ms }) => ms < SHOWN_SHARE * total);
  const sum = (key: 'ms' | 'count'): number => rest.reduce((all, op) => all + op[key], 0);
  const line = (ms: number, count: number, what: string): string =>
    `${ms.toFixed(2).padStart(9)} ms ${((100 * ms) / total).toFixed(1).padStart(5)} % ${String(count).padStart(5)}  ${what}`;
  return [
    `${title}: ${total.toFixed(1)} ms in ops`,
    ...shown.map(({ ms, count, op, dtype }) => line(ms, count, `${op} ${dtype}`.trim())),
    ...(rest.length > 0 ? [line(sum('ms'), sum('count'), 'all other ops')] : []),
  ];
}
