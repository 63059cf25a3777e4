import { goldenNumber } from '@tempered/tensors/testing';
import type { LossFixture, Numeric } from './fixture.js';

/** What one way of computing a case gave: the loss, side outputs and gradients by name, in the fixture's layout. */
export interface Computed {
  loss: number;
  outputs: Record<string, ArrayLike<number>>;
  gradients: Record<string, ArrayLike<number>>;
}

/** How a case departs from the plain comparison; each use says why. */
export interface Leniency {
  /** Factor on every tolerance. */
  factor?: number;
  /** Only finiteness is compared: the reference's own numbers are rounding noise here. */
  finiteOnly?: boolean;
}

/** A loss this small is 0: what is left of equal distributions is rounding. */
const ZERO = 1e-9;

/** Names of the gradients that are differences of nearly equal sums and are therefore held against float64. */
export const TEMPERATURES: ReadonlySet<string> = new Set(['temp', 'global_T']);

/** Differences between a computed case and its fixture, in words; empty when it agrees. The tolerances are golden/README.md's. */
export function differences(fixture: LossFixture, computed: Computed, { factor = 1, finiteOnly = false }: Leniency = {}): string[] {
  const exact = fixture.float64 ? goldenNumber(fixture.float64.loss) : Number.NaN;
  const found: string[] = [];
  const compare = (what: string, ours: ArrayLike<number>, theirs: ArrayLike<number>, allowed: (value: number) => number): void => {
    if (ours.length !== theirs.length) {
      found.push(`${what}: ${ours.length} values, not ${theirs.length}`);
      return;
    }
    let worst = -1;
    let excess = 0;
    for (let i = 0; i < ours.length; i++) {
      if (!Number.isFinite(ours[i]!)) {
        found.push(`${what}[${i}] is ${ours[i]}`);
        return;
      }
      if (finiteOnly || !Number.isFinite(theirs[i]!)) continue;
      const over = Math.abs(ours[i]! - theirs[i]!) / Math.max(factor * allowed(theirs[i]!), Number.MIN_VALUE);
      if (over > 1 && over > excess) [worst, excess] = [i, over];
    }
    if (worst >= 0) found.push(`${what}[${worst}]: ${ours[worst]}, not ${theirs[worst]} (${excess.toPrecision(3)} times the tolerance)`);
  };

  const roundedOff = (reference: number): number => (Number.isFinite(exact) ? 10 * Math.abs(reference - exact) : 0);
  if (fixture.out.loss !== undefined) {
    const reference = goldenNumber(fixture.out.loss as Numeric);
    compare('loss', [computed.loss], [reference], () => Math.max(1e-5 * Math.abs(reference), roundedOff(reference), ZERO));
  }
  for (const [name, ours] of Object.entries(computed.outputs)) {
    const theirs = flat(fixture.out[name]);
    const largest = theirs.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    compare(
      name,
      ours,
      theirs,
      () => 1e-5 * largest + (fixture.out.loss === undefined ? 0 : roundedOff(goldenNumber(fixture.out.loss as Numeric))),
    );
  }
  const golden = Object.entries(fixture.grad ?? {}).map(([name, values]) => [name, flat(values)] as const);
  const largest = golden.flatMap(([, values]) => values).reduce((most, value) => Math.max(most, Math.abs(value) || 0), 0);
  for (const [name, theirs] of golden) {
    const ours = computed.gradients[name];
    if (!ours) {
      found.push(`no gradient of ${name}`);
      continue;
    }
    const rounding = Math.max(2e-6 * largest, 10 * (goldenNumber(fixture.float64?.gradMaxAbsDiff[name] ?? 0) || 0));
    const small = fixture.float64?.smallGrads[name];
    if (TEMPERATURES.has(name) && small)
      compare(`gradient of ${name}`, ours, flat(small), (value) => Math.max(1e-3 * Math.abs(value), rounding));
    else compare(`gradient of ${name}`, ours, theirs, () => rounding);
  }
  return found;
}

/** The numbers of a fixture entry: a number, a (nested) list, or { shape, values }. */
export function flat(entry: unknown): number[] {
  if (typeof entry === 'number' || typeof entry === 'string') return [goldenNumber(entry)];
  if (Array.isArray(entry)) return entry.flatMap(flat);
  if (entry && typeof entry === 'object' && 'values' in entry) return flat(entry.values);
  throw new Error(`no numbers in ${JSON.stringify(entry)?.slice(0, 60)}`);
}
