import type { Cell } from './cell.js';
import { incomparabilities, type PaperNumber, paperNumber, publishedRecipe } from './paper.js';
import { methodNames } from './recipes/index.js';
import { pairsOf } from './recipes/pairs.js';
import type { StoredRun } from './run-folder.js';
import type { CellSummary } from './run-types.js';

/** Mean and standard deviation (over n - 1) of one figure over seeds; std is null for one seed. */
export interface Spread {
  mean: number;
  std: number | null;
  n: number;
}

/** One line of a table: a recipe over its seeds. */
export interface TableRow {
  label: string;
  /** The cells of this row, by seed; a cell that has not finished has no summary. */
  runs: readonly StoredRun[];
  last: Spread | null;
  best: Spread | null;
  top5: Spread | null;
  /** Difference of the last accuracy to plain KD's, seed by seed; null where either is missing, or the row is KD itself. */
  overKd: Spread | null;
  paper: PaperNumber;
  /** Seeds that diverged or are not finished: never part of a mean. */
  missing: readonly { seed: number; status: string }[];
}

/** The rows that share teacher, student, images and profile: one table on paper. */
export interface Table {
  title: string;
  rows: readonly TableRow[];
  /** What keeps these numbers from being compared with the paper's; empty where nothing does. */
  incomparable: readonly string[];
  teacher: CellSummary['teacher'];
  seeds: readonly number[];
  /** Epochs of the paper's recipe. */
  paperEpochs: number | null;
}

/** Mean and sample deviation. */
export function spread(values: readonly number[]): Spread | null {
  const n = values.length;
  if (n === 0) return null;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, std: n > 1 ? Math.sqrt(squares / (n - 1)) : null, n };
}

/** Standard error of a mean over seeds; null for one seed. */
export const standardError = ({ std, n }: Spread): number | null => (std === null ? null : std / Math.sqrt(n));

/** The order of cells in every table: pairs as the paper has them, methods as registered, plain before LS before the curriculum, seeds. */
export function byTableOrder(a: Cell, b: Cell): number {
  const [left, right] = [orderKey(a), orderKey(b)];
  const at = left.findIndex((value, index) => value !== right[index]);
  return at < 0 ? 0 : left[at]! < right[at]! ? -1 : 1;
}

function orderKey({ id, label, recipe, images, seed }: Cell): (string | number)[] {
  const pair = pairsOf(images.dataset).findIndex(({ teacher, student }) => teacher === recipe.teacher && student === recipe.student);
  const method = (methodNames as readonly string[]).indexOf(recipe.method);
  const switches = (recipe.curriculum ? 2 : 0) + (recipe.standardize ? 1 : 0);
  return [images.dataset, pair, recipe.teacher ?? '', recipe.student, method, switches, label, seed, id];
}

const isDone = (run: StoredRun): run is { cell: Cell; summary: CellSummary } => run.summary?.status === 'done';

/** What the cells of one table share. */
function tableKey({ recipe, images, profile, precision }: Cell, teacher: string | null): string {
  return JSON.stringify([
    teacher,
    recipe.student,
    images.dataset,
    images.fingerprint,
    images.trainImages,
    images.testImages,
    profile,
    recipe.epochs,
    precision,
  ]);
}

/** Cells over seeds, in the order in which they come. */
export function groupBy<T>(items: readonly T[], key: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return [...groups.values()];
}

/**
 * Arranges finished and unfinished cells, in their order, as tables of rows over seeds. A student alone stands in the table of each
 * teacher of its student (in one of its own where nobody teaches it).
 */
export function arrangeTables(runs: readonly StoredRun[]): Table[] {
  const teachers = new Set(runs.filter(({ cell }) => cell.recipe.teacher).map(({ cell }) => tableKey(cell, cell.recipe.teacher)));
  const placed = runs.flatMap((run) => {
    if (run.cell.recipe.teacher) return [{ run, key: tableKey(run.cell, run.cell.recipe.teacher) }];
    const taught = [...teachers].filter((key) => tableKey(run.cell, JSON.parse(key)[0] as string) === key);
    return (taught.length > 0 ? taught : [tableKey(run.cell, null)]).map((key) => ({ run, key }));
  });
  return groupBy(placed, ({ key }) => key).map((members) => arrange(members.map(({ run }) => run)));
}

function arrange(runs: readonly StoredRun[]): Table {
  const byRow = groupBy(runs, ({ cell }) => `${cell.label} ${cell.id.slice(-8)}`);
  const kd = new Map(
    runs.filter((run) => run.cell.label === 'KD' && isDone(run)).map((run) => [run.cell.seed, run.summary!.lastTop1] as const),
  );
  const rows = byRow.map((members): TableRow => {
    const done = members.filter(isDone);
    const { label, recipe } = members[0]!.cell;
    const paired = done.filter(({ cell }) => kd.has(cell.seed)).map(({ cell, summary }) => summary.lastTop1 - kd.get(cell.seed)!);
    return {
      label,
      runs: members,
      last: spread(done.map(({ summary }) => summary.lastTop1)),
      best: spread(done.map(({ summary }) => summary.bestTop1)),
      top5: spread(done.map(({ summary }) => summary.lastTop5)),
      overKd: label === 'KD' ? null : spread(paired),
      paper: paperNumber(recipe),
      missing: members
        .filter((run) => !isDone(run))
        .map(({ cell, summary }) => ({ seed: cell.seed, status: summary?.status ?? 'not run' })),
    };
  });
  const { cell } = runs.find(({ cell }) => cell.recipe.teacher) ?? runs[0]!;
  const published = publishedRecipe(cell.recipe);
  return {
    title: titleOf(cell),
    rows,
    incomparable: incomparabilities(cell),
    teacher: runs.map(({ summary }) => summary?.teacher).find((teacher) => teacher) ?? null,
    seeds: [...new Set(runs.map(({ cell }) => cell.seed))],
    paperEpochs: published?.epochs ?? null,
  };
}

/** 'resnet56 → resnet20 · CIFAR-10, 5,000 training and 10,000 test images · 12 epochs · bf16'. */
function titleOf({ recipe, images, precision }: Cell): string {
  const who = recipe.teacher ? `${recipe.teacher} → ${recipe.student}` : recipe.student;
  const pictures = `${datasetTitle(images.dataset)}, ${count(images.trainImages)} training and ${count(images.testImages)} test images`;
  return [who, pictures, `${recipe.epochs} epoch${recipe.epochs === 1 ? '' : 's'}`, precision].join(' · ');
}

export const datasetTitle = (dataset: string): string =>
  ({ cifar10: 'CIFAR-10', cifar100: 'CIFAR-100', imagenet: 'ImageNet' })[dataset] ?? dataset;

export const count = (n: number): string => n.toLocaleString('en-US');
