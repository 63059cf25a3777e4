import { lossNamed } from '@tempered/kd';
import { createModel, type ModelName, summarize } from '@tempered/models';
import type { BenchResult } from './bench-step.js';
import type { Cell } from './cell.js';
import { stepsPerEpoch } from './estimate.js';
import { distinctViews } from './teacher-cache.js';

/** What a step costs of which the sides are measured: ours in one precision, PyTorch as the papers ran it and at its fastest. Units: ms. */
export interface StepTimes {
  ours: number;
  paper: number;
  fastest: number;
  /** False where the time is another network's, scaled by multiply-accumulates. */
  measured: boolean;
}

/** What training some cells that share teacher, images and seed takes. Units: pictures, steps, hours of one machine. */
export interface SweepCost {
  cells: number;
  studentSteps: number;
  /** Pictures that the teacher is asked about, each cell counted; and those that it has to look at with a store. */
  asked: number;
  computed: number;
  hours: { paper: number; fastest: number; withoutStore: number; withStore: number };
  /** False where a network's time is scaled from another's. */
  measured: boolean;
}

type Work = 'student-step' | 'teacher-forward';
type Rows = readonly Pick<BenchResult, 'work' | 'teacher' | 'student' | 'precision' | 'ours_ms' | 'torch' | 'batch'>[];

/**
 * Times of a network's step, from its own row, or scaled by multiply-accumulates from the row of the network nearest in them.
 *
 * Throws   RangeError where no row of that work and precision is there.
 */
export function stepTimes(rows: Rows, work: Work, model: string, precision: BenchResult['precision'], macs = macsOf): StepTimes {
  const alike = rows.filter((row) => row.work === work && row.precision === precision);
  const nameOf = (row: Rows[number]): string => (work === 'student-step' ? row.student : row.teacher)!;
  const distance = (row: Rows[number]): number => (nameOf(row) === model ? -1 : Math.abs(Math.log(macs(nameOf(row)) / macs(model))));
  const [nearest] = alike.toSorted((a, b) => distance(a) - distance(b));
  if (!nearest) throw new RangeError(`no row '${work}' in ${precision} is among the measured ones`);
  const measured = nameOf(nearest) === model;
  const scale = measured ? 1 : macs(model) / macs(nameOf(nearest));
  const forms = Object.values(nearest.torch).filter((ms) => ms !== null);
  const paper = nearest.torch['nchw-f32'];
  if (paper === null) throw new RangeError(`the row of ${nameOf(nearest)} has no time of PyTorch in float32`);
  return { ours: scale * nearest.ours_ms, paper: scale * paper, fastest: scale * Math.min(...forms), measured };
}

const known = new Map<string, number>();

/** Multiply-accumulates of a picture. */
function macsOf(model: string): number {
  let macs = known.get(model);
  if (macs === undefined) known.set(model, (macs = summarize(createModel(model as ModelName)).macs));
  return macs;
}

const MS_AN_HOUR = 3_600_000;
const needsOf = ({ recipe }: Cell): readonly string[] => (recipe.loss ? (lossNamed(recipe.loss)?.needs ?? []) : []);
/** Passes through student and teacher for a step: MLKD shows each picture in two views. */
const viewsOf = (cell: Cell): number => (needsOf(cell).includes('views') ? 2 : 1);
/** Whether what the cell reads of its teacher can be kept. */
const isKept = (cell: Cell): boolean => !needsOf(cell).some((need) => need === 'stages' || need === 'preacts');

/**
 * What the cells of one teacher and one seed cost: PyTorch trains each by itself and asks the teacher at every step; so do we
 * without a store, while with one each view is computed once for all of them, feature maps excepted, and strong views once an epoch.
 * A student's step is timed with KD; what other losses add to it is left out on both sides.
 */
export function sweepCost(cells: readonly Cell[], rows: Rows, precision: BenchResult['precision'], macs = macsOf): SweepCost {
  const hours = { paper: 0, fastest: 0, withoutStore: 0, withStore: 0 };
  let [studentSteps, asked, measured] = [0, 0, true];
  const taught = cells.filter(({ recipe }) => recipe.teacher);
  for (const cell of cells) {
    const { recipe } = cell;
    const steps = recipe.epochs * stepsPerEpoch(cell);
    const passes = steps * viewsOf(cell);
    const student = stepTimes(rows, 'student-step', recipe.student, precision, macs);
    const teacher = recipe.teacher ? stepTimes(rows, 'teacher-forward', recipe.teacher, 'f32', macs) : null;
    const took = (side: 'ours' | 'paper' | 'fastest'): number => (passes * (student[side] + (teacher?.[side] ?? 0))) / MS_AN_HOUR;
    hours.paper += took('paper');
    hours.fastest += took('fastest');
    hours.withoutStore += took('ours');
    hours.withStore += (passes * student.ours) / MS_AN_HOUR;
    studentSteps += steps;
    if (teacher) asked += recipe.epochs * cell.images.trainImages * viewsOf(cell);
    measured &&= student.measured && (teacher?.measured ?? true);
  }
  const computed = taught.length > 0 ? computedPictures(taught) : 0;
  const [first] = taught;
  if (first) {
    const { ours } = stepTimes(rows, 'teacher-forward', first.recipe.teacher!, 'f32', macs);
    hours.withStore += ((computed / first.recipe.batchSize) * ours) / MS_AN_HOUR;
  }
  return { cells: cells.length, studentSteps, asked, computed, hours, measured };
}

/** Pictures that a teacher looks at with a store: for feature maps at each step of a group, else each view once. */
function computedPictures(taught: readonly Cell[]): number {
  const epochsOf = (some: readonly Cell[]): number => Math.max(0, ...some.map(({ recipe }) => recipe.epochs));
  const pictures = taught[0]!.images.trainImages;
  const kept = taught.filter(isKept);
  const maps = taught.filter((cell) => !isKept(cell));
  const strong = kept.filter((cell) => viewsOf(cell) === 2);
  const students = new Set(maps.map(({ recipe }) => recipe.student)).size;
  return distinctViews(pictures, epochsOf(kept)) + pictures * (epochsOf(strong) + students * epochsOf(maps));
}
