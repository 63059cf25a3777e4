import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ModelName } from '@tempered/models';
import type { NetworkDescription } from '../bench-step-network.js';
import { type Cell, type CellImages, createCell, type Precision } from '../cell.js';
import { usageError } from '../errors.js';
import type { Recipe } from '../recipe.js';
import { type MethodName, recipeFor } from '../recipes/index.js';

/** What can be compared, by the words that name it on both sides. */
export const COMPARED = {
  vanilla: { name: 'vanilla', standardize: false, label: 'vanilla' },
  kd: { name: 'kd', standardize: false, label: 'KD' },
  'kd-ls': { name: 'kd', standardize: true, label: 'KD+LS' },
} as const satisfies Record<string, { name: MethodName; standardize: boolean; label: string }>;

export type Compared = keyof typeof COMPARED;

/** `job.json` of a work folder: everything but the arrays that ours and PyTorch train from. */
export interface Job {
  dataset: 'cifar100';
  images: CellImages;
  /** The binary files that both sides read for themselves. */
  files: { train: readonly string[]; test: readonly string[]; labelBytes: number };
  classes: number;
  mean: readonly number[];
  std: readonly number[];
  seeds: readonly number[];
  recipes: Partial<Record<Compared, Recipe>>;
  networks: Record<'student' | 'teacher', NetworkDescription>;
  /** What its record says of the teacher: PyTorch's network has to come out at the same. Units: percent of all test images. */
  teacherTop1: number;
  /** Losses of so many steps of the first epoch are written down. */
  keptSteps: number;
}

/** The files of a work folder that both sides read. */
export const WORK_FILES = {
  job: 'job.json',
  places: 'places.safetensors',
  teacher: 'teacher.safetensors',
  student: (seed: number): string => `student-s${seed}.safetensors`,
  plan: (seed: number): string => `plan-s${seed}.safetensors`,
} as const;

/** Where our runs of a work folder lie, as below any `--out`. */
export const runsOf = (work: string): string => join(work, 'out');

/** Which run it is, among those of a work folder. */
export interface RunName {
  method: Compared;
  seed: number;
  precision: string;
}

/** The folder of one run's result. A side is 'ours-cpu', 'torch-cuda' ...; runs that stop early are kept apart. */
export const resultFolder = (work: string, side: string, { method, seed, precision }: RunName, steps?: number): string =>
  join(work, 'results', [side, method, `s${seed}`, precision, ...(steps === undefined ? [] : [`first-${steps}`])].join('-'));

export const isCompared = (name: string): name is Compared => Object.hasOwn(COMPARED, name);

/** Recipes by the words for them, as the paper has them. */
export function comparedRecipe(method: Compared, teacher: ModelName, student: ModelName): Recipe {
  const { name, standardize } = COMPARED[method];
  return recipeFor(name, { dataset: 'cifar100', teacher, student, standardize, curriculum: false });
}

/** The cell that the harness trains for a run. */
export function cellOf(job: Job, method: Compared, seed: number, precision: Precision): Cell {
  const recipe = job.recipes[method];
  if (!recipe || !job.seeds.includes(seed)) {
    const what = `the folder was prepared for ${Object.keys(job.recipes).join(', ')} and seeds ${job.seeds.join(', ')}`;
    throw usageError({ what, where: `${method}, seed ${seed}` });
  }
  return createCell({ label: COMPARED[method].label, recipe, seed, images: job.images, profile: 'paper', precision });
}

/** Reads the job of a work folder. Throws a UserError where there is none. */
export function readJob(work: string): Job {
  const path = join(work, WORK_FILES.job);
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Job;
  } catch (error) {
    throw usageError({ what: (error as Error).message, where: path, mend: "'prepare' makes the folder" });
  }
}
