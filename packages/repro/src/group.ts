import { mkdir } from 'node:fs/promises';
import { lambdaAt } from '@tempered/kd';
import { createModel } from '@tempered/models';
import { stepRate } from '@tempered/tensors';
import type { TensorflowSession } from '@tempered/tensors/node';
import type { Cell } from './cell.js';
import { describeError } from './describe-error.js';
import { UserError } from './errors.js';
import { dataRecord, type TaughtCost, teacherOutputsRecord } from './feed-record.js';
import { closeGroupStores, openGroupStores } from './group-stores.js';
import { LiveProgressWriter } from './live-progress.js';
import { trainInLockstep } from './lockstep.js';
import { lossOf, needsTeacher } from './objective.js';
import { EVALUATIONS, profiles } from './profile.js';
import { provenance } from './provenance.js';
import { forgetFailure, runFolder, writeConfig, writeSummary } from './run-folder.js';
import { type RunLock, takeRunLockSoon } from './run-lock.js';
import type { CellSummary, GroupContext, RunGroup, TeacherRecord } from './run-types.js';
import { groupThreads, openSession, runFingerprint } from './session-plan.js';
import type { StudentOptions } from './student-program.js';
import { type CheckedTeacher, checkedTeacher } from './taught-by.js';
import { classifierOf } from './teacher-facts.js';
import { featureShapes, type TeacherOutput } from './teacher-outputs.js';
import { createTeacherProgram, type TeacherProgram } from './teacher-program.js';
import type { TeacherStores } from './teacher-store.js';
import { Teaching } from './teaching.js';
import { writeTensorBoard } from './tensorboard.js';
import { DivergedError, type StepRates, type TrainingPlan, TrainingRun } from './training-run.js';
import { untrainedTeacher } from './untrained-teacher.js';

/** The rates of a recipe: step decays after the named epochs, the curriculum's lambda, the ramp of the loss's weight. */
export function recipeRates({ recipe }: Cell): TrainingPlan['rates'] {
  const { optimizer, lrDecayEpochs, lrDecayRate, curriculum, warmupEpochs } = recipe;
  return (epoch): StepRates => ({
    learningRate: stepRate({ learningRate: optimizer.lr, decayEpochs: lrDecayEpochs, decayRate: lrDecayRate }, epoch),
    lambda: curriculum ? lambdaAt(curriculum, epoch) : 0,
    warmup: warmupEpochs > 0 ? Math.min(1, epoch / warmupEpochs) : 1,
  });
}

/** The cells' students at their first weights: those of a group share seed and classes, so each network is drawn once. */
function studentsOf(cells: readonly Cell[], classes: number): Map<string, Pick<StudentOptions, 'model' | 'weights'>> {
  const names = new Set(cells.map(({ recipe }) => recipe.student));
  return new Map(
    [...names].map((name) => {
      const model = createModel(name, { numClasses: classes });
      return [name, { model, weights: model.init(cells[0]!.seed) }];
    }),
  );
}

/** How a cell trains, under a teacher that may be none. */
function planOf(
  cell: Cell,
  out: string,
  { model, weights }: Pick<StudentOptions, 'model' | 'weights'>,
  samples: number,
  taught: CheckedTeacher | null,
): TrainingPlan {
  const { recipe, seed, id } = cell;
  const { momentum, weightDecay, nesterov } = recipe.optimizer;
  const { teacher } = taught ?? {};
  const readsClassifier = lossOf(recipe)?.needs.includes('classifier');
  const every = cell.profile === 'paper' ? 1 : Math.max(1, Math.floor(recipe.epochs / EVALUATIONS));
  return {
    id,
    folder: runFolder(out, cell),
    student: {
      model,
      ...(weights ? { weights } : {}),
      objective: recipe,
      optimizer: { momentum, weightDecay, nesterov },
      ...(teacher ? { shapes: featureShapes(model, teacher.model, recipe.batchSize, samples, teacher.weights) } : {}),
      ...(teacher && readsClassifier ? { classifier: classifierOf(teacher.model, teacher.weights) } : {}),
    },
    seed,
    epochs: recipe.epochs,
    batchSize: recipe.batchSize,
    rates: recipeRates(cell),
    proves: profiles[cell.profile].proves,
    evaluates: (epoch) => epoch % every === 0,
  };
}

/** A run's summary, out of what its checkpoint holds. */
function summarize(
  cell: Cell,
  run: TrainingRun,
  status: CellSummary['status'],
  engine: string,
  teacher: TeacherRecord | null,
  taught: TaughtCost,
): CellSummary {
  const { history, seconds, feed } = run.progress;
  const evaluated = history.filter(({ top1 }) => top1 !== null);
  const last = evaluated.at(-1);
  const best = evaluated.reduce((a, b) => (b.top1! > a.top1! ? b : a), evaluated[0] ?? { top1: 0, epoch: 0 });
  const temperature = history.at(-1)?.temperature;
  return {
    cell: cell.id,
    label: cell.label,
    seed: cell.seed,
    status,
    epochs: history.length,
    lastTop1: last?.top1 ?? 0,
    lastTop5: last?.top5 ?? 0,
    bestTop1: best.top1 ?? 0,
    bestEpoch: best.epoch,
    trainLoss: history.at(-1)?.loss ?? 0,
    ...(temperature === null || temperature === undefined ? {} : { temperature }),
    seconds: Math.round(seconds * 10) / 10,
    trainImages: cell.images.trainImages,
    testImages: cell.images.testImages,
    engine,
    teacher: cell.recipe.teacher ? teacher : null,
    ...(taught.kept !== 'none' && cell.recipe.teacher ? { teacherRows: { hits: feed.hits, misses: feed.asked - feed.hits } } : {}),
    data: dataRecord(feed),
    teacherOutputs: cell.recipe.teacher ? teacherOutputsRecord(feed, taught) : null,
  };
}

/** The one teacher of a group, checked; null where no cell needs one. */
async function teacherOf(cells: readonly Cell[], context: GroupContext): Promise<CheckedTeacher | null> {
  const taught = cells.filter(({ recipe }) => needsTeacher(recipe));
  const name = taught[0]?.recipe.teacher;
  if (!name) return null;
  if (taught.some(({ recipe }) => recipe.teacher !== name)) throw new Error('a lockstep group has one teacher');
  const { images, out, signal, onEvent } = context;
  if (taught.every(({ profile }) => profiles[profile].untrainedTeacher))
    return await untrainedTeacher(name, images.train, groupThreads(context.cores));
  const teacher = await checkedTeacher(name, images, out, signal);
  onEvent({ kind: 'teacher-evaluated', teacher: teacher.measured, recorded: teacher.recorded });
  return teacher;
}

/** Everything that a group holds while it works, to be given back in the end. */
interface Held {
  locks: RunLock[];
  runs: TrainingRun[];
  sessions: TensorflowSession[];
  teaching: TeacherProgram | null;
  stores: TeacherStores | null;
}

function giveBack({ locks, runs, sessions, teaching }: Held): void {
  for (const run of runs) run.dispose();
  teaching?.dispose();
  for (const session of sessions) session.close();
  for (const lock of locks) lock.release();
}

/**
 * Trains cells that share teacher, images, seed and precision in lockstep: each batch is made once, the teacher asked once, and
 * every cell keeps its own state, folder, checkpoint, record and failure. A cell goes on from its checkpoint.
 *
 * Returns  the summaries of the cells that ended (done or diverged); fewer when the signal stopped the group, after saving.
 *          A cell whose folder is in use, whose checkpoint is damaged, or whose first step does not show what it has to, is told of
 *          as 'failed' and left out.
 * Throws   UserError before any training for a missing or wrong teacher.
 */
export const runGroup: RunGroup = async (cells, context) => {
  const { images, out, signal, onEvent } = context;
  const [first] = cells;
  if (!first) return [];
  const threads = groupThreads(context.cores, context.threads);
  const engine = await runFingerprint(threads, first.precision);
  const held: Held = { locks: [], runs: [], sessions: [], teaching: null, stores: null };
  const open = (precision: Cell['precision']): TensorflowSession | null => {
    const session = openSession(threads, precision);
    if (session) held.sessions.push(session);
    return session;
  };
  const closeStores = async (): Promise<void> => {
    const { stores, runs } = held;
    held.stores = null;
    await closeGroupStores(stores, runs, onEvent);
  };
  const leave = (): void => {
    for (const lock of held.locks) lock.leave();
  };
  signal.addEventListener('abort', leave);
  try {
    const taught = await teacherOf(cells, context);
    const code = await provenance();
    const students = studentsOf(cells, images.train.classes);
    const cellOf = new Map<TrainingRun, Cell>();
    for (const cell of cells) {
      let run: TrainingRun;
      try {
        await mkdir(runFolder(out, cell), { recursive: true });
        held.locks.push(await takeRunLockSoon(runFolder(out, cell), signal));
        await forgetFailure(out, cell.id);
        await writeConfig(out, cell, { ...code, engine, threads, teacher: cell.recipe.teacher ? (taught?.measured ?? null) : null });
        const plan = planOf(cell, out, students.get(cell.recipe.student)!, images.train.length, taught);
        // A session looks at its whole graph whenever it grows or runs something new, so each cell has one of its own.
        run = await TrainingRun.open(plan, open(cell.precision), engine);
      } catch (error) {
        // What is wrong with one cell's folder keeps no other from running.
        onEvent({ kind: 'failed', cell: cell.id, message: describeError(error).text });
        continue;
      }
      held.runs.push(run);
      cellOf.set(run, cell);
      writeTensorBoard(runFolder(out, cell), run.progress.history);
      if (run.resumedFrom === null) continue;
      onEvent({ kind: 'resumed', cell: cell.id, epoch: run.progress.epoch, step: run.progress.step });
      if (run.resumedFrom !== engine) {
        onEvent({
          kind: 'message',
          cell: cell.id,
          message: `it began on another engine (${run.resumedFrom}); the result is not bit-equal to one on this engine alone`,
        });
      }
    }
    if (held.runs.length === 0) return [];
    if (taught) {
      held.teaching = await createTeacherProgram({
        ...taught.teacher,
        outputs: distinctOutputs(held.runs),
        session: open('f32'),
        scope: 'teacher',
      });
      held.stores = await openGroupStores(cells, context, taught.teacher, held.teaching, distinctOutputs(held.runs), threads);
    }
    const teacher = held.teaching && new Teaching(held.teaching, distinctOutputs(held.runs), images.train.classes, held.stores);
    const kept = held.stores?.weak.size && context.teacherCache ? context.teacherCache.precision : 'none';
    const knownCost = (await held.stores?.costOfRow()) ?? null;
    const summaries: CellSummary[] = [];
    const end = async (run: TrainingRun, status: CellSummary['status']): Promise<void> => {
      const summary = summarize(cellOf.get(run)!, run, status, engine, taught?.measured ?? null, { kept, knownCost });
      await writeSummary(out, summary);
      summaries.push(summary);
      onEvent({ kind: 'cell-done', cell: summary.cell, summary });
    };
    const diverged: TrainingRun[] = [];
    const ill: TrainingRun[] = [];
    const live = new LiveProgressWriter();
    const finished = await trainInLockstep(held.runs, {
      train: images.train,
      test: images.test,
      teacher,
      atOnce: threads.atOnce,
      saveEveryMs: context.saveEveryMs,
      signal,
      listener: {
        step: (run, event) => {
          live.note(run.plan.folder, event);
          onEvent({ kind: 'step', cell: run.plan.id, epochs: run.plan.epochs, ...event });
        },
        epoch: (run, { epoch, loss, temperature }, accuracy) => {
          writeTensorBoard(run.plan.folder, run.progress.history);
          onEvent({
            kind: 'epoch',
            cell: run.plan.id,
            epoch,
            epochs: run.plan.epochs,
            loss,
            ...(accuracy ? { top1: accuracy.top1, top5: accuracy.top5 } : {}),
            ...(temperature === null ? {} : { temperature }),
          });
        },
        failed: (run, error) => {
          ill.push(run);
          if (!(error instanceof DivergedError)) return onEvent({ kind: 'failed', cell: run.plan.id, message: error.message });
          diverged.push(run);
          onEvent({ kind: 'diverged', cell: run.plan.id, epoch: run.progress.epoch, step: run.progress.step + 1, message: error.message });
        },
      },
    });
    await closeStores();
    for (const lock of held.locks) lock.check();
    for (const run of diverged) await end(run, 'diverged');
    for (const run of finished) await end(run, 'done');
    for (const run of held.runs) {
      if (finished.includes(run) || ill.includes(run)) continue;
      onEvent({ kind: 'interrupted', cell: run.plan.id, epoch: run.progress.epoch, step: run.progress.step });
    }
    return summaries;
  } catch (error) {
    // Stopped while the teacher was being evaluated or the group set up: nothing was trained, nothing is lost.
    if (signal.aborted && !(error instanceof UserError)) return [];
    throw error;
  } finally {
    signal.removeEventListener('abort', leave);
    await closeStores();
    giveBack(held);
  }
};

/** Every output that some student wants, once. */
function distinctOutputs(runs: readonly TrainingRun[]): TeacherOutput[] {
  const byName = new Map(runs.flatMap(({ teacherInputs }) => teacherInputs).map((output) => [output.name, output]));
  return [...byName.values()];
}
