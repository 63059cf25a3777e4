import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';
import type { Cell } from './cell.js';

/** How a machine is shared among groups. */
export interface Jobs {
  /** Workers at a time. */
  jobs: number;
  /** Cells that work at a time within each. */
  cores: number;
  /** One for each slot; none where nothing computes on GPUs. */
  gpus: readonly string[];
  /** Why so, in words. */
  why: string;
}

/**
 * Cells of a group at most. From as many cells as cores on a larger group gains only its share of the teacher, which sixteen have made
 * small; and all of one goes back to its checkpoints when it crashes. `nx run repro:pool-speed` measures it on any machine: docs/speed.md
 * keeps one such measurement.
 */
export const LARGEST_GROUP = 16;

/**
 * How many groups run at a time. A group of K cells keeps K cores busy, a cell on each, and shares one teacher; so groups run side
 * by side only where one does not fill the machine. Each GPU takes one group.
 */
export function shareMachine(groups: readonly (readonly Cell[])[], asked: number | null, gpus: readonly string[] = []): Jobs {
  const cores = availableParallelism();
  const most = Math.max(1, groups.length);
  if (gpus.length > 0) {
    const jobs = Math.min(most, asked ?? gpus.length);
    return { jobs, cores: Math.max(1, Math.floor(cores / jobs)), gpus, why: asked === null ? 'one group on each GPU' : '--jobs' };
  }
  const smallest = Math.max(1, Math.min(...groups.map((group) => group.length)));
  const jobs = Math.min(most, asked ?? Math.max(1, Math.floor(cores / smallest)));
  const why =
    asked !== null ? '--jobs' : jobs === 1 ? 'one group keeps every core busy' : `groups as small as ${smallest} leave cores idle`;
  return { jobs, cores: Math.max(1, Math.floor(cores / jobs)), gpus, why };
}

/** The GPUs that groups may have: CUDA_VISIBLE_DEVICES, else all that the driver names. */
export async function visibleGpus(engine: string, environment: NodeJS.ProcessEnv = process.env): Promise<string[]> {
  if (engine !== 'cuda') return [];
  const named = environment.CUDA_VISIBLE_DEVICES;
  if (named !== undefined) return named.split(',').filter((gpu) => gpu.trim() !== '');
  const { stdout } = await promisify(execFile)('nvidia-smi', ['--query-gpu=index', '--format=csv,noheader']).catch(() => ({ stdout: '0' }));
  return stdout.trim().split(/\s+/);
}

/** What a worker in a slot finds in its environment: its own GPU. */
export const slotEnvironment = ({ gpus }: Jobs, slot: number): NodeJS.ProcessEnv =>
  gpus.length === 0 ? {} : { CUDA_VISIBLE_DEVICES: gpus[slot % gpus.length]! };
