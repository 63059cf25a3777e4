import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Cell, createCell } from './cell.js';
import { runGroup } from './group.js';
import type { EngineAbout, RunImages } from './run-types.js';
import type { StepTiming } from './timings.js';

/** Steps that are timed; the one before them pays for what is done once. */
const STEPS = 4;
/** Slow steps are timed for so long. */
const ENOUGH_MS = 20_000;

/**
 * Times a few real steps of a cell, in a group of as many copies of it as keep the machine busy: student, teacher, batches and
 * session as in the run itself. What it trains is thrown away; a teacher's weights do not matter to a clock.
 */
export async function timeSteps(
  cell: Cell,
  images: RunImages,
  engine: EngineAbout,
  signal: AbortSignal,
  { cells = availableParallelism(), cores = availableParallelism() } = {},
): Promise<StepTiming | null> {
  const out = await mkdtemp(join(tmpdir(), 'tempered-timing-'));
  const enough = new AbortController();
  const began = performance.now();
  /** When the last copy was through with each step. */
  const ends: number[] = [];
  const copies = copiesOf(cell, images, cells);
  try {
    await runGroup(copies, {
      images,
      out,
      engine,
      cores,
      signal: AbortSignal.any([signal, enough.signal]),
      onEvent: (event) => {
        if (event.kind !== 'step') return;
        ends[event.step - 1] = performance.now();
        if (event.step > STEPS || (event.step > 1 && ends.at(-1)! - ends[0]! > ENOUGH_MS)) enough.abort('SIGTERM');
      },
    });
  } finally {
    await rm(out, { recursive: true, force: true });
  }
  if (ends.length < 2 || signal.aborted) return null;
  const times = ends
    .slice(1)
    .map((end, i) => end - ends[i]!)
    .sort((a, b) => a - b);
  return { secondsPerStep: times[times.length >> 1]! / 1000 / copies.length, secondsToStart: (ends[0]! - began) / 1000 / copies.length };
}

/** Copies that differ in nothing that takes time, and need no trained teacher. */
const copiesOf = ({ recipe, precision, label }: Cell, { about }: RunImages, count: number): Cell[] =>
  Array.from({ length: count }, (_, i) =>
    createCell({
      label,
      recipe: { ...recipe, epochs: 1, optimizer: { ...recipe.optimizer, lr: recipe.optimizer.lr * (1 - i * 1e-6) } },
      seed: 0,
      images: about,
      profile: 'smoke',
      precision,
    }),
  );
