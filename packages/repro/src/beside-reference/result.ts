import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { fullest } from './compare.js';
import { COMPARED, type Compared } from './job.js';

/** `about.json` of a run's result, on either side. */
export interface AboutRun {
  /** Who computed, and on what: 'ours-cpu', 'torch-cuda' ... */
  side: string;
  method: Compared;
  seed: number;
  /** 'f32', 'bf16', and of PyTorch also 'f64'. */
  precision: string;
  threads: number;
  device: string;
  versions: string;
  /** Percent of the test images, measured by that side; null where nobody teaches or it was not measured. */
  teacherTop1: number | null;
  seconds: number;
}

/** A row of `epochs.csv`. Units: means over the epoch's images; percent of all test images. */
export interface EpochRow {
  epoch: number;
  learningRate: number;
  loss: number;
  crossEntropy: number;
  distillation: number;
  top1: number;
  top5: number;
  seconds: number;
}

/** A row of `steps.csv`: the loss of a step of the first epoch, counted from 1. */
export interface StepRow {
  step: number;
  loss: number;
}

/** One run as it lies in a work folder; one that was stopped early has no epochs. */
export interface RunResult {
  about: AboutRun;
  epochs: readonly EpochRow[];
  steps: readonly StepRow[];
}

function readRows<Row>(path: string): Row[] {
  const rows = parse(readFileSync(path, 'utf8'), { columns: true }) as Record<string, string>[];
  return rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, text]) => [name, Number(text)])) as Row);
}

/** Every result of a work folder, method by method and then in the order of their names; a run that stopped early only where there is no whole one. */
export function readResults(work: string): RunResult[] {
  const folder = join(work, 'results');
  const results = readdirSync(folder)
    .sort()
    .map((name) => ({
      about: JSON.parse(readFileSync(join(folder, name, 'about.json'), 'utf8')) as AboutRun,
      epochs: readRows<EpochRow>(join(folder, name, 'epochs.csv')),
      steps: readRows<StepRow>(join(folder, name, 'steps.csv')),
    }));
  const place = ({ about }: RunResult): number => Object.keys(COMPARED).indexOf(about.method);
  return fullest(results).sort((a, b) => place(a) - place(b));
}
