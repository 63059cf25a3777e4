import type { BenchPart, BenchPrecision } from './bench-step-rows.js';

/** What a child process that times steps is told before anything else: a line of JSON. */
export interface BenchJob {
  precision: BenchPrecision;
  /** Threads inside an op; a box of ours has one each and steps as many cells as cores at a time. */
  threads: number;
  batch: number;
  classes: number;
  inputSize: number;
  learningRate: number;
}

/** Ours: models by name. With `cells` it holds a lockstep group. */
export interface OurJob extends BenchJob {
  teacher: string | null;
  student: string | null;
  cells: number;
}

/** An order: time this so many times, or for so long. */
export interface BenchOrder {
  kind: BenchPart | 'box';
  steps?: number;
  seconds?: number;
  /** Ours only: the times of a single step op by op, instead of those of whole steps. */
  ops?: boolean;
}

/** What a child says once it is ready. */
export interface BenchReady {
  versions: Record<string, string>;
  /** Trainable values of each side, so that both frameworks are seen to compute the same networks. */
  parameters: { teacher: number; student: number };
}

/** What the ops of one kind take of a step. */
export interface OpTime {
  op: string;
  dtype: string;
  ms: number;
  count: number;
}

/** Milliseconds of every step that an order came to, and the process's peak memory so far. */
export interface BenchTimes {
  ms: number[];
  peakMb: number;
  ops?: OpTime[];
}
