import { readFileSync } from 'node:fs';
import { type GoldenCase, readGolden } from '@tempered/tensors/node';
import { beforeAll, describe, expect, test } from 'vitest';
import { losses } from '../losses/index.js';
import { type Digits, digitsOf, gather, rowOf, withDigits } from './digits.js';
import type { LossFile } from './fixture.js';
import { lossCases, type Observer, useBackend } from './loss-cases.js';
import { type ScheduleFile, scheduleCases } from './schedule-cases.js';

beforeAll(() => useBackend('cpu'));

const seen: Record<string, Digits> = {};
const observe: Observer = (name, fixture, computed) => {
  const row = rowOf(name);
  if (row) gather(seen, row, digitsOf(fixture, computed));
};

/** The same cases as `nx run kd:golden`, on the plain backend, so that the ordinary suite holds the losses to the last digit too. */
const suite = (cases: Iterable<GoldenCase>): void => {
  for (const { name, run } of cases) {
    test(name, async () => {
      expect(await run()).toEqual({ status: 'passed' });
    });
  }
};

describe('golden losses', () => suite(lossCases(readGolden<LossFile>('losses.json'), ['eager'], observe)));

describe('golden schedules', () => suite(scheduleCases(readGolden<ScheduleFile>('schedules.json'))));

describe('the digits that the documentation promises', () => {
  const kept = JSON.parse(readFileSync(new URL('../../golden-digits.json', import.meta.url), 'utf8')) as Record<string, Digits>;

  test('are kept for every loss that has fixtures', () => {
    expect(Object.keys(losses).filter((name) => !kept[name])).toEqual(['cc']);
    expect(new Set(Object.keys(seen))).toEqual(new Set(Object.keys(kept)));
  });

  test('are those of docs/losses.md', () => {
    const page = readFileSync(new URL('../../../../docs/losses.md', import.meta.url), 'utf8');
    expect(withDigits(page, kept)).toBe(page);
    for (const row of Object.keys(kept)) expect(page).toContain(`| \`${row}\` |`);
  });

  // Another folder of fixtures has other roundings.
  test.skipIf(process.env.TEMPERED_GOLDEN)('are kept by the plain backend', () => {
    for (const [row, digits] of Object.entries(seen)) {
      for (const key of ['toFloat64', 'toReference', 'gradient', 'temperature'] as const) {
        expect(digits[key], `${row}, ${key}`).toBeLessThanOrEqual(1.5 * kept[row]![key] + 1e-8);
      }
    }
  });
});
