import type { BenchProcess } from './bench-step-process.js';
import type { BenchOrder } from './bench-step-protocol.js';

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};

/** What one contender needs for one part of a step. */
export interface Measured {
  /** Median of the rounds' medians. */
  ms: number;
  /** (slowest - fastest) / median over the rounds; null for what was timed once. */
  spread: number | null;
  steps: number;
  /** Peak memory of the process when its last round had ended. */
  peakMb: number;
}

/** What takes longer a step, in milliseconds, is no contender for the fastest: its second step is all that is timed. */
export const PATIENCE_MS = 5000;

/** One result out of the medians of several rounds. */
export function summarizeRounds(rounds: readonly number[], steps: number, peakMb: number): Measured {
  const ms = median(rounds);
  return { ms, spread: (Math.max(...rounds) - Math.min(...rounds)) / ms, steps, peakMb };
}

/** A child process, or several that work at the same time, under the name that its result goes by. */
export interface Contender {
  name: string;
  processes: readonly BenchProcess[];
}

type Timed = Pick<Measured, 'ms' | 'steps' | 'peakMb'>;

/** Milliseconds a step of everything that these processes do together: side by side, two that need 100 ms come to 50. */
async function timeTogether(processes: readonly BenchProcess[], order: BenchOrder): Promise<Timed> {
  const times = await Promise.all(processes.map((process) => process.time(order)));
  const each = times.map(({ ms }) => (order.seconds === undefined ? median(ms) : ms.reduce((a, b) => a + b, 0) / ms.length));
  return {
    ms: 1 / each.reduce((rate, ms) => rate + 1 / ms, 0),
    steps: times.reduce((sum, { ms }) => sum + ms.length, 0),
    peakMb: times.reduce((sum, { peakMb }) => sum + peakMb, 0),
  };
}

/**
 * Times contenders in turn, round after round, so that what slows the machine down for a while slows all of them down. Each warms
 * up first, untimed, unless its first two steps exceed `PATIENCE_MS`: then the second is what is known of it.
 *
 * Returns  what each needs for each order, by contender and kind.
 */
export async function alternate(
  contenders: readonly Contender[],
  orders: readonly BenchOrder[],
  { rounds, warmUps, signal }: { rounds: number; warmUps: number; signal: AbortSignal },
): Promise<Record<string, Record<string, Measured>>> {
  const results = Object.fromEntries(contenders.map(({ name }) => [name, {} as Record<string, Measured>]));
  const work = contenders.flatMap(({ name, processes }) => orders.map((order) => ({ name, processes, order, kept: [] as Timed[] })));
  for (const { name, processes, order } of warmUps > 0 ? work : []) {
    signal.throwIfAborted();
    // The first step of ours includes its tracing.
    const cold = await timeTogether(processes, { kind: order.kind, steps: 1 });
    const warm = cold.ms > PATIENCE_MS ? await timeTogether(processes, { kind: order.kind, steps: 1 }) : null;
    if (warm && warm.ms > PATIENCE_MS) results[name]![order.kind] = { ...warm, spread: null };
    else if (warmUps > 1) await timeTogether(processes, { kind: order.kind, steps: warmUps - 1 });
  }
  for (let round = 0; round < rounds; round++) {
    for (const { name, processes, order, kept } of work) {
      signal.throwIfAborted();
      if (!results[name]![order.kind]) kept.push(await timeTogether(processes, order));
    }
  }
  for (const { name, order, kept } of work) {
    results[name]![order.kind] ??= summarizeRounds(
      kept.map(({ ms }) => ms),
      kept.reduce((sum, { steps }) => sum + steps, 0),
      kept.at(-1)!.peakMb,
    );
  }
  return results;
}
