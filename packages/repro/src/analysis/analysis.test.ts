import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PredictionCollector } from '../evaluation/predictions.js';
import { runFolder, writeConfig } from '../run-folder.js';
import { fakeRuns, quickCells } from '../testing/fake-runs.js';
import { ANALYSIS_VERSION, type CellAnalysis, readAnalysis, writeAnalysis } from './cell-analysis.js';
import { evenly, figuresOf, inBlocks, type NetworkOutputs } from './figures.js';
import { strideFor } from './look.js';
import { pendingAnalyses } from './pending.js';
import { principalPlane } from './principal-plane.js';

let out: string;
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), 'tempered-analysis-'));
});
afterEach(() => rmSync(out, { recursive: true, force: true }));

test('the principal plane holds the two directions of largest variance', () => {
  // Along (3, 4) / 5 much, along (-4, 3) / 5 some, along the third axis none.
  const rows = [-2, -1, 0, 1, 2].flatMap((a) => [-1, 1].map((b) => [7 + 3 * a - 0.4 * b, 4 * a + 0.3 * b, 5]));
  const plane = principalPlane(rows.flat(), 3);
  expect([...plane.x].map((value) => Math.round(value * 1e4) / 1e4 + 0)).toEqual([-10, -10, -5, -5, 0, 0, 5, 5, 10, 10]);
  expect([...plane.y].map((value) => Math.abs(Math.round(value * 1e4) / 1e4))).toEqual(new Array(10).fill(0.5));
  expect(plane.explained[0] + plane.explained[1]).toBeCloseTo(1, 6);
});

test('an offset and the order of rows change nothing; shares are sorted and at most the whole', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: -50, max: 50 }), fc.integer({ min: -9, max: 9 }), fc.integer({ min: -2, max: 2 })), {
        minLength: 3,
        maxLength: 20,
      }),
      (rows) => {
        const { explained, x } = principalPlane(rows.flat(), 3);
        expect(explained[0] + 1e-6).toBeGreaterThanOrEqual(explained[1]);
        expect(explained[0] + explained[1]).toBeLessThan(1 + 1e-9);
        expect(x.reduce((sum, value) => sum + value, 0)).toBeCloseTo(0, 6);
        const moved = principalPlane(
          rows.flatMap((row) => row.map((value) => value + 100)),
          3,
        );
        expect(moved.explained[0]).toBeCloseTo(explained[0], 6);
      },
    ),
  );
  expect(principalPlane([5, 5, 5, 5], 2)).toEqual({ x: new Float64Array(2), y: new Float64Array(2), explained: [0, 0] });
});

test('evenly spaced, each once', () => {
  expect(evenly(3, 10)).toEqual([0, 1, 2]);
  expect(evenly(100, 4)).toEqual([0, 25, 50, 75]);
});

test('a large square becomes block means, a small one stays', () => {
  expect(inBlocks([0, 1, 2, 3], 2)).toEqual({ side: 2, values: [0, 1, 2, 3] });
  expect(
    inBlocks(
      Array.from({ length: 16 }, (_, i) => i),
      4,
      2,
    ).values,
  ).toEqual([2.5, 4.5, 10.5, 12.5]);
});

test('every image of CIFAR is compared, of a thousand classes as many as seconds allow', () => {
  expect(strideFor(10_000, 100)).toBe(1);
  expect(strideFor(50_000, 1000)).toBe(25);
});

/** A network over four classes whose logits are those of the label, scaled, moved, and wrong on every fifth image. */
function outputs(scale: number, offset: number): NetworkOutputs {
  const labels = Int32Array.from({ length: 20 }, (_, n) => n % 4);
  const logits = Float32Array.from({ length: 80 }, (_, at) => {
    const [n, k] = [Math.floor(at / 4), at % 4];
    const answer = n % 5 === 0 ? (labels[n]! + 1) % 4 : labels[n];
    return offset + scale * ((k === answer ? 3 : 0) + 0.1 * k + 0.01 * (n % 3));
  });
  const collector = new PredictionCollector(4);
  collector.add(logits, labels);
  return {
    predictions: collector.result(),
    logits,
    pooled: Float32Array.from({ length: 60 }, (_, i) => Math.sin(i)),
    labels,
  };
}

test("a student that is its teacher, scaled and moved, has the teacher's order and correlations, and other means and deviations", () => {
  const found = figuresOf(outputs(2, 1), { name: 'resnet56', ...outputs(1, 0) }, ['a', 'b', 'c', 'd']);
  expect(found).toMatchObject({ images: 20, top1: 80, features: { classes: ['a', 'b', 'c', 'd'] } });
  expect(found.teacher).toMatchObject({ name: 'resnet56', top1: 80, top1Agreement: 1 });
  expect(found.teacher!.kendallTau).toBeCloseTo(1, 6);
  expect(found.teacher!.meanCorrelationDifference).toBeCloseTo(0, 5);
  expect(found.logits.y[0]! / found.teacher!.logits.y[0]!).toBeCloseTo(2, 2);
  expect(found.logits.x[3]! - 2 * found.teacher!.logits.x[3]!).toBeCloseTo(1, 2);
  expect(found.features.x.length).toBe(20);
  expect(figuresOf(outputs(1, 0), null, []).teacher).toBeNull();
});

test('figures are kept with what they were made from, and made anew where that changed', async () => {
  const [run] = fakeRuns(quickCells({ methods: ['kd'] }), () => 50);
  await writeConfig(out, run!.cell, {});
  expect(await pendingAnalyses(out, [run!])).toEqual([]);
  writeFileSync(join(runFolder(out, run!.cell), 'checkpoint.safetensors'), 'weights');
  const [pending] = await pendingAnalyses(out, [run!]);
  const analysis: CellAnalysis = {
    version: ANALYSIS_VERSION,
    cell: run!.cell.id,
    checkpoint: pending!.checkpoint,
    teacherWeights: run!.summary!.teacher!.sha256,
    testImages: 'f1',
    ...figuresOf(outputs(1, 0), null, []),
  };
  await writeAnalysis(out, analysis);
  expect(await readAnalysis(out, run!.cell)).toEqual(analysis);
  expect(await pendingAnalyses(out, [run!])).toEqual([]);
  writeFileSync(join(runFolder(out, run!.cell), 'checkpoint.safetensors'), 'other weights');
  expect(await pendingAnalyses(out, [run!])).toHaveLength(1);
  expect(await pendingAnalyses(out, [{ ...run!, summary: { ...run!.summary!, status: 'diverged' } }])).toEqual([]);
  writeFileSync(join(runFolder(out, run!.cell), 'analysis.json'), '{ torn');
  expect(await readAnalysis(out, run!.cell)).toBeNull();
});
