import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomically } from '../atomic-file.js';
import type { Cell } from '../cell.js';
import { runFolder } from '../run-folder.js';

/** Points of a scatter plot: a list a coordinate. */
export interface Points {
  x: readonly number[];
  y: readonly number[];
}

/** Pooled features of images of a few classes in their principal plane. */
export interface FeaturePlane extends Points {
  /** Place in `classes` of each point. */
  group: readonly number[];
  /** Names of the classes shown. */
  classes: readonly string[];
  /** Share of the variance along x and y, 0 .. 1. */
  explained: readonly [number, number];
}

/** What a student's logits have in common with its teacher's, after the figures of the LS paper. */
export interface TeacherComparison {
  name: string;
  /** Percent of the images compared. */
  top1: number;
  ece: number;
  /** Mean (x) and standard deviation over K - 1 (y) of the logits of some images. */
  logits: Points;
  features: FeaturePlane;
  /** Share of images whose highest logit is the same class, 0 .. 1. */
  top1Agreement: number;
  /** Kendall's tau-b of the two orders of classes, mean over the images. */
  kendallTau: number;
  /** Mean of |corr(student) - corr(teacher)| over pairs of classes. */
  meanCorrelationDifference: number;
  /** The differences, [side, side] row by row; where there are more classes than `side`, each is the mean of a block. */
  correlationDifference: { side: number; values: readonly number[] };
}

/** `runs/<cell>/analysis.json`: what a trained student does with the test images. */
export interface CellAnalysis {
  version: typeof ANALYSIS_VERSION;
  cell: string;
  /** What it was made from: SHA-256 of the checkpoint and of the teacher's weights (null without one), and of the test images. */
  checkpoint: string;
  teacherWeights: string | null;
  testImages: string;
  /** Images looked at for the comparison and the planes, evenly spaced over the test set. */
  images: number;
  /** Percent of all test images, in float32. */
  top1: number;
  /** Expected calibration error, 0 .. 1. */
  ece: number;
  logits: Points;
  features: FeaturePlane;
  teacher: TeacherComparison | null;
}

/** Raised when figures are made otherwise, so that old ones are made anew. */
export const ANALYSIS_VERSION = 1;

const analysisPath = (out: string, cell: Pick<Cell, 'id'>): string => join(runFolder(out, cell), 'analysis.json');

/** A cell's figures; null where there are none, or none that can be used. They are made from other files, so a damaged one is no loss. */
export async function readAnalysis(out: string, cell: Pick<Cell, 'id'>): Promise<CellAnalysis | null> {
  try {
    const found = JSON.parse(await readFile(analysisPath(out, cell), 'utf8')) as CellAnalysis;
    return found.version === ANALYSIS_VERSION && found.cell === cell.id ? found : null;
  } catch {
    return null;
  }
}

export async function writeAnalysis(out: string, analysis: CellAnalysis): Promise<void> {
  await writeAtomically(analysisPath(out, { id: analysis.cell }), `${JSON.stringify(analysis)}\n`);
}
