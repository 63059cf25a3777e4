import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { madeUpJob, madeUpResult } from '../testing/reference-results.js';
import { recordText, writeRecord } from './record.js';
import type { RunResult } from './result.js';

const SIDES = [
  { side: 'ours-cpu', precision: 'bf16', off: 0.5, apart: 2e-4 },
  { side: 'ours-cpu', precision: 'f32', off: 0.25, apart: 2e-7 },
  { side: 'torch-cuda', precision: 'f32', off: 0, apart: 0 },
] as const;

/** Two seeds of each side; `add` goes onto our accuracies, `times` multiplies how far our losses are off. */
const results = ({ add = 0, times = 1 } = {}): RunResult[] =>
  SIDES.flatMap(({ side, precision, off, apart }) =>
    [0, 1].map((seed) => {
      const mine = side === 'ours-cpu';
      const top1 = [10 + seed, 30 + seed + off + (mine ? add : 0)];
      return madeUpResult(side, precision, {
        method: 'kd-ls',
        seed,
        top1,
        losses: [4 * (1 + times * apart), 3, 2, 2.5 * (1 + times * apart)],
      });
    }),
  );

test('a record says in words who ran, and that everything agrees', () => {
  const text = recordText(madeUpJob(['vanilla', 'kd-ls']), results(), { title: 'Both', note: 'Eight runs side by side.' });
  expect(text).toMatch(/^# Both\n\nEight runs side by side\.\n\n/);
  expect(text).toContain('resnet8x4 (KD: under resnet32x4) on 500 training images');
  expect(text).toContain("| method | seeds | ours, f32 | PyTorch, f32 on the GPU | mean difference | seeds' spread | within |");
  expect(text).toContain('| KD+LS | 0, 1 | 30.25, 31.25 | 30.00, 31.00 | +0.25 | 1.00 | yes |');
  expect(text).toContain('| KD+LS | 0 | 2 | 0.005 | 3.0000 |');
  expect(text).toContain("The first step's losses agree to 2.0e-7 (at most 1.0e-5 is allowed): **yes**.");
  expect(text).toContain(
    'by at most 2.0e-7 at step 1, 0 at step 2, 0 at step 3; over the steps after that, up to 20, by 2.0e-7 in the median',
  );
  expect(text).toContain('71.62 % (ours, f32)');
  expect(text).not.toMatch(/NaN|Infinity|undefined|resnet56|\*\*no\*\*/);
});

test('a record says no where accuracies or first steps are too far apart', () => {
  const text = recordText(madeUpJob(['kd-ls']), results({ add: -3, times: 1000 }), { title: 'Both' });
  expect(text).toContain('| KD+LS | 0, 1 | 27.25, 28.25 | 30.00, 31.00 | -2.75 | 1.00 | **no** |');
  expect(text).toContain('agree to 2.0e-4 (at most 1.0e-5 is allowed): **no**');
});

test('float64 says how far is far', () => {
  const exact = [0, 1].map((seed) => madeUpResult('torch-cuda', 'f64', { method: 'kd-ls', seed, losses: [4, 3, 2, 2.5] }));
  const text = recordText(madeUpJob(['kd-ls']), [...results(), ...exact], { title: 'Both' });
  expect(text).toMatch(/at most 2\.4 times as far from float64 as PyTorch's float32 does \(at most 3 is allowed\): \*\*yes\*\*/);
  expect(recordText(madeUpJob(['kd-ls']), [...results({ times: 2 }), ...exact], { title: 'Both' })).toContain(
    '(at most 3 is allowed): **no**',
  );
  expect(text).toContain('| PyTorch, f64 on the GPU, first 4 steps | KD+LS |');
});

test('one seed is said to be too few', () => {
  const text = recordText(
    madeUpJob(['kd-ls']),
    results().filter(({ about }) => about.seed === 0),
    { title: 'Both' },
  );
  expect(text).toContain('| +0.25 |  | two seeds needed |');
});

test('the files of a record name no folder of the machine, and rates are plain', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'record-'));
  onTestFinished(async () => await rm(folder, { recursive: true }));
  await writeRecord(folder, madeUpJob(['kd-ls']), results(), { title: 'Both' });
  const read = async (name: string): Promise<string> => await readFile(join(folder, name), 'utf8');
  expect(await read('config.json')).not.toContain('somewhere');
  expect(JSON.parse(await read('config.json'))).toMatchObject({ files: { train: ['train.bin'] }, teacherTop1: 79.42 });
  expect((await read('epochs.csv')).split('\n')[2]).toBe('ours-cpu,kd-ls,0,bf16,2,0.005,3,3,0,30.5,61,9');
  expect((await read('runs.csv')).trim().split('\n')).toHaveLength(7);
  expect(await read('steps.csv')).toContain('torch-cuda,kd-ls,1,f32,4,2.5');
  expect(await read('README.md')).toMatch(/^# Both\n/);
});

test('results of one side alone are no record', () => {
  expect(() => recordText(madeUpJob(['kd-ls']), results().slice(0, 4), { title: 'Both' })).toThrow('no finished runs of both sides');
});
