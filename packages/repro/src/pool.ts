import type { Cell } from './cell.js';
import { messageOf } from './errors.js';
import type { RunEvent } from './run-types.js';
import { WorkerCrash } from './worker-process.js';

/** A worker is started so often without getting anywhere; after that its cells are given up. */
export const MAX_CRASHES = 3;

/** Cells to be run together, and how often that broke down since one of them last finished an epoch. */
interface Work {
  cells: readonly Cell[];
  crashes: number;
}

export interface PoolOptions {
  /** Workers at a time. */
  jobs: number;
  /** Runs one group; throws WorkerCrash where another try may go better. `slot` counts the workers at a time, from 0. */
  run(cells: readonly Cell[], slot: number, onEvent: (event: RunEvent) => void): Promise<unknown>;
  onEvent(event: RunEvent): void;
  /** These cells cannot be run, and why. */
  onFailure(cells: readonly Cell[], error: unknown): Promise<void>;
  /** One group has come to an end, well or not. */
  onGroupEnd?(): Promise<void>;
  /** Once aborted, nothing more is started. */
  signal: AbortSignal;
}

/**
 * Runs groups, some at a time, each failing alone.
 *
 * A group that crashes is started again and goes on from its checkpoints. One that crashes again and again without finishing an
 * epoch is taken apart: each cell gets a last try alone, so that only the one that is at fault is given up.
 */
export async function runPool(groups: readonly (readonly Cell[])[], options: PoolOptions): Promise<void> {
  const queue: Work[] = groups.map((cells) => ({ cells, crashes: 0 }));
  const worker = async (slot: number): Promise<void> => {
    for (let work = queue.shift(); work && !options.signal.aborted; work = queue.shift()) {
      queue.unshift(...(await attempt(work, slot, options)));
      await options.onGroupEnd?.();
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, Math.min(options.jobs, groups.length)) }, (_, slot) => worker(slot)));
}

/** Runs a group once. Returns what is to be tried again. */
async function attempt({ cells, crashes }: Work, slot: number, { run, onEvent, onFailure, signal }: PoolOptions): Promise<Work[]> {
  const ended = new Set<string>();
  let progressed = false;
  try {
    await run(cells, slot, (event) => {
      progressed ||= event.kind === 'epoch' || event.kind === 'cell-done';
      if (event.kind === 'cell-done' || event.kind === 'failed') ended.add(event.cell);
      onEvent(event);
    });
    return [];
  } catch (error) {
    const left = cells.filter(({ id }) => !ended.has(id));
    if (signal.aborted || left.length === 0) return [];
    if (!(error instanceof WorkerCrash)) {
      await onFailure(left, error);
      return [];
    }
    const again = progressed ? 1 : crashes + 1;
    if (again >= MAX_CRASHES && left.length === 1) {
      await onFailure(left, error);
      return [];
    }
    const alone = again >= MAX_CRASHES;
    const how = alone ? 'each of its cells gets a last try alone' : `it goes on from its checkpoints (crash ${again} of ${MAX_CRASHES})`;
    onEvent({ kind: 'restarted', cells: left.map(({ id }) => id), message: `${messageOf(error)}\n${how}` });
    return alone ? left.map((cell) => ({ cells: [cell], crashes: MAX_CRASHES - 1 })) : [{ cells: left, crashes: again }];
  }
}
