import { expect, test } from 'vitest';
import { madeUpResult } from '../testing/reference-results.js';
import { finalComparisons, fullest, stepDifferences, timesAsFar, typicalDifference } from './compare.js';

const ours = (seed: number, ...top1: number[]) => madeUpResult('ours-cpu', 'f32', { seed, top1 });
const theirs = (seed: number, ...top1: number[]) => madeUpResult('torch-cuda', 'f32', { seed, top1 });

test('a mean difference within the larger spread of the two sides is within, a larger one is not', () => {
  const [within] = finalComparisons([ours(0, 10, 30), ours(1, 10, 31)], [theirs(0, 10, 30.5), theirs(1, 10, 33)]);
  expect(within).toMatchObject({ method: 'vanilla', difference: -1.25, spread: 2.5, within: true });
  expect(within!.seeds).toEqual([
    { seed: 0, ours: 30, theirs: 30.5 },
    { seed: 1, ours: 31, theirs: 33 },
  ]);
  const [outside] = finalComparisons([ours(0, 30), ours(1, 31)], [theirs(0, 32), theirs(1, 33)]);
  expect(outside).toMatchObject({ difference: -2, spread: 1, within: false });
});

test('one seed says nothing about a spread', () => {
  expect(finalComparisons([ours(0, 30)], [theirs(0, 30)])[0]!.within).toBeNull();
});

test('methods are compared apart, seeds of one side only and runs that stopped early not at all', () => {
  const kd = (side: string, top1: number[]) => madeUpResult(side, 'f32', { method: 'kd', top1 });
  const found = finalComparisons([ours(0, 30), ours(1, 99), kd('ours-cpu', [40])], [theirs(0, 31), kd('torch-cuda', [42]), theirs(2, 99)]);
  expect(found.map(({ method, difference }) => [method, difference])).toEqual([
    ['vanilla', -1],
    ['kd', -2],
  ]);
  expect(finalComparisons([kd('ours-cpu', [])], [kd('torch-cuda', [42])])).toEqual([]);
});

const stepped = (side: string, precision: string, losses: number[]) => madeUpResult(side, precision, { losses });

test('differences of steps are relative to the other side, as far as both go, and their rms', () => {
  const [found] = stepDifferences([stepped('ours-cpu', 'f32', [3, 2, 7])], [stepped('torch-cuda', 'f32', [4, 2.5])]);
  expect(found!.relative[0]).toBeCloseTo(0.25, 12);
  expect(found!.relative[1]).toBeCloseTo(0.2, 12);
  expect(found!.relative).toHaveLength(2);
  expect(typicalDifference(found!)).toBeCloseTo(Math.sqrt((0.0625 + 0.04) / 2), 12);
});

test('a float32 that meets float64 exactly counts as far from it as writing down in float32 is', () => {
  const distance = (...relative: number[]) => [{ method: 'vanilla', seed: 0, relative } as const];
  expect(timesAsFar(distance(0.003), distance(0.001))[0]).toBeCloseTo(3, 12);
  expect(timesAsFar(distance(0), distance(0))).toEqual([0]);
  expect(timesAsFar(distance(2 ** -23), distance(0))).toEqual([2]);
  expect(timesAsFar(distance(0.1), [])).toEqual([]);
});

test('a run that stopped early stays only where there is no whole one of its kind', () => {
  const early = madeUpResult('torch-cuda', 'f32', { losses: [4] });
  const exact = madeUpResult('torch-cuda', 'f64', { losses: [4] });
  const other = madeUpResult('torch-cuda', 'f32', { seed: 1, losses: [4] });
  expect(fullest([early, exact, other, theirs(0, 30)])).toEqual([exact, other, theirs(0, 30)]);
});
