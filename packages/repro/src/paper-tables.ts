import type { Cell } from './cell.js';
import { paperDataset, settingsKey } from './paper.js';
import type { Recipe } from './recipe.js';
import { labelFor, type MethodName, methods, recipeFor } from './recipes/index.js';
import type { Method, RecipeRequest } from './recipes/method.js';
import { cifarPairs, imagenetPairs, type PairTable } from './recipes/pairs.js';
import type { StoredRun } from './run-folder.js';
import type { CellSummary } from './run-types.js';
import { groupBy, type Spread, spread, standardError } from './table.js';

export type PaperTableName = PairTable | 'ctkd-combined';

/** What the tables are about, in their order. */
export const paperTableTitles: Readonly<Record<PaperTableName, string>> = {
  'cifar100-same': 'CIFAR-100, teacher and student of one family',
  'cifar100-distinct': 'CIFAR-100, teacher and student of two families',
  'ctkd-combined': 'CIFAR-100, the curriculum with other methods',
  imagenet: 'ImageNet',
};

export const paperTableNames = Object.keys(paperTableTitles) as readonly PaperTableName[];

/** A cell that a table of the papers has, whether it was run or not. */
export interface PaperCell {
  label: string;
  /** At the paper's length. */
  recipe: Recipe;
}

/** One line of such a table: a cell of the paper and what was run of it with one set of images at one length; or nothing yet. */
export interface PaperRow extends PaperCell {
  /** A cell that was run, for what it says of images, profile and length. */
  example: Cell | null;
  last: Spread | null;
  best: Spread | null;
  top5: Spread | null;
  /** To plain KD of the same seed and images: mean, and the standard error of that mean over seeds. */
  overKd: (Spread & { error: number | null }) | null;
  /** Runs that diverged: never part of a mean. */
  diverged: number;
}

type Line = readonly [method: MethodName, standardize?: boolean, curriculum?: boolean];

const LOGIT_METHODS: readonly Line[] = [
  ['vanilla'],
  ['kd'],
  ['kd', true],
  ['ctkd'],
  ['ctkd', true],
  ['dkd'],
  ['dkd', true],
  ['mlkd'],
  ['mlkd', true],
];
const COMBINED: readonly Line[] = (['pkt', 'sp', 'vid', 'crd', 'srrl', 'dkd'] as const).flatMap((method): Line[] => [
  [method],
  [method, false, true],
]);
const IMAGENET: readonly Line[] = [...LOGIT_METHODS, ['dkd', false, true], ['at'], ['crd'], ['reviewkd'], ['ofd']];

/** The cells of a table, in its order: every pair of the papers, run or not. */
export function paperCells(table: PaperTableName): PaperCell[] {
  const dataset = table === 'imagenet' ? 'imagenet' : 'cifar100';
  const pairs =
    table === 'imagenet'
      ? imagenetPairs
      : cifarPairs.filter((pair) => pair.table === (table === 'ctkd-combined' ? 'cifar100-same' : table));
  const lines = table === 'imagenet' ? IMAGENET : table === 'ctkd-combined' ? COMBINED : LOGIT_METHODS;
  return pairs.flatMap(({ teacher, student }) =>
    lines.map(([name, standardize = false, curriculum = false]): PaperCell => {
      const own: Method = methods[name];
      const request: RecipeRequest = { dataset, teacher, student, standardize, curriculum: own.curriculum ?? curriculum };
      const recipe = recipeFor(name, request);
      // A student alone is listed under each of its teachers.
      return { label: labelFor(name, request, recipe), recipe: { ...recipe, teacher } };
    }),
  );
}

type Ended = { cell: Cell; summary: CellSummary };

const hasEnded = (run: StoredRun): run is Ended => run.summary?.status === 'done' || run.summary?.status === 'diverged';
const isDone = ({ summary }: Ended): boolean => summary.status === 'done';

/** What runs must share to be one line, and to be compared with plain KD. */
export const conditions = ({ images, recipe, profile, precision }: Cell): string =>
  JSON.stringify([images.fingerprint, images.trainImages, images.testImages, profile, recipe.epochs, recipe.batchSize, precision]);

/** Lays the runs that ended into a table of the papers; what was run under several conditions has a line for each. */
export function fillPaperTable(table: PaperTableName, runs: readonly StoredRun[]): PaperRow[] {
  const ended = runs
    .filter(hasEnded)
    .filter(({ cell }) => paperDataset(cell.recipe.dataset) === (table === 'imagenet' ? 'imagenet' : 'cifar100'));
  const bySettings = new Map(
    groupBy(ended, ({ cell }) => settingsKey(cell.recipe)).map((group) => [settingsKey(group[0]!.cell.recipe), group]),
  );
  return paperCells(table).flatMap(({ label, recipe }): PaperRow[] => {
    const own = recipe.method === 'vanilla' ? { ...recipe, teacher: null } : recipe;
    const found = bySettings.get(settingsKey(own)) ?? [];
    if (found.length === 0) return [{ label, recipe, example: null, last: null, best: null, top5: null, overKd: null, diverged: 0 }];
    const kdRuns =
      bySettings.get(settingsKey(recipeFor('kd', { ...pairOf(recipe), dataset: recipe.dataset, standardize: false, curriculum: false }))) ??
      [];
    const isKd = recipe.method === 'kd' && !recipe.standardize && !recipe.curriculum;
    return groupBy(found, ({ cell }) => conditions(cell)).map((members) => {
      const done = members.filter(isDone);
      return {
        label,
        recipe,
        example: members[0]!.cell,
        last: spread(done.map(({ summary }) => summary.lastTop1)),
        best: spread(done.map(({ summary }) => summary.bestTop1)),
        top5: spread(done.map(({ summary }) => summary.lastTop5)),
        overKd: isKd ? null : pairedDifference(done, kdRuns.filter(isDone)),
        diverged: members.length - done.length,
      };
    });
  });
}

const pairOf = ({ teacher, student }: Recipe) => ({ teacher: teacher ?? student, student });

function pairedDifference(members: readonly Ended[], kdRuns: readonly Ended[]): PaperRow['overKd'] {
  const differences = members.flatMap(({ cell, summary }) => {
    const kd = kdRuns.find((run) => run.cell.seed === cell.seed && conditions(run.cell) === conditions(cell));
    return kd ? [summary.lastTop1 - kd.summary.lastTop1] : [];
  });
  const found = spread(differences);
  return found && { ...found, error: standardError(found) };
}
