import { availableParallelism } from 'node:os';
import type { Cell } from './cell.js';
import { readPaperTable } from './paper.js';
import { EVALUATIONS } from './profile.js';
import type { StoredRun } from './run-folder.js';
import { networksOf, type StepTiming, type Timings, timingKey } from './timings.js';

/** Multiply-accumulates a second of two cores, as lockstep groups reached it (design notes: 37 ms a resnet20 step in bf16). */
const TWO_CORES = { bf16: 220e9, f32: 125e9 } as const;
/** Tracing and loading a cell's programs, on one core. Units: seconds. */
const START = 5;
/** How much slower plain tfjs is than TensorFlow. */
const PLAIN_SLOWER = 150;
/** Of a network that the published table does not have. */
const UNKNOWN_MACS = 100e6;

/**
 * What an estimate rests on, the surest first: finished cells of the same kind here; steps of each kind timed here; for some cells steps
 * of other networks timed here; what two cores usually do.
 */
export type Basis = 'measured' | 'timed' | 'scaled' | 'typical';

export interface Estimate {
  seconds: number;
  /** That of the least sure part. */
  basis: Basis;
}

/** A cell, and what of it is left: 1 for a fresh one. */
export interface CellShare {
  cell: Cell;
  share: number;
}

export interface Known {
  finished?: readonly StoredRun[];
  timings?: Timings;
  engine: { name: string; fingerprint: string };
}

const macsOf = (model: string): number =>
  Number(readPaperTable('models').find((row) => row.model === model)?.macs ?? Number.NaN) || UNKNOWN_MACS;

/** Optimizer steps of an epoch; the last batch may be smaller. */
export const stepsPerEpoch = ({ images, recipe }: Cell): number => Math.ceil(images.trainImages / recipe.batchSize);

/** Work of a cell's steps: forward and backward, and its share of the teacher. Units: multiply-accumulates. */
const trainingWork = ({ recipe, images }: Cell, sharing: number): number =>
  recipe.epochs * images.trainImages * (3 * macsOf(recipe.student) + (recipe.teacher ? macsOf(recipe.teacher) / sharing : 0));

/** Work of its evaluations. */
function evaluationWork({ recipe, images, profile }: Cell): number {
  const evaluations = profile === 'paper' ? recipe.epochs : Math.min(recipe.epochs, EVALUATIONS);
  return evaluations * images.testImages * macsOf(recipe.student);
}

const BASES: readonly Basis[] = ['measured', 'timed', 'scaled', 'typical'];

/** How long cells will take. Units: seconds of the whole machine. */
export function estimate(cells: readonly CellShare[], { finished = [], timings = new Map(), engine }: Known): Estimate {
  const sharing = Math.max(1, cells.filter(({ cell }) => cell.recipe.teacher).length);
  const known = finished.filter(({ summary }) => summary?.status === 'done' && summary.seconds > 0);
  const cores = availableParallelism();
  const timed = cells.flatMap(({ cell }) => {
    const timing = timings.get(timingKey(cell, engine.fingerprint));
    return timing ? [{ cell, timing }] : [];
  });
  const workOf = (cell: Cell): number => trainingWork(cell, sharing) + evaluationWork(cell);
  let least = 0;
  const seconds = cells.reduce((sum, { cell, share }) => {
    const [basis, time] = timeOf(cell);
    least = Math.max(least, BASES.indexOf(basis));
    return sum + share * time;
  }, 0);
  return { seconds, basis: BASES[least]! };

  function timeOf(cell: Cell): [Basis, number] {
    const { student, teacher, loss } = cell.recipe;
    const alike = known.find(
      ({ cell: { recipe, precision } }) =>
        recipe.student === student && recipe.teacher === teacher && recipe.loss === loss && precision === cell.precision,
    );
    // Cells of a group work side by side, so each one's seconds are a core's.
    if (alike) return ['measured', (alike.summary!.seconds / cores) * (workOf(cell) / workOf(alike.cell))];
    const timing = timings.get(timingKey(cell, engine.fingerprint));
    if (timing) return ['timed', secondsOf(cell, timing)];
    const likened = likenedTo(cell);
    if (likened) return ['scaled', secondsOf(cell, likened)];
    const speed = speedOf(cell);
    if (speed) return ['scaled', workOf(cell) / speed];
    const steps = workOf(cell) / ((TWO_CORES[cell.precision] * cores) / 2);
    return ['typical', engine.name === 'plain' ? PLAIN_SLOWER * steps : START / cores + steps];
  }

  function secondsOf(cell: Cell, { secondsPerStep, secondsToStart }: StepTiming): number {
    const training = cell.recipe.epochs * stepsPerEpoch(cell) * secondsPerStep;
    return secondsToStart + training * (1 + evaluationWork(cell) / trainingWork(cell, cores));
  }

  /** From steps of the same networks under another loss, by what the two losses took of each other under networks that saw both. */
  function likenedTo(cell: Cell): StepTiming | null {
    const base = timed.find((other) => networksOf(other.cell) === networksOf(cell));
    if (!base) return null;
    for (const { cell: other, timing } of timed) {
      if (other.recipe.loss !== cell.recipe.loss) continue;
      const beside = timed.find(
        (third) => networksOf(third.cell) === networksOf(other) && third.cell.recipe.loss === base.cell.recipe.loss,
      );
      if (!beside) continue;
      const ratio = timing.secondsPerStep / beside.timing.secondsPerStep;
      return { ...base.timing, secondsPerStep: base.timing.secondsPerStep * ratio };
    }
    return base.timing;
  }

  /** Multiply-accumulates a second in the timed steps of other cells of this plan. */
  function speedOf({ precision }: Cell): number | null {
    const speeds = timed
      .filter(({ cell }) => cell.precision === precision)
      .map(({ cell, timing }) => trainingWork(cell, cores) / (cell.recipe.epochs * stepsPerEpoch(cell) * timing.secondsPerStep));
    return speeds.length === 0 ? null : speeds.reduce((sum, speed) => sum + speed, 0) / speeds.length;
  }
}
