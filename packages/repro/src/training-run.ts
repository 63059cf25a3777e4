import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Model } from '@tempered/models';
import { NotFiniteError, type StatefulProgram, type Values, velocityOf } from '@tempered/tensors';
import type { TensorflowSession } from '@tempered/tensors/node';
import { stringify } from 'csv-stringify/sync';
import { writeAtomically } from './atomic-file.js';
import { type EpochRecord, freshProgress, loadCheckpoint, type Progress, saveCheckpoint } from './checkpoint.js';
import type { Accuracy, Classifier } from './evaluate.js';
import { firstStepFault } from './first-step.js';
import type { ExtraInputs, StepPlace } from './step-inputs.js';
import { createStudent, type StudentFunctions, type StudentOptions } from './student-program.js';
import type { TeacherOutput } from './teacher-outputs.js';

/** The numbers that a step is fed beside its batch. */
export interface StepRates {
  learningRate: number;
  /** The curriculum's lambda; 0 without one. */
  lambda: number;
  /** The ramp of the loss's weight; 1 without one. */
  warmup: number;
}

/** One network to be trained: a cell of a sweep, or a teacher. */
export interface TrainingPlan {
  /** Stands in the checkpoint, so that no run goes on from another one's. */
  id: string;
  /** Where checkpoint.safetensors and metrics.csv lie. */
  folder: string;
  student: Omit<StudentOptions, 'seed'>;
  seed: number;
  epochs: number;
  batchSize: number;
  /** Rates of a step; epochs count from 1, steps from 0 within the epoch. */
  rates(epoch: number, step: number, stepsPerEpoch: number): StepRates;
  /** Whether the first step is looked at: a gradient for every trainable, a loss that each option changes. */
  proves?: boolean;
  /** Whether an epoch ends with an evaluation; the last one always does. */
  evaluates(epoch: number): boolean;
}

/** What a step is given: the same for every run of a group. */
export interface StepData extends Pick<StepPlace, 'batch' | 'strong' | 'labels' | 'stepsPerEpoch'> {
  /** The teacher's outputs for the batch, by name. */
  taught: Readonly<Record<string, Values>>;
}

/** This run cannot go on, others can. */
export class RunFailure extends Error {
  override name = 'RunFailure';
}

/** Loss or gradient of a step was not a number. */
export class DivergedError extends RunFailure {
  override name = 'DivergedError';
}

/** The files of a run's folder. */
export const RUN_FILES = { checkpoint: 'checkpoint.safetensors', metrics: 'metrics.csv' } as const;

/** A network in training: its program, how far it has come, and its folder. */
export class TrainingRun {
  progress: Progress = freshProgress();
  /** Set when it goes on from a checkpoint that another engine wrote. */
  resumedFrom: string | null = null;

  private constructor(
    readonly plan: TrainingPlan,
    private readonly program: StatefulProgram<StudentFunctions['functions']>,
    readonly teacherInputs: readonly TeacherOutput[],
    private readonly extra: ExtraInputs,
    private readonly trainables: readonly string[],
    private readonly engine: string,
  ) {}

  /** Compiles the plan's student and goes on from its checkpoint where there is one. */
  static async open(plan: TrainingPlan, session: TensorflowSession | null, engine: string): Promise<TrainingRun> {
    await mkdir(plan.folder, { recursive: true });
    const student = await createStudent({ ...plan.student, seed: plan.seed, session, scope: plan.id });
    const { program, teacherInputs, extra, trainables } = student;
    const run = new TrainingRun(plan, program, teacherInputs, extra, trainables, engine);
    const checkpoint = await loadCheckpoint(join(plan.folder, RUN_FILES.checkpoint), plan.id, program.stateNames());
    if (checkpoint) {
      await program.writeState(checkpoint.state);
      run.progress = checkpoint.progress;
      run.resumedFrom = checkpoint.engine;
    }
    return run;
  }

  get model(): Model {
    return this.plan.student.model;
  }

  get done(): boolean {
    return this.progress.epoch > this.plan.epochs;
  }

  /** Whether it trains on a second view of each batch. */
  get wantsViews(): boolean {
    return this.extra.views;
  }

  /** Whether this batch of this epoch is the next one of this run. */
  awaits(epoch: number, step: number): boolean {
    return this.progress.epoch === epoch && this.progress.step === step;
  }

  /** One training step. Throws DivergedError when loss or gradient is no number; weights and checkpoint stay as they are. */
  async step({ batch, taught, strong, labels, stepsPerEpoch }: StepData): Promise<void> {
    const { plan, progress } = this;
    const { epoch, step } = progress;
    const began = performance.now();
    const given = Object.fromEntries(this.teacherInputs.map(({ name }) => [name, taught[name]!]));
    const extra = this.extra.values({ seed: plan.seed, epoch, step, stepsPerEpoch, batch, labels, strong });
    const rates = plan.rates(epoch, step, stepsPerEpoch);
    const inputs = { images: batch.images, labels: batch.labels, ...given, ...extra, ...rates };
    const first = plan.proves && epoch === 1 && step === 0;
    const before = first ? await this.program.readState(this.trainables) : null;
    const result = await this.program.run('step', inputs).catch((error: unknown) => {
      if (!(error instanceof NotFiniteError)) throw error;
      throw new DivergedError(
        `the ${error.what} was no finite number in epoch ${epoch}, step ${step + 1}; the weights are those before it`,
      );
    });
    if (before) {
      const after = await this.program.readState(this.trainables.map(velocityOf));
      const fault = await firstStepFault({ ...plan.student, seed: plan.seed }, inputs, this.trainables, before, after);
      if (fault) throw new RunFailure(fault);
    }
    const value = (name: string): number => result[name]!.data[0]!;
    progress.lossSum += value('loss') * batch.count;
    progress.crossEntropySum += value('crossEntropy') * batch.count;
    progress.correct += value('correct');
    progress.images += batch.count;
    progress.temperature = plan.student.objective.curriculum ? value('temperature') : null;
    progress.step++;
    this.#spend(began);
  }

  /** Logits of the network as it is now. */
  get classify(): Classifier {
    return async (images) => {
      const began = performance.now();
      const { logits } = await this.program.run('evaluate', { images });
      this.#spend(began);
      return logits!.data;
    };
  }

  /** Closes the epoch under way and saves. */
  async finishEpoch(accuracy: Accuracy | null, stepsPerEpoch: number): Promise<EpochRecord> {
    const { progress, plan } = this;
    const mean = (sum: number): number => sum / progress.images;
    const record: EpochRecord = {
      epoch: progress.epoch,
      learningRate: plan.rates(progress.epoch, stepsPerEpoch - 1, stepsPerEpoch).learningRate,
      loss: mean(progress.lossSum),
      crossEntropy: mean(progress.crossEntropySum),
      trainTop1: 100 * mean(progress.correct),
      top1: accuracy?.top1 ?? null,
      top5: accuracy?.top5 ?? null,
      temperature: progress.temperature,
      seconds: progress.epochSeconds,
    };
    const { history, seconds, feed } = progress;
    this.progress = {
      ...freshProgress(),
      epoch: progress.epoch + 1,
      temperature: progress.temperature,
      seconds,
      feed,
      history: [...history, record],
    };
    await this.save();
    return record;
  }

  /** Writes checkpoint and metrics as they are now; safe at every step boundary. */
  async save(): Promise<void> {
    const { plan, progress } = this;
    await saveCheckpoint(join(plan.folder, RUN_FILES.checkpoint), plan.id, progress, this.engine, await this.program.readState());
    await writeAtomically(join(plan.folder, RUN_FILES.metrics), stringify(progress.history, { header: true, columns: METRIC_COLUMNS }));
  }

  /** The trained weights by PyTorch name, in memory layout. */
  async weights(): Promise<Record<string, Float32Array>> {
    const state = await this.program.readState(this.model.tensors.map(({ name }) => name));
    return Object.fromEntries(Object.entries(state).map(([name, { data }]) => [name, data as Float32Array]));
  }

  dispose(): void {
    this.program.dispose();
  }

  #spend(began: number): void {
    const seconds = (performance.now() - began) / 1000;
    this.progress.epochSeconds += seconds;
    this.progress.seconds += seconds;
  }
}

const METRIC_COLUMNS: (keyof EpochRecord)[] = [
  'epoch',
  'learningRate',
  'loss',
  'crossEntropy',
  'trainTop1',
  'top1',
  'top5',
  'temperature',
  'seconds',
];
