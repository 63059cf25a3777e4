import { compareLogits } from '@tempered/kd';
import { calibrationOf } from '../evaluation/calibration.js';
import type { Predictions } from '../evaluation/predictions.js';
import type { CellAnalysis, FeaturePlane, Points, TeacherComparison } from './cell-analysis.js';
import { principalPlane } from './principal-plane.js';

/** What a network said to the test images: of all its predictions, of those looked at closely logits and features. */
export interface NetworkOutputs {
  predictions: Predictions;
  /** [N, K] and [N, D] of the images looked at, and their labels. */
  logits: Float32Array;
  pooled: Float32Array;
  labels: Int32Array;
}

/** Points of the scatter of means and deviations, classes of the plane, points of each. */
const [LOGIT_POINTS, PLANE_CLASSES, CLASS_POINTS] = [400, 8, 40];
/** The largest heat map; more classes are averaged in blocks. */
const MOST_SIDE = 100;

const rounded = (values: ArrayLike<number>, digits = 3): number[] => Array.from(values, (value) => Number(value.toFixed(digits)));
const top1Of = ({ ranks }: Predictions): number => (100 * ranks.filter((rank) => rank === 0).length) / ranks.length;

/** The figures of a student, beside its teacher where it has one. */
export function figuresOf(
  student: NetworkOutputs,
  teacher: (NetworkOutputs & { name: string }) | null,
  names: readonly string[],
): Omit<CellAnalysis, 'version' | 'cell' | 'checkpoint' | 'teacherWeights' | 'testImages'> {
  const { classes } = student.predictions;
  return {
    images: student.labels.length,
    top1: top1Of(student.predictions),
    ece: calibrationOf(student.predictions).ece,
    logits: logitPoints(student.logits, classes),
    features: featurePlane(student, names),
    teacher: teacher && compared(student, teacher, names),
  };
}

function compared(student: NetworkOutputs, teacher: NetworkOutputs & { name: string }, names: readonly string[]): TeacherComparison {
  const { classes } = student.predictions;
  const found = compareLogits({ values: student.logits, classes }, { values: teacher.logits, classes });
  return {
    name: teacher.name,
    top1: top1Of(teacher.predictions),
    ece: calibrationOf(teacher.predictions).ece,
    logits: logitPoints(teacher.logits, classes),
    features: featurePlane(teacher, names),
    top1Agreement: found.top1Agreement,
    kendallTau: found.kendallTau,
    meanCorrelationDifference: found.meanCorrelationDifference,
    correlationDifference: inBlocks(found.correlationDifference, classes),
  };
}

/** Mean and deviation (over K - 1) of the logits of some images, evenly spaced. */
function logitPoints(logits: Float32Array, classes: number): Points {
  const rows = evenly(logits.length / classes, LOGIT_POINTS).map((n) => logits.subarray(n * classes, (n + 1) * classes));
  const means = rows.map((row) => row.reduce((sum, value) => sum + value, 0) / classes);
  const deviations = rows.map((row, n) => Math.sqrt(row.reduce((sum, value) => sum + (value - means[n]!) ** 2, 0) / (classes - 1)));
  return { x: rounded(means), y: rounded(deviations) };
}

/** So many of 0 .. length - 1, evenly spaced; all where there are no more. */
export const evenly = (length: number, most: number): number[] => {
  const taken = Math.min(length, most);
  return Array.from({ length: taken }, (_, i) => Math.floor((i * length) / taken));
};

/** Features of a few classes, evenly spaced, in the plane in which those differ most. */
function featurePlane({ pooled, labels, predictions }: NetworkOutputs, names: readonly string[]): FeaturePlane {
  const dimensions = pooled.length / labels.length;
  const shown = evenly(predictions.classes, PLANE_CLASSES);
  const members = shown.map((label) => [...labels.keys()].filter((n) => labels[n] === label));
  const all = members.flat();
  const values = new Float32Array(all.length * dimensions);
  for (const [at, n] of all.entries()) values.set(pooled.subarray(n * dimensions, (n + 1) * dimensions), at * dimensions);
  if (all.length === 0) return { x: [], y: [], group: [], classes: [], explained: [0, 0] };
  const plane = principalPlane(values, dimensions);
  const starts = members.map((_, group) => members.slice(0, group).reduce((sum, list) => sum + list.length, 0));
  const kept = members.flatMap((list, group) => evenly(list.length, CLASS_POINTS).map((i) => ({ at: starts[group]! + i, group })));
  return {
    x: rounded(kept.map(({ at }) => plane.x[at]!)),
    y: rounded(kept.map(({ at }) => plane.y[at]!)),
    group: kept.map(({ group }) => group),
    classes: shown.map((label) => names[label] ?? String(label)),
    explained: rounded(plane.explained) as [number, number],
  };
}

/** A square of at most so many rows: block means of a larger one. */
export function inBlocks(values: ArrayLike<number>, classes: number, most = MOST_SIDE): { side: number; values: number[] } {
  const side = Math.min(classes, most);
  const edges = Array.from({ length: side + 1 }, (_, i) => Math.floor((i * classes) / side));
  const mean = (row: number, column: number): number => {
    let [sum, count] = [0, 0];
    for (let i = edges[row]!; i < edges[row + 1]!; i++)
      for (let j = edges[column]!; j < edges[column + 1]!; j++) {
        sum += values[i * classes + j]!;
        count++;
      }
    return sum / count;
  };
  return { side, values: rounded(Array.from({ length: side * side }, (_, at) => mean(Math.floor(at / side), at % side))) };
}
