import { availableParallelism } from 'node:os';
import { tf } from '@tempered/tensors';
import { fingerprint, loadEngine, loadSessionAddon, type SessionOptions, TensorflowSession } from '@tempered/tensors/node';
import type { Precision } from './cell.js';

/** How a process shares its cores: threads inside an op, ops side by side, runs at a time. */
export interface ThreadPlan {
  intraOpThreads: number;
  interOpThreads: number;
  /** Runs (and the teacher) under way at a time. */
  atOnce: number;
}

/**
 * Threads for a group of cells: as many runs at a time as cores and, unless more are asked for, one inside an op. With one intra-op
 * thread a result depends neither on how many cells run at once nor on their order, so a cell in a group is bit-equal to the cell
 * alone; more are for few cells on many cores.
 */
export const groupThreads = (cores = availableParallelism(), intraOpThreads = 1): ThreadPlan => ({
  intraOpThreads,
  interOpThreads: cores,
  atOnce: cores,
});

/** Threads for a single training that has the machine to itself: all cores inside an op. */
export const soloThreads = (cores = availableParallelism()): ThreadPlan => ({ intraOpThreads: cores, interOpThreads: 1, atOnce: 1 });

/** A session with these threads, or null where nothing can be compiled and everything runs eagerly. */
export function openSession({ intraOpThreads, interOpThreads }: ThreadPlan, precision: Precision): TensorflowSession | null {
  if (tf.getBackend() !== 'tensorflow' || !loadSessionAddon()) return null;
  const options: SessionOptions = { intraOpThreads, interOpThreads, precision };
  return new TensorflowSession(options);
}

/** Everything about the engine, under these threads and this precision, that changes results: equal fingerprints, equal bits. */
export async function runFingerprint({ intraOpThreads }: ThreadPlan, precision: Precision): Promise<string> {
  return fingerprint(await loadEngine(), { intraOpThreads, precision });
}
