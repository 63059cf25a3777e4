import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { type CellAnalysis, readAnalysis } from '../analysis/cell-analysis.js';
import { runFolder, type StoredRun } from '../run-folder.js';

/** A run's record of an epoch, as metrics.csv has it; NaN where an epoch has no such figure. */
export interface EpochMetrics {
  epoch: number;
  loss: number;
  top1: number;
  temperature: number;
}

/** A run with its epochs, its figures where they were made, and what its config.json says beside the cell. */
export interface RecordedRun extends StoredRun {
  epochs: readonly EpochMetrics[];
  analysis?: CellAnalysis | null;
  about?: Readonly<Record<string, unknown>>;
}

const number = (text: string | undefined): number => (text === undefined || text === '' ? Number.NaN : Number(text));

/** Reads metrics.csv, analysis.json and config.json of runs; a run without the first has no epochs. */
export async function readMetrics(out: string, runs: readonly StoredRun[]): Promise<RecordedRun[]> {
  return await Promise.all(
    runs.map(async (run): Promise<RecordedRun> => {
      const text = await readFile(join(runFolder(out, run.cell), 'metrics.csv'), 'utf8').catch(() => '');
      const rows = parse(text, { columns: true, skip_empty_lines: true }) as Record<string, string>[];
      const config = await readFile(join(runFolder(out, run.cell), 'config.json'), 'utf8').catch(() => '{}');
      const { cell: _, ...about } = JSON.parse(config) as Record<string, unknown>;
      return {
        ...run,
        about,
        analysis: await readAnalysis(out, run.cell),
        epochs: rows.map((row) => ({
          epoch: number(row.epoch),
          loss: number(row.loss),
          top1: number(row.top1),
          temperature: number(row.temperature),
        })),
      };
    }),
  );
}
