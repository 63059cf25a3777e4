import { stringify } from 'csv-stringify/sync';
import type { PaperLine } from './paper-lines.js';
import { neutralise, type Value } from './table-csv.js';

const round = (value: number | null | undefined): number | null => (value == null ? null : Number(value.toFixed(4)));

const COLUMNS: Readonly<Record<string, (line: PaperLine) => Value>> = {
  teacher: ({ recipe }) => recipe.teacher,
  student: ({ recipe }) => recipe.student,
  cell: ({ label }) => label,
  last_mean: ({ last }) => round(last?.mean),
  last_std: ({ last }) => round(last?.std),
  best_mean: ({ best }) => round(best?.mean),
  best_std: ({ best }) => round(best?.std),
  top5_mean: ({ top5 }) => round(top5?.mean),
  n: ({ last }) => last?.n ?? 0,
  diverged: ({ diverged }) => diverged,
  paper_top1: ({ paper }) => paper.value,
  paper_top5: ({ paperTop5 }) => paperTop5,
  paper_source: ({ paper }) => (paper.value === null ? paper.why : paper.source),
  difference: ({ difference }) => round(difference),
  over_kd: ({ overKd }) => round(overKd?.mean),
  over_kd_error: ({ overKd }) => round(overKd?.error),
  over_kd_n: ({ overKd }) => overKd?.n ?? null,
  paper_epochs: ({ recipe }) => recipe.epochs,
  epochs: ({ example }) => example?.recipe.epochs ?? null,
  dataset: ({ example }) => example?.images.dataset ?? null,
  train_images: ({ example }) => example?.images.trainImages ?? null,
  test_images: ({ example }) => example?.images.testImages ?? null,
  profile: ({ example }) => example?.profile ?? null,
  precision: ({ example }) => example?.precision ?? null,
  comparable: ({ example, reasons }) => (example ? (reasons.length === 0 ? 'yes' : 'no') : null),
  why_not: ({ example, reasons }) => (example ? reasons.join('; ') : 'not run'),
};

/**
 * A table of the papers as CSV: every pair has its lines, run or not; a line whose runs all diverged has no mean. Units: percent;
 * `over_kd` in points, with its standard error over seeds.
 */
export function paperTableCsv(lines: readonly PaperLine[]): string {
  const records = lines.map((line) => Object.values(COLUMNS).map((column) => neutralise(column(line))));
  return stringify(records, { header: true, columns: Object.keys(COLUMNS), record_delimiter: 'windows' });
}
