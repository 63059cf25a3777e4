import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Model } from '@tempered/models';
import { type HostTensor, readSafetensors, type StoredTensors, type Values, writeSafetensors } from '@tempered/tensors';
import { writeAtomically } from './atomic-file.js';
import { messageOf, UserError } from './errors.js';
import { type FeedRecord, freshFeed } from './feed-meter.js';

/** One epoch of a run as metrics.csv has it. */
export interface EpochRecord {
  epoch: number;
  learningRate: number;
  /** Means over the epoch's images. */
  loss: number;
  crossEntropy: number;
  trainTop1: number;
  /** Percent of the test images; null in epochs that were not evaluated. */
  top1: number | null;
  top5: number | null;
  temperature: number | null;
  seconds: number;
}

/** How far a run has come: everything beside the tensors that going on from here needs. */
export interface Progress {
  /** The epoch under way, counted from 1; epochs + 1 when all are done. */
  epoch: number;
  /** Batches of it that are done. */
  step: number;
  /** Sums over the images of the epoch so far. */
  lossSum: number;
  crossEntropySum: number;
  correct: number;
  images: number;
  temperature: number | null;
  /** Seconds of work in this epoch, and in all. */
  epochSeconds: number;
  seconds: number;
  /** What feeding took in all epochs so far. */
  feed: FeedRecord;
  history: EpochRecord[];
}

export interface Checkpoint {
  progress: Progress;
  /** The engine's fingerprint: only under the same one is going on bit-equal to never having stopped. */
  engine: string;
  state: Record<string, Values>;
}

export const freshProgress = (): Progress => ({
  epoch: 1,
  step: 0,
  lossSum: 0,
  crossEntropySum: 0,
  correct: 0,
  images: 0,
  temperature: null,
  epochSeconds: 0,
  seconds: 0,
  feed: freshFeed(),
  history: [],
});

/** The metadata key by which a checkpoint is told from a state dict. */
export const CHECKPOINT_RUN = 'tempered.run';

/** Metadata keys of a checkpoint. */
const KEY = { run: CHECKPOINT_RUN, progress: 'tempered.progress', engine: 'tempered.engine' };

/** Writes a run's whole state, by name, into one safetensors file, atomically. */
export async function saveCheckpoint(
  path: string,
  run: string,
  progress: Progress,
  engine: string,
  state: Record<string, HostTensor>,
): Promise<void> {
  const tensors: StoredTensors = new Map(
    Object.entries(state).map(([name, { shape, data }]) => [
      name,
      { dtype: 'float32', shape: [...shape], data: data as Float32Array<ArrayBuffer> },
    ]),
  );
  const metadata: [string, string][] = [
    [KEY.run, run],
    [KEY.progress, JSON.stringify(progress)],
    [KEY.engine, engine],
  ];
  await writeAtomically(path, writeSafetensors(tensors, metadata));
}

/**
 * Reads a run's checkpoint; null where there is none.
 *
 * Throws   UserError naming the file when it is damaged, belongs to another run, or lacks a tensor of the program's state.
 */
export async function loadCheckpoint(path: string, run: string, names: readonly string[]): Promise<Checkpoint | null> {
  if (!existsSync(path)) return null;
  const damaged = (what: string, cause?: unknown): UserError =>
    new UserError(
      { what: `the checkpoint cannot be used: ${what}`, where: path, mend: 'remove that folder to run the cell anew' },
      { cause },
    );
  try {
    const { tensors, metadata } = readSafetensors(await readFile(path));
    const owner = metadata.get(KEY.run);
    if (owner !== run) throw damaged(`it belongs to '${owner}', not to '${run}'`);
    const missing = names.filter((name) => !tensors.has(name));
    if (missing.length || tensors.size !== names.length) {
      throw damaged(`it does not hold the state of this program${missing.length ? `: ${missing.slice(0, 5).join(', ')} missing` : ''}`);
    }
    const state = Object.fromEntries(names.map((name) => [name, tensors.get(name)!.data as Float32Array]));
    const progress: Progress = { ...freshProgress(), ...(JSON.parse(metadata.get(KEY.progress) ?? '') as Progress) };
    return { progress, engine: metadata.get(KEY.engine) ?? '', state };
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw damaged(messageOf(error), error);
  }
}

/**
 * The weights of a checkpoint's network by PyTorch name, in memory layout.
 *
 * Throws   Error naming what another model would have, or has in another size.
 */
export function studentWeights(model: Model, tensors: StoredTensors): Record<string, Float32Array> {
  const missing = model.tensors.filter(
    ({ name, shape }) => tensors.get(name)?.data.length !== shape.reduce((size, side) => size * side, 1),
  );
  if (missing.length > 0)
    throw new Error(
      `the checkpoint is not that of a ${model.name}: ${missing
        .slice(0, 5)
        .map(({ name }) => name)
        .join(', ')}`,
    );
  return Object.fromEntries(model.tensors.map(({ name }) => [name, tensors.get(name)!.data as Float32Array]));
}
