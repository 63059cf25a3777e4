import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describeProcessor } from '@tempered/tensors/node';
import { stringify } from 'csv-stringify/sync';
import { makeFolder, writeAtomically } from '../atomic-file.js';
import type { Cell, Precision } from '../cell.js';
import { engineAbout } from '../engine-about.js';
import { UserError } from '../errors.js';
import { runGroup } from '../group.js';
import { loadRunImages } from '../images.js';
import { readMetrics } from '../read-metrics.js';
import { runFolder } from '../run-folder.js';
import type { RunEvent, RunImages } from '../run-types.js';
import { type Compared, cellOf, type Job, resultFolder, runsOf } from './job.js';
import { counted } from './record-words.js';
import type { AboutRun, EpochRow, StepRow } from './result.js';

export interface OurRuns {
  work: string;
  /** Methods that train side by side, one teacher for all of them. */
  methods: readonly Compared[];
  seed: number;
  precision: Precision;
  threads: number;
  /** Stop after so many steps, without an evaluation. */
  steps?: number | undefined;
  signal: AbortSignal;
  say(line: string): void;
}

/** The very images that the folder was prepared with. */
async function imagesOf({ images, files }: Job, signal: AbortSignal): Promise<RunImages> {
  const profile = { name: 'paper', trainImages: images.trainImages, testImages: null, otherImages: false } as const;
  const found = await loadRunImages({ dataset: 'cifar100', data: dirname(files.train[0]!), profile, signal });
  if (found.about.fingerprint === images.fingerprint) return found;
  throw new UserError({ what: 'these are not the images that the folder was prepared with', where: found.about.source });
}

/** Trains cells with the harness's own trainer, from their first step, and writes down what PyTorch's side writes down. */
export async function trainOurs(job: Job, options: OurRuns): Promise<void> {
  const { work, methods, seed, precision, threads, steps, say } = options;
  const began = performance.now();
  const out = steps === undefined ? runsOf(work) : join(work, 'first-steps');
  const cells = new Map(methods.map((method) => [method, cellOf(job, method, seed, precision)]));
  for (const cell of cells.values()) await rm(runFolder(out, cell), { recursive: true, force: true });
  const images = await imagesOf(job, options.signal);
  const engine = await engineAbout(precision);
  const losses = new Map([...cells.values()].map(({ id }): [string, StepRow[]] => [id, []]));
  const enough = new AbortController();
  const onEvent = (event: RunEvent): void => {
    if (event.kind === 'failed' || event.kind === 'diverged') throw new Error(event.message);
    if (event.kind === 'epoch') say(`epoch ${event.epoch}: loss ${event.loss.toFixed(4)}, ${event.top1?.toFixed(2)} % of the test images`);
    if (event.kind !== 'step' || event.epoch > 1) return;
    const rows = losses.get(event.cell)!;
    if (event.step <= Math.min(job.keptSteps, steps ?? job.keptSteps)) rows.push({ step: event.step, loss: event.loss });
    if (event.step === steps) enough.abort();
  };
  const signal = AbortSignal.any([options.signal, enough.signal]);
  const summaries = await runGroup([...cells.values()], { images, out, engine, cores: threads, signal, onEvent });
  for (const [method, cell] of cells) {
    const summary = summaries.find(({ cell: id }) => id === cell.id);
    if (!summary && steps === undefined) throw new Error(`${cell.id} was stopped`);
    const about: AboutRun = {
      side: `ours-${engine.name}`,
      method,
      seed,
      precision,
      threads,
      device:
        engine.name === 'cuda'
          ? 'GPU'
          : `CPU, ${counted(threads, 'core')}${methods.length > 1 ? ` for ${methods.length} methods side by side` : ''}`,
      versions: `${summary?.engine ?? engine.fingerprint}; ${describeProcessor().model}`,
      teacherTop1: summary?.teacher?.top1 ?? null,
      seconds: (performance.now() - began) / 1000,
    };
    await writeResult(resultFolder(work, about.side, about, steps), about, losses.get(cell.id)!, summary ? epochRows(cell, out) : []);
  }
}

/** The epochs of a run as its own metrics have them; the KD term is what the weighted cross-entropy leaves of the loss. */
function epochRows(cell: Cell, out: string): EpochRow[] {
  const { weights } = cell.recipe;
  return readMetrics(runFolder(out, cell)).map((row) => {
    const [loss, crossEntropy] = [Number(row.loss), Number(row.crossEntropy)];
    return {
      epoch: Number(row.epoch),
      learningRate: Number(row.learningRate),
      loss,
      crossEntropy,
      distillation: weights.kd === 0 ? 0 : (loss - weights.ce * crossEntropy) / weights.kd,
      top1: Number(row.top1),
      top5: Number(row.top5),
      seconds: Number(row.seconds),
    };
  });
}

async function writeResult(folder: string, about: AboutRun, steps: readonly StepRow[], epochs: readonly EpochRow[]): Promise<void> {
  await makeFolder(folder);
  await writeAtomically(join(folder, 'steps.csv'), stringify([...steps], { header: true, columns: ['step', 'loss'] }));
  const columns = ['epoch', 'learningRate', 'loss', 'crossEntropy', 'distillation', 'top1', 'top5', 'seconds'];
  await writeAtomically(join(folder, 'epochs.csv'), stringify([...epochs], { header: true, columns }));
  await writeAtomically(join(folder, 'about.json'), `${JSON.stringify(about, null, 2)}\n`);
}
