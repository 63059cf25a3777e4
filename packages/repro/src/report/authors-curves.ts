import { paperDataset, paperModel, readPaperTable } from '../paper.js';
import type { Recipe } from '../recipe.js';

/** One of the authors' own logs. */
export interface AuthorsRun {
  /** Test accuracy by epoch, counted from 1. Units: percent. */
  points: readonly (readonly [epoch: number, top1: number])[];
  epochs: number;
  /** The learned temperature by epoch; empty where the log has none. */
  temperature: readonly (readonly [epoch: number, temperature: number])[];
}

/** The authors' test accuracy by epoch for a cell's settings on the same images, where they published a log (all are with standardization); else empty. */
export function authorsRuns({ teacher, student, dataset, standardize, curriculum, method: own }: Recipe): AuthorsRun[] {
  if (!teacher || !standardize || dataset !== paperDataset(dataset)) return [];
  const method = own === 'kd' && curriculum ? 'ctkd' : own;
  const rows = readPaperTable('curves').filter(
    (row) => row.method === method && row.dataset === dataset && row.teacher === paperModel(teacher) && row.student === paperModel(student),
  );
  return [...new Set(rows.map(({ run }) => run))].map((run) => {
    const own = rows.filter((row) => row.run === run);
    const points = (column: 'test_acc' | 'ctkd_temperature') =>
      own.filter((row) => row[column] !== '').map((row) => [Number(row.epoch), Number(row[column])] as const);
    return { points: points('test_acc'), epochs: own.length, temperature: points('ctkd_temperature') };
  });
}
