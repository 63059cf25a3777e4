import { availableParallelism } from 'node:os';
import { expect, test } from 'vitest';
import { estimate, stepsPerEpoch } from './estimate.js';
import { fakeSummary, quickCells } from './testing/fake-runs.js';
import { timingKey } from './timings.js';

const cells = quickCells();
const fresh = cells.map((cell) => ({ cell, share: 1 }));
const cpu = { name: 'cpu', fingerprint: 'tf cpu' };
const cores = availableParallelism();

test('steps of an epoch count the last, smaller batch', () => {
  expect(stepsPerEpoch(cells[0]!)).toBe(79);
});

test('with nothing known: by what two cores usually do, slower for plain tfjs', () => {
  const usual = estimate(fresh, { engine: cpu });
  expect(usual.basis).toBe('typical');
  expect(usual.seconds).toBeGreaterThan(10);
  expect(estimate(fresh, { engine: { ...cpu, name: 'plain' } }).seconds).toBeGreaterThan(50 * usual.seconds);
});

test('with finished cells of the same kind: by what they took, a core each', () => {
  const kd = cells.find(({ label }) => label === 'KD')!;
  const known = { finished: [{ cell: kd, summary: fakeSummary(kd, { seconds: 60 }) }], engine: cpu };
  const same = cells.filter(({ recipe }) => recipe.method === 'kd').map((cell) => ({ cell, share: 1 }));
  const measured = estimate(same, known);
  expect(measured).toEqual({ basis: 'measured', seconds: expect.closeTo((same.length * 60) / cores, 6) });
  expect(estimate([{ cell: kd, share: 0.5 }], known).seconds).toBeCloseTo(estimate([{ cell: kd, share: 1 }], known).seconds / 2);
  expect(estimate([], known).seconds).toBe(0);
});

test('a loss that was not timed under these networks costs there what it costs elsewhere beside one that was', () => {
  const of = (label: string): (typeof cells)[number] => cells.find((cell) => cell.label === label)!;
  const under = (cell: (typeof cells)[number]): typeof cell => ({ ...cell, recipe: { ...cell.recipe, teacher: 'resnet110' as const } });
  const [kd, dkd] = [of('KD'), of('DKD')];
  const steps = (secondsPerStep: number) => ({ secondsPerStep, secondsToStart: 0 });
  const timings = new Map([
    [timingKey(kd, cpu.fingerprint), steps(0.1)],
    [timingKey(dkd, cpu.fingerprint), steps(0.3)],
    [timingKey(under(kd), cpu.fingerprint), steps(0.2)],
  ]);
  const shares = [kd, dkd, under(kd), under(dkd)].map((cell) => ({ cell, share: 1 }));
  const seconds = (cell: typeof kd): number =>
    estimate(
      shares.map((one) => ({ ...one, share: one.cell === cell ? 1 : 0 })),
      { timings, engine: cpu },
    ).seconds;
  expect(estimate(shares, { timings, engine: cpu }).basis).toBe('scaled');
  expect(seconds(shares[3]!.cell)).toBeCloseTo(3 * seconds(shares[2]!.cell));
});

test('with timed steps: so many of them, what starting takes, and the evaluations', () => {
  const taught = fresh.filter(({ cell }) => cell.recipe.teacher);
  const timings = new Map(taught.map(({ cell }) => [timingKey(cell, cpu.fingerprint), { secondsPerStep: 0.04, secondsToStart: 3 }]));
  const { basis, seconds } = estimate(taught, { timings, engine: cpu });
  expect(basis).toBe('timed');
  const steps = taught.length * (3 + 12 * 79 * 0.04);
  expect(seconds).toBeGreaterThan(steps);
  // Four evaluations of 10,000 pictures beside 12 epochs of 5,000: forward only.
  expect(seconds).toBeLessThan(1.25 * steps);
  // What was not timed goes by the speed of what was.
  const all = estimate(fresh, { timings, engine: cpu });
  expect(all.basis).toBe('scaled');
  expect(all.seconds - seconds).toBeGreaterThan(10);
  expect(all.seconds - seconds).toBeLessThan(seconds / taught.length);
});
