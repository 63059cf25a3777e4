import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { epochPlan, VARIANTS } from '@tempered/data';
import { expect, test } from 'vitest';
import { profiles } from './profile.js';
import { selectCells } from './selection.js';
import { distinctViews, expectedBytes, parseBytes, readTeacherCache, VIEWS, withinDisk } from './teacher-cache.js';

test('on by default, in the folder of results; off, or a folder of its own', () => {
  const usual = { folder: join('/results', 'teacher-outputs'), mostBytes: 8e9, precision: 'float32' };
  expect(readTeacherCache({}, '/results')).toEqual(usual);
  expect(readTeacherCache({ teacherCache: 'on' }, '/results')).toEqual(usual);
  expect(readTeacherCache({ teacherCache: 'off' }, '/results')).toBe(null);
  const other = readTeacherCache({ teacherCache: '/kept', teacherCacheSize: '1.5 GB', teacherCachePrecision: 'f16' }, '/results');
  expect(other).toEqual({ folder: '/kept', mostBytes: 1.5e9, precision: 'float16' });
});

test('sizes are numbers with a unit', () => {
  expect([parseBytes('--x', '500MB'), parseBytes('--x', '8 gb'), parseBytes('--x', '0KB')]).toEqual([5e8, 8e9, 0]);
  for (const wrong of ['8', 'GB', '-1GB', '8 G', '1e3MB']) expect(() => parseBytes('--x', wrong)).toThrow(`'${wrong}' is not a size`);
});

test('a store never grows beyond half of what is free, wherever its folder will be', async () => {
  const cache = { folder: join(tmpdir(), 'not', 'there', 'yet'), mostBytes: 1e18, precision: 'float32' } as const;
  const { mostBytes } = await withinDisk(cache);
  expect(mostBytes).toBeGreaterThan(0);
  expect(mostBytes).toBeLessThan(1e17);
  expect((await withinDisk({ ...cache, mostBytes: 5 })).mostBytes).toBe(5);
});

test('so many views are different as the formula says: 48 % of the questions of 240 epochs are asked again', () => {
  expect(VIEWS).toBe(VARIANTS);
  expect(distinctViews(50_000, 1)).toBeCloseTo(50_000, 3);
  expect(1 - distinctViews(50_000, 240) / (50_000 * 240)).toBeCloseTo(0.4777, 4);
  const [pictures, epochs] = [400, 240];
  const seen = new Set<number>();
  for (let epoch = 1; epoch <= epochs; epoch++) {
    for (const { indices, variants } of epochPlan(pictures, { seed: 3, epoch, batchSize: 64 })) {
      indices.forEach((i, k) => {
        seen.add(i * VARIANTS + variants[k]!);
      });
    }
  }
  // Each of the 64,800 views is seen or not: the standard deviation of their number is below 130.
  expect(Math.abs(seen.size - distinctViews(pictures, epochs))).toBeLessThan(4 * 130);
});

test('the room that a sweep needs: by teacher, over its seeds; pooled features where a loss may read them', () => {
  const images = { dataset: 'cifar100', source: '', trainImages: 50_000, testImages: 10_000, fingerprint: 'x' };
  const sized = (methods: 'kd'[] | 'pkt'[], seeds: number[], precision: 'float32' | 'float16' = 'float32') => {
    const pairs = [{ teacher: 'resnet56', student: 'resnet20' } as const];
    return expectedBytes(selectCells({ pairs, methods, ls: 'off', curriculum: null, seeds }, profiles.paper, images), 100, { precision });
  };
  const one = distinctViews(50_000, 240) * 408;
  expect(sized(['kd'], [0])).toBeCloseTo(one, -3);
  expect(sized(['kd'], [0, 1])).toBeCloseTo(distinctViews(50_000, 480) * 408, -3);
  expect(sized(['pkt'], [0])).toBeCloseTo(2 * one, -3);
  expect(sized(['kd'], [0], 'float16')).toBeCloseTo((one * 208) / 408, -3);
});
