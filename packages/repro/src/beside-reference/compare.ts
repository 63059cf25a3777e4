import type { Compared } from './job.js';
import type { RunResult } from './result.js';

/** Runs of one kind: who computed on what, and in which precision. */
export interface Kind {
  side: string;
  precision: string;
}

/** One method's final accuracies on two sides, seed by seed. Units: percent of the test images. */
export interface FinalComparison {
  method: Compared;
  seeds: { seed: number; ours: number; theirs: number }[];
  /** Mean over the seeds of ours minus theirs. */
  difference: number;
  /** The largest minus the smallest accuracy of a side's seeds; of both sides the larger. */
  spread: number;
  /** Null where a single seed says nothing about spread. */
  within: boolean | null;
}

/** How far two runs' losses of the first steps are apart, relative to the second's. */
export interface StepDifferences {
  method: Compared;
  seed: number;
  /** By step, counted from 1 at place 0. */
  relative: number[];
}

/** First steps that are compared: later on rounding has grown so far that runs are strangers. */
export const COMPARED_STEPS = 20;

export const kindsOf = (results: readonly RunResult[]): Kind[] => [
  ...new Map(results.map(({ about: { side, precision } }) => [`${side} ${precision}`, { side, precision }])).values(),
];

export const isKind =
  ({ side, precision }: Kind) =>
  ({ about }: RunResult): boolean =>
    about.side === side && about.precision === precision;

const sameKind = (a: RunResult, b: RunResult): boolean => isKind(a.about)(b);
const sameRun = (a: RunResult, b: RunResult): boolean => a.about.method === b.about.method && a.about.seed === b.about.seed;

/** Without runs that stopped early where the same one went all the way: its first steps are the same. */
export const fullest = (results: readonly RunResult[]): RunResult[] =>
  results.filter(
    (run) => run.epochs.length > 0 || !results.some((other) => other.epochs.length > 0 && sameKind(run, other) && sameRun(run, other)),
  );

/** Runs of two kinds with the same method and seed, side by side. */
export function paired(ours: readonly RunResult[], theirs: readonly RunResult[]): [RunResult, RunResult][] {
  return ours.flatMap((run) => {
    const other = theirs.find((candidate) => sameRun(run, candidate));
    return other ? [[run, other] as [RunResult, RunResult]] : [];
  });
}

const rangeOf = (values: readonly number[]): number => Math.max(...values) - Math.min(...values);
const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * The last epoch's accuracies of runs of two kinds, method by method: the mean difference is held against what seeds alone do.
 *
 *   within = |mean_s(ours_s - theirs_s)| <= max(range_s ours_s, range_s theirs_s)
 *
 * A single seed has no spread to hold it against.
 */
export function finalComparisons(ours: readonly RunResult[], theirs: readonly RunResult[]): FinalComparison[] {
  const pairs = paired(ours, theirs).filter(([a, b]) => a.epochs.length > 0 && b.epochs.length > 0);
  return [...new Set(pairs.map(([a]) => a.about.method))].map((method) => {
    const seeds = pairs
      .filter(([a]) => a.about.method === method)
      .map(([a, b]) => ({ seed: a.about.seed, ours: a.epochs.at(-1)!.top1, theirs: b.epochs.at(-1)!.top1 }));
    const difference = meanOf(seeds.map((one) => one.ours - one.theirs));
    const spread = Math.max(rangeOf(seeds.map((one) => one.ours)), rangeOf(seeds.map((one) => one.theirs)));
    return { method, seeds, difference, spread, within: seeds.length < 2 ? null : Math.abs(difference) <= spread };
  });
}

/** Differences of the losses of the first steps between runs of two kinds. */
export function stepDifferences(ours: readonly RunResult[], theirs: readonly RunResult[]): StepDifferences[] {
  return paired(ours, theirs).map(([a, b]) => {
    const count = Math.min(COMPARED_STEPS, a.steps.length, b.steps.length);
    const relative = Array.from({ length: count }, (_, i) => Math.abs(a.steps[i]!.loss - b.steps[i]!.loss) / Math.abs(b.steps[i]!.loss));
    return { method: a.about.method, seed: a.about.seed, relative };
  });
}

/** Root mean square over the steps. */
export const typicalDifference = ({ relative }: StepDifferences): number => Math.sqrt(meanOf(relative.map((value) => value ** 2)));

/** Half the distance of neighbouring float32 numbers, relative: a float32 loss lies that far from float64 by being written down. */
const WRITING_DOWN = 2 ** -24;

/** How many times as far from float64 ours lies as PyTorch's float32, run by run where all three are there. */
export function timesAsFar(ours: readonly StepDifferences[], theirs: readonly StepDifferences[]): number[] {
  return ours.flatMap((found) => {
    const other = theirs.find(({ method, seed }) => method === found.method && seed === found.seed);
    return other ? [typicalDifference(found) / Math.max(typicalDifference(other), WRITING_DOWN)] : [];
  });
}
