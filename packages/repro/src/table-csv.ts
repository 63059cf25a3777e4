import { stringify } from 'csv-stringify/sync';
import type { Cell } from './cell.js';
import { incomparabilities, paperNumber } from './paper.js';
import { conditions } from './paper-tables.js';
import type { StoredRun } from './run-folder.js';

export type Value = string | number | null;

const round = (value: number | undefined | null, digits = 4): number | null =>
  value == null || !Number.isFinite(value) ? null : Number(value.toFixed(digits));

/** Last accuracy of plain KD by pair, seed and conditions. */
type PlainKd = ReadonlyMap<string, number>;

const kdKey = (cell: Cell): string => JSON.stringify([cell.recipe.teacher, cell.recipe.student, cell.seed, conditions(cell)]);

const plainKd = (runs: readonly StoredRun[]): PlainKd =>
  new Map(
    runs
      .filter(({ cell, summary }) => cell.label === 'KD' && summary?.status === 'done')
      .map(({ cell, summary }) => [kdKey(cell), summary!.lastTop1]),
  );

/** The columns of all.csv: one row a cell, ours and the paper's apart. */
const COLUMNS: Readonly<Record<string, (run: StoredRun, kd: PlainKd) => Value>> = {
  cell: ({ cell }) => cell.id,
  label: ({ cell }) => cell.label,
  dataset: ({ cell }) => cell.images.dataset,
  teacher: ({ cell }) => cell.recipe.teacher,
  student: ({ cell }) => cell.recipe.student,
  method: ({ cell }) => cell.recipe.method,
  logit_stand: ({ cell }) => Number(cell.recipe.standardize),
  ctkd: ({ cell }) => Number(cell.recipe.curriculum !== null),
  seed: ({ cell }) => cell.seed,
  status: ({ summary }) => summary?.status ?? 'not run',
  last_top1: ({ summary }) => round(summary?.lastTop1),
  best_top1: ({ summary }) => round(summary?.bestTop1),
  best_epoch: ({ summary }) => summary?.bestEpoch ?? null,
  last_top5: ({ summary }) => round(summary?.lastTop5),
  paper_top1: ({ cell }) => paperNumber(cell.recipe).value,
  paper_source: ({ cell }) => {
    const paper = paperNumber(cell.recipe);
    return paper.value === null ? paper.why : paper.source;
  },
  last_minus_paper: ({ cell, summary }) => {
    const paper = paperNumber(cell.recipe);
    return paper.value === null || summary?.status !== 'done' ? null : round(summary.lastTop1 - paper.value);
  },
  over_kd: ({ cell, summary }, kd) => {
    const plain = kd.get(kdKey(cell));
    return summary?.status !== 'done' || plain === undefined || cell.label === 'KD' ? null : round(summary.lastTop1 - plain);
  },
  comparable: ({ cell }) => (incomparabilities(cell).length === 0 ? 'yes' : 'no'),
  why_not: ({ cell }) => incomparabilities(cell).join('; '),
  epochs: ({ cell }) => cell.recipe.epochs,
  train_images: ({ cell }) => cell.images.trainImages,
  test_images: ({ cell }) => cell.images.testImages,
  images_source: ({ cell }) => cell.images.source,
  profile: ({ cell }) => cell.profile,
  precision: ({ cell }) => cell.precision,
  temperature: ({ cell }) => (cell.recipe.curriculum ? null : cell.recipe.teacher ? cell.recipe.temperature : null),
  learned_temperature: ({ summary }) => round(summary?.temperature),
  ce_weight: ({ cell }) => cell.recipe.weights.ce,
  kd_weight: ({ cell }) => cell.recipe.weights.kd,
  method_weight: ({ cell }) => cell.recipe.weights.method,
  teacher_top1: ({ summary }) => round(summary?.teacher?.top1),
  teacher_sha256: ({ summary }) => summary?.teacher?.sha256 ?? null,
  train_loss: ({ summary }) => round(summary?.trainLoss, 6),
  seconds: ({ summary }) => round(summary?.seconds, 1),
  teacher_lookups: ({ summary }) => (summary?.teacherRows ? summary.teacherRows.hits + summary.teacherRows.misses : null),
  teacher_hits: ({ summary }) => summary?.teacherRows?.hits ?? null,
  engine: ({ summary }) => summary?.engine ?? null,
  recipe_source: ({ cell }) => cell.recipe.source,
};

/**
 * A text that a spreadsheet would take for a formula (= + - @, tab or return in front) gets an apostrophe; numbers stay numbers.
 */
export function neutralise(value: Value): Value {
  return typeof value === 'string' && /^[=+\-@\t\r＝＋－＠]/.test(value) ? `'${value}` : value;
}

/** `tables/all.csv`: one row a cell, blank where there is nothing to say. Units: percent, seconds; `over_kd`: points over plain KD of the same seed. */
export function allCsv(runs: readonly StoredRun[]): string {
  const kd = plainKd(runs);
  const records = runs.map((run) => Object.values(COLUMNS).map((column) => neutralise(column(run, kd))));
  return stringify(records, { header: true, columns: Object.keys(COLUMNS), record_delimiter: 'windows' });
}
