import { expect, test } from 'vitest';
import type { BenchResult } from './bench-step.js';
import { profiles } from './profile.js';
import type { MethodName } from './recipes/index.js';
import { selectCells } from './selection.js';
import { stepTimes, sweepCost } from './sweep-cost.js';
import { costTables, paperPairs, replaceMarked } from './sweep-cost-table.js';
import { distinctViews } from './teacher-cache.js';

const row = (work: BenchResult['work'], name: string, ours: number, nchw: number, fastest: number): BenchResult =>
  ({
    work,
    teacher: work === 'teacher-forward' ? name : null,
    student: work === 'student-step' ? name : null,
    precision: 'f32',
    ours_ms: ours,
    torch: { 'nchw-f32': nchw, 'nhwc-f32': fastest, 'nchw-bf16': null, 'nhwc-bf16': null },
    batch: 64,
  }) as unknown as BenchResult;

const ROWS = [
  row('student-step', 'resnet20', 60, 80, 70),
  row('student-step', 'resnet8x4', 200, 300, 250),
  row('teacher-forward', 'resnet56', 40, 120, 100),
  row('teacher-forward', 'resnet32x4', 300, 480, 400),
];
const MACS: Record<string, number> = { resnet20: 40, resnet8x4: 160, resnet56: 125, resnet32x4: 1000, vgg8: 80 };
const macs = (model: string): number => MACS[model]!;

const cells = (methods: MethodName[], ls: 'off' | 'both' = 'off') =>
  selectCells({ pairs: [{ teacher: 'resnet56', student: 'resnet20' }], methods, ls, curriculum: null, seeds: [0] }, profiles.paper, {
    dataset: 'cifar100',
    source: '',
    trainImages: 50_000,
    testImages: 10_000,
    fingerprint: '',
  });
const STEPS = 240 * 782;
const hours = (ms: number): number => (STEPS * ms) / 3_600_000;

test("a network's own time is taken, else that of the nearest one, scaled", () => {
  expect(stepTimes(ROWS, 'student-step', 'resnet20', 'f32', macs)).toEqual({ ours: 60, paper: 80, fastest: 70, measured: true });
  expect(stepTimes(ROWS, 'student-step', 'vgg8', 'f32', macs)).toMatchObject({ measured: false });
  expect(stepTimes(ROWS, 'teacher-forward', 'vgg8', 'f32', macs)).toMatchObject({ ours: (40 * 80) / 125, measured: false });
  expect(() => stepTimes(ROWS, 'student-step', 'resnet20', 'bf16', macs)).toThrow("no row 'student-step' in bf16");
});

test('one training of 240 epochs asks its teacher for half of the views twice', () => {
  const cost = sweepCost(cells(['kd']), ROWS, 'f32', macs);
  expect(cost).toMatchObject({ cells: 1, studentSteps: STEPS, asked: 240 * 50_000, measured: true });
  expect(1 - cost.computed / cost.asked).toBeCloseTo(0.4777, 4);
  expect(cost.hours.paper).toBeCloseTo(hours(80 + 120), 6);
  expect(cost.hours.fastest).toBeCloseTo(hours(70 + 100), 6);
  expect(cost.hours.withoutStore).toBeCloseTo(hours(60 + 40), 6);
  expect(cost.hours.withStore).toBeCloseTo(hours(60) + ((cost.computed / 64) * 40) / 3_600_000, 6);
});

test('cells of one teacher share its views; strong views come once an epoch, feature maps at every step of a group', () => {
  const views = distinctViews(50_000, 240);
  expect(sweepCost(cells(['kd', 'dkd'], 'both'), ROWS, 'f32', macs).computed).toBeCloseTo(views, 3);
  const [mlkd] = cells(['mlkd']);
  const { epochs } = mlkd!.recipe;
  expect(sweepCost(cells(['mlkd'], 'both'), ROWS, 'f32', macs)).toMatchObject({
    cells: 2,
    asked: 2 * 2 * epochs * 50_000,
    computed: distinctViews(50_000, epochs) + epochs * 50_000,
  });
  const maps = sweepCost(cells(['kd', 'at' as MethodName]), ROWS, 'f32', macs);
  expect(maps.computed).toBeCloseTo(views + 240 * 50_000, 3);
});

test('the tables have a line for each of the fourteen pairs, and for all of them', () => {
  expect(paperPairs()).toHaveLength(14);
  const text = costTables(ROWS);
  expect(text.split('\n').filter((line) => line.includes('4 methods'))).toHaveLength(14);
  expect(text).toMatch(/\| resnet56 → resnet20: KD alone, 240 epochs \| 1 \| 0\.19 \| 12\.0 \| 6\.3 \| 10\.4 \| 8\.9 \|/);
  expect(text).toMatch(/\| resnet32x4 → ShuffleV2, 4 methods with and without LS \* \|/);
  expect(text).toContain('all 14 pairs, all methods');
});

test('only what stands between the marks is replaced', () => {
  const document = 'before\n<!-- cost: begin -->\nold\n<!-- cost: end -->\nafter\n';
  expect(replaceMarked(document, 'new')).toBe('before\n<!-- cost: begin -->\nnew\n<!-- cost: end -->\nafter\n');
  expect(() => replaceMarked('nothing', 'new')).toThrow("no '<!-- cost: begin -->'");
});
