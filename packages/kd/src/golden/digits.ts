import { goldenNumber } from '@tempered/tensors/testing';
import { type Computed, flat, TEMPERATURES } from './compare.js';
import type { LossFixture, Numeric } from './fixture.js';

/** How closely a loss follows the fixtures: the largest relative differences over its cases. */
export interface Digits {
  cases: number;
  /** Of the value, to the fixture's float64 and to its float32 one. */
  toFloat64: number;
  toReference: number;
  /** Of gradients (the temperature's apart) to the reference's, relative to the largest entry of the case. */
  gradient: number;
  /** Of the temperature's gradient to float64, relative to itself; 0 where none is learned. */
  temperature: number;
}

/** The row of the documentation that a case counts for; undefined for edge cases, whose values may be rounding noise by design. */
export function rowOf(name: string): string | undefined {
  if (name.startsWith('edge/') || /duplicateRows|zero(Row|Sample)\d/.test(name)) return undefined;
  if (name.startsWith('vit/inter')) return 'locality';
  if (name.startsWith('vit/logit')) return name.endsWith('hard') ? 'hardLogits' : 'softLogits';
  const [family] = name.split('/');
  return family === 'ctkd' ? 'curriculumTemperature' : family;
}

/** One case's differences. */
export function digitsOf({ out, grad = {}, float64 }: LossFixture, { loss, gradients }: Computed): Digits {
  const reference = goldenNumber(out.loss as Numeric);
  const exact = goldenNumber(float64!.loss);
  const golden = Object.entries(grad).map(([name, values]) => [name, flat(values)] as const);
  const largest = Math.max(...golden.flatMap(([, values]) => values.map(Math.abs)));
  const digits = { cases: 1, toFloat64: relative(loss, exact), toReference: relative(loss, reference), gradient: 0, temperature: 0 };
  for (const [name, theirs] of golden) {
    const ours = gradients[name]!;
    const exactly = TEMPERATURES.has(name) ? float64!.smallGrads[name] : undefined;
    if (exactly) digits.temperature = Math.max(digits.temperature, ...flat(exactly).map((value, i) => relative(ours[i]!, value)));
    else digits.gradient = Math.max(digits.gradient, ...theirs.map((value, i) => (largest ? Math.abs(ours[i]! - value) / largest : 0)));
  }
  return digits;
}

const relative = (ours: number, theirs: number): number => (theirs === 0 ? Math.abs(ours) : Math.abs(ours - theirs) / Math.abs(theirs));

/** Gathers the worst of every row. */
export function gather(digits: Record<string, Digits>, row: string, one: Digits): void {
  const known = digits[row];
  digits[row] = known
    ? {
        cases: known.cases + one.cases,
        toFloat64: Math.max(known.toFloat64, one.toFloat64),
        toReference: Math.max(known.toReference, one.toReference),
        gradient: Math.max(known.gradient, one.gradient),
        temperature: Math.max(known.temperature, one.temperature),
      }
    : one;
}

/** One significant digit, rounded up, so that what is written is never better than what was seen. */
export function roundedUp(value: number): number {
  if (value === 0) return 0;
  const unit = 10 ** Math.floor(Math.log10(value));
  return Number((Math.ceil(value / unit - 1e-9) * unit).toPrecision(1));
}

/** A row as it is kept: every difference rounded up. */
export const kept = ({ cases, ...differences }: Digits): Digits => ({
  cases,
  ...(Object.fromEntries(Object.entries(differences).map(([key, value]) => [key, roundedUp(value)])) as Omit<Digits, 'cases'>),
});

const written = (value: number): string => (value === 0 ? '0' : value.toExponential(0));

/** The page with the last three cells of every row that has digits written anew: value to float64, value and gradients to the reference. */
export function withDigits(page: string, digits: Readonly<Record<string, Digits>>): string {
  return page
    .split('\n')
    .map((line) => {
      const row = digits[/^\| `(\w+)` \|/.exec(line)?.[1] ?? ''];
      if (!row) return line;
      const cells = line.split(' | ').slice(0, -3);
      const gradient = row.temperature ? `${written(row.gradient)}, of T ${written(row.temperature)}` : written(row.gradient);
      return [...cells, written(row.toFloat64), written(row.toReference), `${gradient} |`].join(' | ');
    })
    .join('\n');
}
