import { expect, test } from 'vitest';
import { type BenchResult, benchSteps, TORCH_FORMS } from './bench-step.js';
import type { BenchProcess } from './bench-step-process.js';
import type { BenchOrder } from './bench-step-protocol.js';
import { type BenchPrecision, parseRows } from './bench-step-rows.js';
import { goalLines, judge, opLines } from './bench-step-table.js';

/** A process whose steps take as long as it is told, and the orders that it got. */
function fake(ms: Record<string, number>, log: string[], name: string, parameters = { teacher: 2, student: 1 }): BenchProcess {
  return {
    ready: { versions: { [name.startsWith('ours') ? 'tensorflow' : 'torch']: '2' }, parameters },
    time: async ({ kind, steps, seconds }: BenchOrder) => {
      log.push(`${name} ${kind} ${steps ?? `${seconds} s`}`);
      return { ms: [ms[kind]!, ms[kind]!], peakMb: 100 };
    },
    close: async () => void log.push(`${name} closed`),
  };
}

async function measure(
  only: string,
  changes: {
    torchParameters?: { teacher: number; student: number };
    precisions?: BenchPrecision[];
    torchMs?: Record<string, number>;
  } = {},
) {
  const results: BenchResult[] = [];
  const log: string[] = [];
  const torchMs: Record<string, number> = { 'nchw-f32': 100, 'nhwc-f32': 80, 'nchw-bf16': 50, 'nhwc-bf16': 40, ...changes.torchMs };
  await benchSteps({
    rows: parseRows(only),
    steps: 4,
    rounds: 3,
    boxSeconds: 2,
    cores: 2,
    precisions: changes.precisions ?? ['f32', 'bf16'],
    signal: new AbortController().signal,
    launch: {
      ours: async ({ precision, cells }) =>
        fake(
          { student: precision === 'f32' ? 60 : 40, teacher: 30, full: 90, box: 10 },
          log,
          `ours-${precision}${cells > 1 ? '-group' : ''}`,
        ),
      torch: async ({ layout, precision, threads }) => {
        const ms = torchMs[`${layout}-${precision}`]!;
        const slower = threads === 1 ? 1.5 : 1;
        return fake(
          { student: ms, teacher: ms / 2, full: 1.5 * ms * slower },
          log,
          `${layout}-${precision}/${threads}`,
          changes.torchParameters,
        );
      },
    },
    onResult: (result) => results.push(result),
    onProgress: () => undefined,
  });
  return { results, log };
}

test('a row compares the parts that its work means, in both precisions of ours', async () => {
  const { results } = await measure(
    'student-step:resnet20,teacher-forward:resnet56,kd-step:resnet56:resnet20,kd-step-full:resnet56:resnet20',
  );
  const row = (work: string, precision: string): BenchResult => results.find((r) => r.work === work && r.precision === precision)!;
  expect(results).toHaveLength(8);
  expect(row('student-step', 'f32')).toMatchObject({
    teacher: null,
    ours_ms: 60,
    ratio_paper: 1.667,
    ratio_fastest: 0.667,
    threads: 2,
    batch: 64,
  });
  expect(row('teacher-forward', 'f32')).toMatchObject({ student: null, ours_ms: 30, ratio_paper: 1.667 });
  expect(row('kd-step', 'bf16')).toMatchObject({ ours_ms: 40, ratio_paper: 3.75, ratio_fastest: 1.5 });
  expect(row('kd-step-full', 'f32')).toMatchObject({ ours_ms: 90, torch: { 'nchw-f32': 150, 'nhwc-bf16': 60 }, ratio_paper: 1.667 });
  expect(row('kd-step', 'f32').spread).toEqual({ ours: 0, ...Object.fromEntries(TORCH_FORMS.map((form) => [form, 0])) });
});

test('networks of ImageNet are timed on eight images a step', async () => {
  const { results } = await measure('teacher-forward:ResNet34,student-step:ResNet18');
  expect(results.map(({ batch }) => batch)).toEqual([8, 8, 8, 8]);
});

test('models in common are timed once, contenders take turns, and every process is closed', async () => {
  const { log } = await measure('student-step:resnet20,kd-step:resnet56:resnet20');
  const timed = log.filter((line) => line.endsWith(' student 4'));
  expect(timed.slice(0, 6)).toEqual(
    ['ours-f32', 'ours-bf16', 'nchw-f32/2', 'nhwc-f32/2', 'nchw-bf16/2', 'nhwc-bf16/2'].map((name) => `${name} student 4`),
  );
  expect(timed).toHaveLength(18);
  expect(log.filter((line) => line.endsWith('closed'))).toHaveLength(6);
});

test('what takes over five seconds a step is timed once, and no spread is said of it', async () => {
  const { results, log } = await measure('student-step:resnet20', { torchMs: { 'nhwc-bf16': 6000 } });
  const calls = (name: string): string[] => log.filter((line) => line.startsWith(`${name} student`)).map((line) => line.split(' ').at(-1)!);
  expect(calls('nhwc-bf16/2')).toEqual(['1', '1']);
  expect(calls('nchw-bf16/2')).toEqual(['1', '2', '4', '4', '4']);
  expect(results[1]).toMatchObject({ precision: 'bf16', torch: { 'nhwc-bf16': 6000 }, ratio_fastest: 1.25 });
  expect(results[1]!.spread).toMatchObject({ 'nhwc-bf16': null, 'nchw-bf16': 0 });
});

test('the box takes the better of one process with all threads and one a core, in the forms that were fastest alone', async () => {
  const { results } = await measure('kd-step-full:resnet56:resnet20,box:resnet56:resnet20');
  const box = results.find(({ work }) => work === 'box')!;
  expect(box).toMatchObject({ precision: 'bf16', ours_ms: 10, ratio_paper: null });
  // Two processes of 90 ms a step each come to 45, one with both threads to 60.
  expect(box.torch).toEqual({ 'nchw-f32': null, 'nhwc-f32': null, 'nchw-bf16': 56.25, 'nhwc-bf16': 45 });
  expect(box.ratio_fastest).toBe(4.5);
});

test('in float32 alone nothing is measured in bfloat16, the box neither', async () => {
  const { results, log } = await measure('kd-step-full:resnet56:resnet20,box:resnet56:resnet20', { precisions: ['f32'] });
  expect(results.map(({ work, precision, torch }) => [work, precision, torch['nchw-bf16'], torch['nhwc-f32'] !== null])).toEqual([
    ['kd-step-full', 'f32', null, true],
    ['box', 'f32', null, true],
  ]);
  expect(log.filter((line) => line.includes('bf16'))).toEqual([]);
});

test('networks that differ are not compared', async () => {
  await expect(measure('student-step:resnet20', { torchParameters: { teacher: 2, student: 3 } })).rejects.toThrow('different parameters');
});

test('rows are asked for by name, a typo is wrong usage with its mend', () => {
  expect(parseRows(undefined)).toHaveLength(10);
  expect(parseRows('student-step:vgg8, box')).toEqual([
    { work: 'student-step', teacher: null, student: 'vgg8' },
    { work: 'box', teacher: 'resnet56', student: 'resnet20' },
    { work: 'box', teacher: 'resnet32x4', student: 'resnet8x4' },
  ]);
  expect(() => parseRows('student-stp')).toThrow("did you mean 'student-step'?");
  expect(() => parseRows('student-step:vgg88')).toThrow("did you mean 'vgg8'?");
  expect(() => parseRows('kd-step:resnet56')).toThrow('write kd-step:TEACHER:STUDENT');
});

test('results are judged by floor and aim', async () => {
  const { results } = await measure('student-step:resnet20');
  const judged = judge(results);
  expect(judged.map(({ precision, against, ratio, verdict }) => [precision, against, ratio, verdict])).toEqual([
    ['f32', 'paper', 1.667, 'aim'],
    ['bf16', 'paper', 2.5, 'aim'],
    ['bf16', 'fastest', 1, 'floor'],
  ]);
  expect(goalLines(judged).at(-1)).toMatch(
    /student-step {2}resnet20 {2}bf16 .*vs fastest +40\.0 ms +40\.0 ms +1\.00 +0\.95 +1\.15 {2}floor/,
  );
});

test('a step taken apart names what takes its time, and adds up the rest', () => {
  const ops = [
    { op: 'Conv2D', dtype: 'float32', ms: 8, count: 3 },
    { op: 'Relu', dtype: 'float32', ms: 1.95, count: 2 },
    { op: 'Add', dtype: 'float32', ms: 0.03, count: 4 },
    { op: 'NoOp', dtype: '', ms: 0.02, count: 1 },
  ];
  expect(opLines('resnet20 step in f32', ops)).toEqual([
    'resnet20 step in f32: 10.0 ms in ops',
    '     8.00 ms  80.0 %     3  Conv2D float32',
    '     1.95 ms  19.5 %     2  Relu float32',
    '     0.05 ms   0.5 %     5  all other ops',
  ]);
});
