// @ts-check
import { Bench } from 'tinybench';

/**
 * A bench file's default export makes one of these: what is timed, and the op that everything is a ratio to.
 * @typedef {{ name: string, run: () => unknown }} Timed
 * @typedef {{ reference: Timed, cases: Timed[], close?: () => void | Promise<void> }} BenchSuite
 * @typedef {{ ratio: number, spread: number, ms: number, n: number }} Result
 */

const ROUNDS = 5;
const ROUND_MS = 120;

/** @param {readonly number[]} values */
export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? /** @type {number} */ (sorted[middle]) : (Number(sorted[middle - 1]) + Number(sorted[middle])) / 2;
}

/** Median milliseconds of a call, and how many calls. @param {Timed} timed @param {number} time @param {() => number} now */
async function timeOf({ name, run }, time, now) {
  const bench = new Bench({ time, warmup: false, iterations: 3, throws: true, now }).add(name, run);
  await bench.run();
  const result = bench.tasks[0]?.result;
  if (!result || !('latency' in result)) throw new Error(`${name} was not timed`);
  const { latency } = result;
  return { ms: latency.p50, n: latency.samplesCount };
}

/**
 * Times the cases of a suite, each in turn with the reference, so that a machine that slows down slows both: the ratio of a case is
 * the median over the rounds, its spread (largest - least) / median.
 *
 * @param {BenchSuite} suite
 * @param {() => number} [now] the clock, in milliseconds
 * @returns {Promise<Record<string, Result>>}
 */
export async function measureSuite({ reference, cases }, now = () => performance.now()) {
  /** @type {Record<string, Result>} */
  const results = {};
  for (const timed of cases) {
    await timeOf(reference, ROUND_MS / 4, now);
    await timeOf(timed, ROUND_MS / 4, now);
    const ratios = [];
    const times = [];
    let n = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const base = await timeOf(reference, ROUND_MS, now);
      const own = await timeOf(timed, ROUND_MS, now);
      ratios.push(own.ms / base.ms);
      times.push(own.ms);
      n += own.n;
    }
    const ratio = median(ratios);
    results[timed.name] = { ratio, spread: (Math.max(...ratios) - Math.min(...ratios)) / ratio, ms: median(times), n };
  }
  return results;
}
