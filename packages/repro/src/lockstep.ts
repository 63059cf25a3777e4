import { setImmediate } from 'node:timers/promises';
import { batchCount, type TrainingImages, trainingBatches } from '@tempered/data';
import type { EpochRecord } from './checkpoint.js';
import { type Accuracy, evaluateAll, inParallel } from './evaluate.js';
import { addFeed, FeedMeter, feedSince } from './feed-meter.js';
import { strongViewsOf } from './strong-views.js';
import type { TaughtBatch, Teaching } from './teaching.js';
import { RunFailure, type TrainingRun } from './training-run.js';

/** What happens while runs train. Epochs and steps count from 1. */
export interface LockstepListener {
  step?(run: TrainingRun, event: { epoch: number; step: number; steps: number; loss: number; msPerStep: number }): void;
  epoch?(run: TrainingRun, record: EpochRecord, accuracy: Accuracy | null): void;
  /** It leaves the group: its loss is no number, or its first step did not show what it has to. */
  failed?(run: TrainingRun, error: RunFailure): void;
}

export interface LockstepOptions {
  train: TrainingImages;
  test: TrainingImages;
  /** Null where nobody teaches. */
  teacher: Teaching | null;
  /** Runs under way at a time: with one intra-op thread each, as many as cores. */
  atOnce: number;
  /** Checkpoints are written at least so often, within an epoch too: what a kill can cost. Units: milliseconds. */
  saveEveryMs?: number | undefined;
  signal: AbortSignal;
  listener: LockstepListener;
}

/** Ten minutes: a save of a few megabytes costs nothing beside them. */
const SAVE_EVERY_MS = 600_000;

/**
 * Trains runs side by side over the same batches: each batch is made once and the teacher asked once, for all of them. Every
 * run keeps its own state and progress and takes part from where it stands, so the result is bit for bit that of the run alone.
 *
 * The teacher looks at the next batch while the students work on this one, and the pictures of the one after it are made meanwhile.
 *
 * Returns  the runs that came to their end; one that failed leaves the group. Aborting saves all of them at a step boundary
 *          and returns early.
 * Throws   RangeError when the runs do not share seed and batch size.
 */
export async function trainInLockstep(runs: readonly TrainingRun[], options: LockstepOptions): Promise<TrainingRun[]> {
  const { train, test, teacher, atOnce, signal, listener, saveEveryMs = SAVE_EVERY_MS } = options;
  const [first] = runs;
  if (!first) return [];
  const { seed, batchSize } = first.plan;
  if (runs.some(({ plan }) => plan.seed !== seed || plan.batchSize !== batchSize)) {
    throw new RangeError('runs that train in lockstep share seed and batch size');
  }
  const steps = batchCount(train.length, batchSize);
  const labels = Int32Array.from({ length: train.length }, (_, i) => train.label(i));
  let going = [...runs];
  const lastEpoch = Math.max(...runs.map(({ plan }) => plan.epochs));
  let saved = performance.now();

  for (let epoch = Math.min(...runs.map(({ progress }) => progress.epoch)); epoch <= lastEpoch; epoch++) {
    const inEpoch = (): TrainingRun[] => going.filter((run) => run.progress.epoch === epoch && !run.done);
    if (inEpoch().length === 0) continue;
    const startBatch = Math.min(...inEpoch().map(({ progress }) => progress.step));
    const meter = new FeedMeter();
    const batches = taughtBatches(
      train,
      teacher,
      { seed, epoch, batchSize, startBatch, views: inEpoch().some((run) => run.wantsViews) },
      meter,
    );
    const prepare = (): Promise<IteratorResult<TaughtBatch, void>> => {
      const next = batches.next();
      // Whoever awaits it later hears of a failure; until then it is not unhandled.
      next.catch(() => undefined);
      return next;
    };
    let read = { ...meter.record };
    let current = prepare();
    let looked = performance.now();
    try {
      for (let index = startBatch; index < steps; index++) {
        const { batch, taught, strong } = (await meter.standStill(current)).value as TaughtBatch;
        // What a step takes includes the wait for its teacher; the first batch's is mostly compilation.
        const began = index === startBatch ? performance.now() : looked;
        current = prepare();
        const taking = inEpoch().filter((run) => run.awaits(epoch, index));
        const jobs = taking.map((run) => async () => {
          const before = run.progress.lossSum;
          try {
            await meter.during(run.step({ batch, taught, strong, labels, stepsPerEpoch: steps }));
          } catch (error) {
            if (!(error instanceof RunFailure)) throw error;
            going = going.filter((other) => other !== run);
            listener.failed?.(run, error);
            return;
          }
          const loss = (run.progress.lossSum - before) / batch.count;
          const msPerStep = (performance.now() - began) / Math.max(1, taking.length);
          listener.step?.(run, { epoch, step: index + 1, steps, loss, msPerStep });
        });
        await inParallel(jobs, atOnce);
        // Eager steps never leave the thread; signals and messages are heard here.
        await setImmediate();
        meter.record.seconds += (performance.now() - looked) / 1000;
        looked = performance.now();
        const spent = feedSince(meter.record, read);
        read = { ...meter.record };
        for (const { progress } of taking) progress.feed = addFeed(progress.feed, spent);
        if (signal.aborted) {
          for (const run of going) if (!run.done) await run.save();
          return going.filter((run) => run.done);
        }
        if (performance.now() - saved < saveEveryMs) continue;
        for (const run of inEpoch()) await run.save();
        saved = performance.now();
      }
    } finally {
      await batches.return();
    }
    await finishEpoch(inEpoch(), epoch, steps, { test, atOnce, signal, listener });
    saved = performance.now();
    if (signal.aborted) return going.filter((run) => run.done);
  }
  return going.filter((run) => run.done);
}

/** The batches of an epoch, with what the teacher says of them where somebody teaches, and of their strong views where a run trains on two. */
async function* taughtBatches(
  train: TrainingImages,
  teacher: Teaching | null,
  plan: { seed: number; epoch: number; batchSize: number; startBatch: number; views: boolean },
  meter: FeedMeter,
): AsyncGenerator<TaughtBatch, void> {
  const strongOf = plan.views ? strongViewsOf(train, plan) : null;
  const batches = meter.ahead(trainingBatches(train, plan), (batch) => ({ ...batch, strong: strongOf?.(batch) ?? null }));
  if (teacher) yield* teacher.over(batches, plan, meter);
  else for await (const batch of batches) yield { batch, taught: {}, strong: null };
}

async function finishEpoch(
  runs: readonly TrainingRun[],
  epoch: number,
  steps: number,
  { test, atOnce, signal, listener }: Pick<LockstepOptions, 'test' | 'atOnce' | 'signal' | 'listener'>,
): Promise<void> {
  const evaluated = runs.filter(({ plan }) => plan.evaluates(epoch) || epoch === plan.epochs);
  let accuracies: Accuracy[];
  try {
    accuracies = await evaluateAll(
      evaluated.map((run) => run.classify),
      test,
      { atOnce, signal },
    );
  } catch (error) {
    if (!signal.aborted) throw error;
    // Stopped in the middle of an evaluation: the epoch's steps are saved, its evaluation is done again.
    for (const run of runs) await run.save();
    return;
  }
  for (const run of runs) {
    const at = evaluated.indexOf(run);
    const accuracy = at < 0 ? null : accuracies[at]!;
    const record = await run.finishEpoch(accuracy, steps);
    listener.epoch?.(run, record, accuracy);
  }
}
