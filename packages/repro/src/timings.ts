import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { writeAtomically } from './atomic-file.js';
import type { Cell } from './cell.js';

/** What a few steps of a cell took, as a group runs them. Units: seconds of the whole machine for each cell. */
export interface StepTiming {
  secondsPerStep: number;
  /** Before the first step: tracing, compiling. */
  secondsToStart: number;
}

/** What decides a step's time but for the loss: networks, batch, precision. */
export const networksOf = ({ recipe, precision }: Cell): string =>
  [recipe.teacher ?? 'nobody', recipe.student, `batch ${recipe.batchSize}`, precision].join(', ');

/** Timings by what they hold for. */
export type Timings = Map<string, StepTiming>;

/** Cells with equal keys take equally long a step: same networks and loss, batch and precision, on the same engine and cores. */
export const timingKey = (cell: Cell, engine: string): string =>
  [networksOf(cell), `loss ${cell.recipe.loss ?? 'of logits'}`, cell.images.dataset, engine, `${availableParallelism()} cores`].join(', ');

const fileOf = (out: string): string => join(out, 'timings.json');

/** What was timed here before. A file that cannot be read is timed anew. */
export async function readTimings(out: string): Promise<Timings> {
  try {
    const found = Object.entries(JSON.parse(await readFile(fileOf(out), 'utf8')) as Record<string, StepTiming>);
    return new Map(found.filter(([, timing]) => timing.secondsPerStep > 0 && timing.secondsToStart >= 0));
  } catch {
    return new Map();
  }
}

export async function writeTimings(out: string, timings: Timings): Promise<void> {
  await writeAtomically(fileOf(out), `${JSON.stringify(Object.fromEntries(timings), null, 2)}\n`);
}

export interface TimingOptions {
  out: string;
  engine: string;
  time(cell: Cell): Promise<StepTiming | null>;
  onStart?(cell: Cell, index: number, count: number): void;
  /** Nothing more is begun after so long. Units: milliseconds. */
  budget: number;
  signal: AbortSignal;
}

/** Times what nobody timed before and keeps it. Returns all timings that there are. */
export async function timeKinds(cells: readonly Cell[], { out, engine, time, onStart, budget, signal }: TimingOptions): Promise<Timings> {
  const timings = await readTimings(out);
  const left = worthTiming(cells).filter((cell) => !timings.has(timingKey(cell, engine)));
  const until = performance.now() + budget;
  for (const [index, cell] of left.entries()) {
    if (signal.aborted || performance.now() > until) break;
    onStart?.(cell, index, left.length);
    const timing = await time(cell);
    if (!timing) continue;
    timings.set(timingKey(cell, engine), timing);
    await writeTimings(out, timings);
  }
  return timings;
}

/**
 * The cells whose steps tell those of all: of each pair of networks and batch the first, and then of each loss one, under the first
 * pair, where the losses are held against each other.
 */
export function worthTiming(cells: readonly Cell[]): Cell[] {
  const firsts = new Map<string, Cell>();
  const losses = new Map<string | null, Cell>();
  for (const cell of cells) {
    if (!firsts.has(networksOf(cell))) firsts.set(networksOf(cell), cell);
    if (!losses.has(cell.recipe.loss)) losses.set(cell.recipe.loss, cell);
  }
  return [...new Set([...firsts.values(), ...losses.values()])];
}
