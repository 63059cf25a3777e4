import { readFileSync } from 'node:fs';
import { tf } from '@tempered/tensors';
import { compile, loadEngine, loadSessionAddon } from '@tempered/tensors/node';
import { beforeAll, describe, expect, test } from 'vitest';
import type { LossContext, LossDefinition } from './loss.js';
import { type LossName, losses, lossNamed } from './losses/index.js';
import { eagerly, fed, flat, step } from './testing/loss-step.js';
import * as oracle from './testing/oracle.js';
import { columnsOf, withClasses, withFeatures, withImages } from './testing/rearranged.js';

const definitions = Object.entries(losses) as [LossName, LossDefinition][];

const NEEDS: Partial<Record<string, keyof LossContext['student']>> = {
  stages: 'stages',
  preacts: 'preacts',
  pooled: 'pooled',
  views: 'strong',
};

const STAGES = ['stages.1', 'stages.2', 'stages.3'];

/** Which of the student's features each loss reads: the stem (stage 0) serves none but those that are told to. */
const READS: Record<LossName, string[]> = {
  ce: ['logits', 'strong'],
  kd: ['logits'],
  dkd: ['logits'],
  mlkd: ['logits', 'strong'],
  pkt: ['pooled'],
  sp: ['stages.3'],
  vid: STAGES,
  crd: ['pooled'],
  srrl: ['pooled'],
  at: STAGES,
  fitnet: ['stages.2'],
  rkd: ['pooled'],
  nst: STAGES,
  kdsvd: STAGES,
  ofd: ['preacts.1', 'preacts.2', 'preacts.3'],
  reviewkd: ['pooled', ...STAGES],
  cc: ['pooled'],
  locality: ['stages.1', 'stages.2'],
};

/** What networks may bring on a bad day, and temperatures far out. */
const EXTREMES: Record<string, { context?: Partial<LossContext>; change?: ReturnType<typeof withFeatures> }> = {
  'values of 1e4': { change: withFeatures((value) => 1e4 * value) },
  'tiny values': { change: withFeatures((value) => 1e-6 * value) },
  'nothing but zeros': { change: withFeatures(() => 0) },
  'a dead student': { change: withFeatures((value, _, key) => (key.includes('student') ? 0 : value)) },
  'images that are all alike': { change: withImages([1, 1, 1, 1]) },
  'a temperature of 0.1': { context: { temperature: 0.1 } },
  'a temperature of 100': { context: { temperature: 100 } },
  'a temperature of 0.1 and values of 1e4': { context: { temperature: 0.1 }, change: withFeatures((value) => 1e4 * value) },
};

let compiled = false;

beforeAll(async () => {
  await loadEngine();
  compiled = loadSessionAddon() !== null;
  await tf.setBackend('cpu');
});

test('names are the keys of the registry, and unknown ones are not found', () => {
  for (const [name, definition] of definitions) expect(definition.name).toBe(name);
  expect(lossNamed('kd')).toBe(losses.kd);
  expect(lossNamed('toString')).toBeUndefined();
});

test('every loss has its row in docs/losses.md, with its weight and source', () => {
  const rows = readFileSync(new URL('../../../docs/losses.md', import.meta.url), 'utf8').split('\n');
  for (const [name, { defaults, needs, paper }] of definitions) {
    const row = rows.find((line) => line.startsWith(`| \`${name}\` |`) && line.includes('weight')) ?? '';
    expect(row).toContain(`weight ${defaults.weight}`);
    for (const need of needs) expect(row).toContain(need);
    expect(row).toContain(paper.replace('none', '').split(' ')[0]);
  }
});

describe.each(definitions)('%s', (name, definition) => {
  test('one step gives a finite scalar and finite gradients, of the shapes declared, and leaks nothing', () => {
    let result: Record<string, number[]> = {};
    expect(() => (result = eagerly(name, definition))).toLeakNothing();
    expect(result.value).toHaveLength(1);
    const inputs = flat(fed(name, definition));
    for (const [key, values] of Object.entries(result)) {
      expect(values.every(Number.isFinite), `${key} is finite`).toBe(true);
      const declared = key.startsWith('gradient/')
        ? inputs[key.slice(9)]
        : key.startsWith('buffer/')
          ? inputs[`buffers/${key.slice(7)}`]
          : undefined;
      if (key !== 'value') expect(declared?.values, `${key} is declared`).toHaveLength(values.length);
    }
  });

  test('the student and every trainable learn from it', () => {
    const result = eagerly(name, definition);
    const moved = (prefix: string): string[] =>
      Object.keys(result).filter((key) => key.startsWith(prefix) && result[key]!.some((value) => value !== 0));
    const student = 'gradient/features/student.';
    expect(moved(student).sort()).toEqual(READS[name].map((feature) => student + feature).sort());
    expect(moved('gradient/trainables/')).toEqual(Object.keys(fed(name, definition).trainables).map((key) => `gradient/trainables/${key}`));
  });

  test('what the seed starts is the same again, and another for another seed', () => {
    const [a, b, c] = [fed(name, definition, 5), fed(name, definition, 5), fed(name, definition, 6)];
    expect(a).toEqual(b);
    const drawn = Object.entries({ ...a.trainables, ...a.buffers }).filter(
      ([, { values }]) => values.length > 1 && values.some((v) => v !== values[0]),
    );
    for (const [key, { values }] of drawn) {
      if (!key.startsWith('margins.')) expect({ ...c.trainables, ...c.buffers }[key]!.values).not.toEqual(values);
    }
  });

  test('it asks for what it says it needs', () => {
    for (const need of definition.needs) {
      const key = NEEDS[need];
      if (key) {
        const without = (side: 'student' | 'teacher'): LossDefinition => ({
          ...definition,
          loss: (c, o) => {
            const { [key]: _, ...rest } = c[side];
            return definition.loss({ ...c, [side]: rest as LossContext['student'] }, o);
          },
        });
        // Some are read of one side alone: ReviewKD's teacher is read in front of the ReLU, its student behind it.
        const said = (['student', 'teacher'] as const).map((side) => {
          try {
            eagerly(name, without(side));
            return null;
          } catch (error) {
            expect((error as Error).message).toContain(`${name}: the ${side} brings no ${key}`);
            return side;
          }
        });
        expect(said, need).not.toEqual([null, null]);
      }
    }
  });

  test.runIf(definition.softens)('temperature and standardization act on it', () => {
    const base = eagerly(name, definition).value;
    expect(eagerly(name, definition, { temperature: 5 }).value).not.toEqual(base);
    expect(eagerly(name, definition, { standardize: true }).value).not.toEqual(base);
  });

  test.runIf(!definition.softens)('temperature and standardization leave it alone', () => {
    expect(eagerly(name, definition, { temperature: 5, standardize: true })).toEqual(eagerly(name, definition));
  });

  test.runIf(definition.defaults.warmupEpochs)('a warm-up scales it', () => {
    const [whole, half] = [eagerly(name, definition), eagerly(name, definition, { warmup: 0.5 })];
    expect(half.value).toBeNear(
      whole.value!.map((value) => value / 2),
      { relative: 1e-6 },
    );
  });

  test('the order of images does not matter: the value stays, gradients and memories follow', () => {
    const order = [2, 0, 3, 1];
    const [plain, shuffled] = [eagerly(name, definition), eagerly(name, definition, {}, withImages(order))];
    for (const [key, values] of Object.entries(plain)) {
      const rows = oracle.rows(values, values.length / order.length);
      const expected = key.startsWith('gradient/features/') ? order.flatMap((row) => rows[row]!) : values;
      const largest = Math.max(...values.map(Math.abs));
      expect(shuffled[key], key).toBeNear(expected, { absolute: 1e-4 * largest + 1e-7, relative: 1e-5 });
    }
  });

  test('the order of classes does not matter: the value stays, gradients to logits follow', () => {
    const order = [4, 0, 5, 2, 1, 3];
    for (const standardize of [false, true]) {
      const plain = eagerly(name, definition, { standardize });
      const renamed = eagerly(name, definition, { standardize }, withClasses(order));
      for (const [key, values] of Object.entries(plain)) {
        const expected = /student\.(logits|strong)$/.test(key) ? columnsOf(values, order) : values;
        const largest = Math.max(...values.map(Math.abs));
        expect(renamed[key], key).toBeNear(expected, { absolute: 1e-5 * largest + 1e-7, relative: 1e-5 });
      }
    }
  });

  test.each(Object.entries(EXTREMES))('stays finite, with its gradients, with %s', (_, { context, change }) => {
    for (const standardize of [false, true]) {
      const result = eagerly(name, definition, { standardize, ...context }, change);
      for (const [key, values] of Object.entries(result)) expect(values.every(Number.isFinite), `${key}, ${standardize}`).toBe(true);
    }
  });

  test('a single image is taken, or refused by the statistics that it has none of', () => {
    const alone = (): Record<string, number[]> => eagerly(name, definition, {}, withImages([1]));
    if (name === 'srrl' || name === 'reviewkd') expect(alone).toThrow(/more than one value/);
    else for (const [key, values] of Object.entries(alone())) expect(values.every(Number.isFinite), key).toBe(true);
  });

  test('eager is compiled', async ({ skip }) => {
    skip(!compiled, 'no session addon on this machine');
    const data = flat(fed(name, definition));
    const inputs = Object.fromEntries(
      Object.entries(data).map(([key, { shape, values }]) => [
        key,
        { shape, dtype: values instanceof Int32Array ? ('int32' as const) : ('float32' as const) },
      ]),
    );
    const program = await compile({ functions: { step: { inputs, run: (x) => step(name, definition, x) } } });
    try {
      const out = await program.run('step', Object.fromEntries(Object.entries(data).map(([key, { values }]) => [key, values])));
      const eager = eagerly(name, definition);
      const gradients = Object.entries(eager).flatMap(([key, values]) => (key.startsWith('gradient/') ? values : []));
      const largest = Math.max(...gradients.map(Math.abs));
      for (const [key, values] of Object.entries(eager)) {
        const tolerance = key.startsWith('gradient/') ? { absolute: 1e-4 * largest, relative: 0 } : { absolute: 1e-5, relative: 1e-4 };
        expect(out[key]!.data, key).toBeNear(values, tolerance);
      }
    } finally {
      program.dispose();
    }
  });
});
