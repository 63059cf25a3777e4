import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { BOUNDS, problemWith, readBaseline, thisDevice, writeBaseline } from './baseline.mjs';
import { measureSuite } from './measure.mjs';
import { stepTables } from './step-table.mjs';
import { benchTable } from './table.mjs';

const device = thisDevice('2.21.0');
const baseline = (spread: number) => ({ device, cases: { a: { ratio: 2, spread, ms: 1, n: 9, reference: 'r' } } });
const result = (ratio: number) => ({ ratio, spread: 0, ms: 1, n: 9 });

test('a ratio is held to its baseline: tighter on the same machine, by its spread where that is more', () => {
  expect(problemWith(baseline(0.1), 'a', result(2 * (1 + BOUNDS.same) - 0.01), device)).toBeNull();
  expect(problemWith(baseline(0.1), 'a', result(2 * (1 + BOUNDS.same) + 0.01), device)).toContain('40 % are allowed');
  expect(problemWith(baseline(0.5), 'a', result(3.9), device)).toBeNull();
  const elsewhere = { ...device, cpu: 'another' };
  expect(problemWith(baseline(0.1), 'a', result(4.9), elsewhere)).toBeNull();
  expect(problemWith(baseline(0.1), 'a', result(5.1), elsewhere)).toContain('150 % are allowed');
  expect(problemWith(baseline(0.1), 'b', result(1), device)).toBe('it has no baseline');
  expect(problemWith(null, 'a', result(1), device)).toBe('it has no baseline');
});

/** A clock that moves by the work that is done under it, on a machine that gets slower from call to call. */
function drifting(slowdown: number) {
  let ms = 0;
  let pace = 1;
  return {
    now: () => ms,
    work: (amount: number) => () => {
      ms += amount * pace;
      pace *= slowdown;
    },
  };
}

test('a case that does twice the work of the reference has a ratio of two, also while the machine slows down', async () => {
  for (const [slowdown, digits] of [
    [1, 9],
    [1.0003, 1],
  ] as const) {
    const { now, work } = drifting(slowdown);
    const suite = { reference: { name: 'one', run: work(1) }, cases: [{ name: 'two', run: work(2) }] };
    const { two } = await measureSuite(suite, now);
    expect(two!.ratio).toBeCloseTo(2, digits);
    expect(two!.n).toBeGreaterThanOrEqual(15);
    expect(two!.ms / 2 - 1).toBeGreaterThanOrEqual(slowdown === 1 ? 0 : 0.1);
  }
});

test('by the real clock a case that does much more than the reference takes longer', async () => {
  const spin = (rounds: number) => () => {
    let sum = 0;
    for (let i = 0; i < rounds; i++) sum += Math.sqrt(i);
    return sum;
  };
  const { more } = await measureSuite({ reference: { name: 'one', run: spin(50_000) }, cases: [{ name: 'more', run: spin(1_000_000) }] });
  expect(more!.ratio).toBeGreaterThan(2);
  expect(more!.ms).toBeGreaterThan(0);
});

test('a baseline is written, read and laid out as a table', async () => {
  const root = mkdtempSync(join(tmpdir(), 'tempered-bench-'));
  const folder = join(root, 'packages', 'p', 'bench');
  mkdirSync(folder, { recursive: true });
  expect(await benchTable(root)).toContain('No baseline');
  await writeBaseline(join(folder, 'baseline.json'), baseline(0.12345));
  expect((await readBaseline(join(folder, 'baseline.json')))!.cases.a!.spread).toBe(0.123);
  expect(await benchTable(root)).toContain('| a | 2 | r | 1 | 12 % | 9 |');
  rmSync(root, { recursive: true });
});

test('rows of training steps become tables, those with the teacher at hand apart from those with its forward pass', () => {
  const row = {
    teacher: 'resnet56',
    student: 'resnet20',
    precision: 'f32',
    ours_ms: 50,
    torch: { 'nchw-f32': 100, 'nhwc-f32': 80.04, 'nchw-bf16': null, 'nhwc-bf16': null },
    ratio_paper: 2,
    ratio_fastest: 1.6008,
    spread: { ours: 0.1, 'nchw-f32': 0.234 },
    peak_mb: { ours: 600, 'nchw-f32': 900, 'nhwc-f32': 950 },
    batch: 64,
    threads: 2,
    rounds: 5,
    versions: { tensorflow: '2.21.0', torch: '2.15.0', node: '20' },
    cpu: 'A processor',
  };
  const lines = stepTables([
    { ...row, work: 'kd-step' },
    { ...row, work: 'kd-step-full' },
  ]);
  expect(lines.filter((line) => line.startsWith('**')).map((line) => /`(.*)`/.exec(line)![1])).toEqual(['kd-step-full', 'kd-step']);
  expect(lines).toContain('| resnet56 → resnet20 | f32 | 64 | 50.0 | 100.0 | 80.0 |  |  | 2.00 | 1.60 | 23 % | 600 / 900 |');
});
