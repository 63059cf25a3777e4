import { createHash } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createModel, type ModelName } from '@tempered/models';
import { type OneCycleSchedule, oneCycleRate } from '@tempered/tensors';
import type { Precision } from './cell.js';
import { evaluateAll } from './evaluate.js';
import { trainInLockstep } from './lockstep.js';
import type { Objective } from './objective.js';
import { takeRunLock } from './run-lock.js';
import type { RunEvent, RunImages } from './run-types.js';
import { openSession, runFingerprint, soloThreads } from './session-plan.js';
import { createTeacherProgram } from './teacher-program.js';
import { ownTeachers, type TeacherFile, writeTeacher } from './teacher-record.js';
import { type TrainingPlan, TrainingRun } from './training-run.js';
import { readWeights } from './weights-file.js';

export interface TeacherTraining {
  model: ModelName;
  images: RunImages;
  epochs: number;
  seed: number;
  precision: Precision;
  /** Highest rate of the cycle; TEACHER_RECIPE's unless given. */
  peak?: number | undefined;
  /** Trained weights to go on from, in a cycle of their own, and how they came about. */
  from?: { file: string; origin: string } | undefined;
  out: string;
  /** The command line that asked for it; stands in the record. */
  command: string;
  signal: AbortSignal;
  onEvent(event: RunEvent): void;
}

/**
 * How a teacher is trained in few epochs: one cycle of the learning rate with Nesterov momentum. The paper's teachers took 240
 * epochs of steps; this reaches about as far in a tenth of them.
 */
export const TEACHER_RECIPE = {
  batchSize: 128,
  cycle: { peak: 0.25, warmup: 0.25 },
  optimizer: { momentum: 0.9, weightDecay: 5e-4, nesterov: true },
} as const;

/** Cross-entropy alone: nobody teaches a teacher. */
export const CROSS_ENTROPY_ONLY: Objective = {
  weights: { ce: 1, kd: 0, method: 0 },
  temperature: 1,
  standardize: false,
  curriculum: null,
  loss: null,
  options: {},
};

/** Evaluated this often on the way, so that a training gone wrong is seen. */
const EVALUATE_EVERY = 2;

/**
 * Trains a teacher and keeps it under `out/teachers`, with its record. Stopped by the signal it saves, and the same call goes
 * on from there.
 *
 * Returns  the record, or null when it was stopped.
 * Throws   UserError when somebody else works in its folder or its loss is no number any more.
 */
export async function trainTeacher(options: TeacherTraining): Promise<TeacherFile | null> {
  const { model: name, images, epochs, seed, precision, out, signal, onEvent } = options;
  const { train, test, about } = images;
  const { peak = TEACHER_RECIPE.cycle.peak, from } = options;
  const cycle = { ...TEACHER_RECIPE.cycle, peak };
  const start = from
    ? `-from-${createHash('sha256')
        .update(await readFile(from.file))
        .digest('hex')
        .slice(0, 8)}`
    : '';
  const rate = peak === TEACHER_RECIPE.cycle.peak ? '' : `-lr${peak}`;
  const id = `teacher-${about.dataset}-${name}-${epochs}e${rate}${start}-${about.trainImages}-${precision}-s${seed}`;
  const model = createModel(name, { numClasses: train.classes });
  const threads = soloThreads();
  const engine = await runFingerprint(threads, precision);
  const plan: TrainingPlan = {
    id,
    folder: join(out, 'runs', id),
    student: {
      model,
      objective: CROSS_ENTROPY_ONLY,
      optimizer: TEACHER_RECIPE.optimizer,
      ...(from ? { weights: await readWeights(from.file, model) } : {}),
    },
    seed,
    epochs,
    batchSize: TEACHER_RECIPE.batchSize,
    rates: (epoch, step, stepsPerEpoch) => ({
      learningRate: oneCycleRate(cycle, (epoch - 1) * stepsPerEpoch + step, epochs * stepsPerEpoch),
      lambda: 0,
      warmup: 1,
    }),
    evaluates: (epoch) => epoch % EVALUATE_EVERY === 0,
  };
  const session = openSession(threads, precision);
  const run = await TrainingRun.open(plan, session, engine);
  const lock = takeRunLock(plan.folder);
  try {
    if (run.resumedFrom !== null) onEvent({ kind: 'resumed', cell: id, epoch: run.progress.epoch, step: run.progress.step });
    let divergence: Error | null = null;
    const [finished] = await trainInLockstep([run], {
      train,
      test,
      teacher: null,
      atOnce: threads.atOnce,
      signal,
      listener: {
        step: (_, event) => onEvent({ kind: 'step', cell: id, epochs, ...event }),
        epoch: (_, record, accuracy) =>
          onEvent({
            kind: 'epoch',
            cell: id,
            epoch: record.epoch,
            epochs,
            loss: record.loss,
            ...(accuracy ? { top1: accuracy.top1, top5: accuracy.top5 } : {}),
          }),
        failed: (_, error) => {
          divergence = error;
          onEvent({ kind: 'diverged', cell: id, epoch: run.progress.epoch, step: run.progress.step + 1, message: error.message });
        },
      },
    });
    if (divergence) throw divergence;
    if (!finished) {
      onEvent({ kind: 'interrupted', cell: id, epoch: run.progress.epoch, step: run.progress.step });
      return null;
    }
    lock.check();
    const weights = await run.weights();
    const exact = await measure(model, weights, images, signal);
    const record: Omit<TeacherFile, 'sha256' | 'model' | 'classes'> = {
      dataset: about.dataset,
      top1: exact.top1,
      top5: exact.top5,
      testImages: exact.images,
      trainImages: about.trainImages,
      epochs,
      seed,
      precision,
      origin: `trained by this project on ${about.trainImages} images of ${about.dataset} from ${about.source}: ${describeRecipe(cycle)}${from ? `; from weights that were: ${from.origin}` : ''}`,
      command: options.command,
      engine,
      seconds: Math.round(run.progress.seconds),
    };
    await writeTeacher(ownTeachers(out), model, weights, record);
    await rm(join(plan.folder, 'checkpoint.safetensors'), { force: true });
    return { ...record, model: name, classes: model.numClasses, sha256: '' };
  } finally {
    lock.release();
    run.dispose();
    session?.close();
  }
}

function describeRecipe(cycle: OneCycleSchedule): string {
  const { batchSize, optimizer } = TEACHER_RECIPE;
  return (
    `batch ${batchSize}, SGD with Nesterov momentum ${optimizer.momentum}, weight decay ${optimizer.weightDecay}, ` +
    `one-cycle rate up to ${cycle.peak} over the first ${100 * cycle.warmup} %, random crop and flip`
  );
}

/** Accuracy in float32 on the whole test set, whatever the training's precision: what a record promises. */
async function measure(model: TrainingRun['model'], weights: Record<string, Float32Array>, { test }: RunImages, signal: AbortSignal) {
  const session = openSession(soloThreads(), 'f32');
  const program = await createTeacherProgram({ model, weights, outputs: [], session, scope: 'measured' });
  const [accuracy] = await evaluateAll([program.logits], test, { signal });
  program.dispose();
  session?.close();
  return accuracy!;
}
