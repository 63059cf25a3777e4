import type { TrainingImages } from '@tempered/data';
import type { Cell, CellImages } from './cell.js';
import type { TeacherCache } from './teacher-store.js';

/** The images of a run: what cells say about them, and the pictures themselves. */
export interface RunImages {
  about: CellImages;
  train: TrainingImages;
  test: TrainingImages;
}

/** What a run says about the engine it computes with. */
export interface EngineAbout {
  /** 'cuda', 'cpu' (TensorFlow's), 'plain' (tfjs alone: correct, slow). */
  name: string;
  /** One line for people: version, threads, device. */
  summary: string;
  /** Everything about the engine that changes results; equal fingerprints, equal bits. */
  fingerprint: string;
}

/** What stands for the checksum of a teacher that nobody trained. */
export const UNTRAINED = 'untrained';

/** The teacher as it was when it taught. */
export interface TeacherRecord {
  name: string;
  /** Percent of the whole test set, measured before it taught; that of chance for an untrained one. */
  top1: number;
  /** Of its weights; UNTRAINED for an untrained one. */
  sha256: string;
}

/** What a running group tells while it runs; `cell` is an id. Units: percent, milliseconds, epochs and steps counted from 1. */
export type RunEvent =
  | { kind: 'teacher-evaluated'; teacher: TeacherRecord; recorded: number | null }
  | { kind: 'resumed'; cell: string; epoch: number; step: number }
  | { kind: 'step'; cell: string; epoch: number; epochs: number; step: number; steps: number; loss: number; msPerStep: number }
  | { kind: 'epoch'; cell: string; epoch: number; epochs: number; loss: number; top1?: number; top5?: number; temperature?: number }
  | { kind: 'cell-done'; cell: string; summary: CellSummary }
  | { kind: 'diverged'; cell: string; epoch: number; step: number; message: string }
  | { kind: 'interrupted'; cell: string; epoch: number; step: number }
  /** This cell cannot be run, the others of its group can. */
  | { kind: 'failed'; cell: string; message: string }
  /** A worker that crashed is started again; its cells go on from their checkpoints. */
  | { kind: 'restarted'; cells: readonly string[]; message: string }
  | { kind: 'message'; cell?: string; message: string };

/** `runs/<cell>/summary.json`: what a table is made from. Units: percent of the test images, seconds of this cell's share. */
export interface CellSummary {
  cell: string;
  label: string;
  seed: number;
  status: 'done' | 'interrupted' | 'diverged';
  epochs: number;
  lastTop1: number;
  lastTop5: number;
  bestTop1: number;
  bestEpoch: number;
  trainLoss: number;
  /** The learned temperature at the end, where there is a curriculum. */
  temperature?: number;
  seconds: number;
  trainImages: number;
  testImages: number;
  /** The engine's fingerprint. */
  engine: string;
  teacher: TeacherRecord | null;
  /** Answers of the teacher that the row store had, and that had to be computed; absent where no store was used. */
  teacherRows?: { hits: number; misses: number };
  /** Waiting for pictures, and its share of the epochs' steps. Units: seconds, percent. */
  data?: { waitedSeconds: number; waitedPercent: number };
  /** What the store of the teacher's outputs did; null without a teacher. */
  teacherOutputs?: TeacherOutputsRecord | null;
}

/** Teacher's outputs that the group of a cell asked for while the cell took part. */
export interface TeacherOutputsRecord {
  /** 'float32', 'float16', or 'none' without a store. */
  kept: string;
  /** Pictures asked for, and of these answered by the store. */
  asked: number;
  hits: number;
  hitPercent: number;
  /** In the teacher's forward passes; and what those would have taken that the store answered, null where nobody knows. */
  seconds: number;
  savedSeconds: number | null;
}

export interface GroupContext {
  images: RunImages;
  /** The folder of results: cells keep theirs in `out/runs/<cell>/`. */
  out: string;
  /** The folder of images that was named. */
  data?: string | undefined;
  engine: EngineAbout;
  /** Once aborted, the group saves at the next step boundary and returns what it has. */
  signal: AbortSignal;
  /** Where teachers' outputs are kept; without it they are computed each time. */
  teacherCache?: TeacherCache | null;
  onEvent(event: RunEvent): void;
  /** How many cells work at a time; all cores unless given. */
  cores?: number | undefined;
  /** How many threads share each op; one unless given. */
  threads?: number | undefined;
  /** Checkpoints are written at least so often, within an epoch too. Units: milliseconds. */
  saveEveryMs?: number | undefined;
  /** Of the process that runs the group, laid over this one's: which GPU, say. */
  environment?: NodeJS.ProcessEnv;
}

/** Trains cells that share teacher, images and seed in lockstep; each keeps its own folder, goes on from it and fails alone. */
export type RunGroup = (cells: readonly Cell[], context: GroupContext) => Promise<CellSummary[]>;
