import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';

/** The rows of a run's metrics.csv, one an epoch; of one that has not finished any, none. */
export function readMetrics(folder: string): Record<string, string>[] {
  try {
    return parse(readFileSync(join(folder, 'metrics.csv'), 'utf8'), { columns: true }) as Record<string, string>[];
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}
