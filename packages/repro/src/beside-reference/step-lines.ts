import { COMPARED_STEPS, isKind, type Kind, type StepDifferences, stepDifferences, timesAsFar, typicalDifference } from './compare.js';
import { COMPARED } from './job.js';
import { nameOf, small, table } from './record-words.js';
import type { RunResult } from './result.js';

/** The first step has not moved anything yet: both sides compute the same function of the same numbers. */
const FIRST_STEP = 1e-5;
/** Ours may lie so many times as far from float64 as PyTorch's float32 does. */
const TIMES_AS_FAR = 3;
/** Steps whose differences are printed. */
const PRINTED_STEPS = [1, 2, 3, 5, 10, 20];
/** Steps of which each is told apart when it is said how differences grow. */
const GROWING_STEPS = [1, 2, 3];

/** The kinds whose first steps are compared, as far as they were run. */
export interface SteppedKinds {
  float32: Kind | undefined;
  bfloat16: Kind | undefined;
  reference: Kind;
  exact: Kind | undefined;
}

const verdict = (good: boolean): string => (good ? '**yes**' : '**no**');

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** How far ours and the reference part step by step, over all runs. */
function growthLine(direct: readonly StepDifferences[]): string {
  const first = GROWING_STEPS.flatMap((step) => {
    const found = direct.flatMap(({ relative }) => relative.slice(step - 1, step));
    return found.length > 0 ? [`${small(Math.max(...found))} at step ${step}`] : [];
  });
  const later = direct.flatMap(({ relative }) => relative.slice(GROWING_STEPS.length));
  const rest =
    later.length > 0
      ? `; over the steps after that, up to ${COMPARED_STEPS}, by ${small(medianOf(later))} in the median and at most ${small(Math.max(...later))}`
      : '';
  return `The first step compares the same function of the same numbers; every update then multiplies what rounding made of it. In float32 ours and PyTorch differ by at most ${first.join(', ')}${rest}.`;
}

function stepVerdicts(direct: readonly StepDifferences[], times: readonly number[]): string[] {
  const first = Math.max(...direct.map(({ relative }) => relative[0]!));
  const most = Math.max(...times);
  return [
    `- The first step's losses agree to ${small(first)} (at most ${small(FIRST_STEP)} is allowed): ${verdict(first <= FIRST_STEP)}.`,
    ...(times.length > 0
      ? [
          `- Over the first ${COMPARED_STEPS} steps our float32 lies at most ${most.toFixed(1)} times as far from float64 as PyTorch's float32 does (at most ${TIMES_AS_FAR} is allowed): ${verdict(most <= TIMES_AS_FAR)}.`,
        ]
      : []),
  ];
}

/** Differences of the first steps' losses: ours to PyTorch's, both to float64 where it was run, and bfloat16 to float32. */
export function stepLines(results: readonly RunResult[], { float32, bfloat16, reference, exact }: SteppedKinds): string[] {
  if (!float32) return ['Ours was not run in float32.'];
  const differences = (a: Kind, b: Kind): StepDifferences[] =>
    stepDifferences(results.filter(isKind(a)), results.filter(isKind(b))).filter(({ relative }) => relative.length > 0);
  const direct = differences(float32, reference);
  if (direct.length === 0) return ['No run was made on both sides in float32.'];
  const pairs: (readonly [Kind, Kind])[] = [
    [float32, reference],
    ...(exact ? [[float32, exact] as const, [reference, exact] as const] : []),
    ...(bfloat16 ? [[bfloat16, float32] as const] : []),
  ];
  const rows = pairs.flatMap(([a, b]) =>
    differences(a, b).map((found) => [
      `${nameOf(a)} to ${nameOf(b)}`,
      COMPARED[found.method].label,
      found.seed,
      ...PRINTED_STEPS.map((step) => (step <= found.relative.length ? small(found.relative[step - 1]!) : '')),
      small(typicalDifference(found)),
    ]),
  );
  const head = [
    'difference of the loss',
    'method',
    'seed',
    ...PRINTED_STEPS.map((step) => `step ${step}`),
    `rms of the first ${COMPARED_STEPS}`,
  ];
  const times = exact ? timesAsFar(differences(float32, exact), differences(reference, exact)) : [];
  return [
    growthLine(direct),
    'Differences are relative to the second of the two.',
    '',
    ...table(head, rows),
    '',
    ...stepVerdicts(direct, times),
  ];
}
