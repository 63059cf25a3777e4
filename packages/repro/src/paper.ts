import { readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';
import type { Cell } from './cell.js';
import { canonicalJson } from './cell.js';
import type { Recipe } from './recipe.js';
import { curriculumName, isMethodName, recipeFor } from './recipes/index.js';

export type PaperTable = 'results' | 'recipes' | 'curves' | 'curves_final' | 'models';

const tables = new Map<PaperTable, Record<string, string>[]>();

/** The rows of one of the published tables in packages/repro/paper, by column name; values as printed. */
export function readPaperTable(name: PaperTable): Record<string, string>[] {
  let rows = tables.get(name);
  if (!rows) {
    rows = parse(readFileSync(new URL(`../paper/${name}.csv`, import.meta.url)), { columns: true, bom: true }) as Record<string, string>[];
    tables.set(name, rows);
  }
  return rows;
}

/** A published number for a cell, or why there is none. */
export type PaperNumber = { value: number; source: string } | { value: null; why: string };

/**
 * Sources in the order in which they are asked; where several print a number, the paper this project reproduces comes first, and on
 * ImageNet the one whose settings the recipes are.
 */
const sourcesFor = (dataset: string): readonly string[] =>
  dataset === 'imagenet' ? ['mdistiller', 'ctkd'] : ['logit-standardization', 'ctkd', 'mdistiller', 'repdistiller'];

/** Networks of the zoo whose published name is another one's here. */
const PAPER_NAMES: Readonly<Record<string, string>> = { ResNet50_imagenet: 'ResNet50' };

/** What the papers' tables call a network. */
export const paperModel = (model: string): string => PAPER_NAMES[model] ?? model;

/** mdistiller's last distinct column is labelled resnet32x4 to MobileNetV2, with the numbers of resnet32x4 to ShuffleV2. */
export const isMislabelled = (row: Readonly<Record<string, string>>): boolean =>
  row.source === 'mdistiller' && row.teacher === 'resnet32x4' && row.student === 'MobileNetV2';

/** CIFAR-10 stands in for CIFAR-100 in quick runs; its cells are shown beside CIFAR-100's numbers, marked as not comparable. */
export const paperDataset = (dataset: string): string => (dataset === 'cifar10' ? 'cifar100' : dataset);

/** The recipe with everything but what a published row is about taken out: same words, same row. */
export function settingsKey(recipe: Recipe): string {
  const {
    dataset: _dataset,
    epochs: _epochs,
    lrDecayEpochs: _decays,
    warmupEpochs: _warmup,
    batchSize: _batch,
    source: _source,
    ...rest
  } = recipe;
  return canonicalJson({ ...rest, curriculum: rest.curriculum && { ...rest.curriculum, loops: 0 } });
}

/** What the papers' tables call a recipe's method. */
function publishedName({ method, curriculum }: Recipe): string {
  return curriculum && isMethodName(method) ? curriculumName(method) : method;
}

/** The recipe that the papers' row for this student, teacher and method stands for, at its full length. */
export function publishedRecipe(recipe: Recipe): Recipe | null {
  const name = publishedName(recipe);
  if (!isMethodName(name)) return null;
  const { teacher, student, standardize } = recipe;
  const curriculum = recipe.curriculum !== null;
  return recipeFor(name, { dataset: paperDataset(recipe.dataset), teacher: teacher ?? student, student, standardize, curriculum });
}

/** What a row of results.csv is about. */
const rowKey = (row: Readonly<Record<string, string>>): string =>
  [row.dataset, row.teacher, row.student, row.method, row.logit_stand, row.ctkd, row.metric].join(' ');

let results: Map<string, Record<string, string>[]> | undefined;

/** The printed numbers by what they are about; those of a student alone stand under no teacher. */
function indexResults(): Map<string, Record<string, string>[]> {
  const index = new Map<string, Record<string, string>[]>();
  for (const row of readPaperTable('results')) {
    if (isMislabelled(row)) continue;
    const key = rowKey(row.method === 'vanilla' ? { ...row, teacher: '' } : row);
    index.set(key, [...(index.get(key) ?? []), row]);
  }
  return index;
}

/**
 * The published number of a cell's settings, whatever its images and length; `incomparabilities` says whether it can be compared.
 *
 * Units    percent. Baselines are printed once a pair; a vanilla student's number is the same under each of its teachers.
 */
export function paperNumber(recipe: Recipe, metric: 'top1' | 'top5' = 'top1'): PaperNumber {
  const published = publishedRecipe(recipe);
  if (!published || settingsKey(published) !== settingsKey(recipe)) return { value: null, why: 'no paper has these settings' };
  const dataset = paperDataset(recipe.dataset);
  const key = rowKey({
    dataset,
    teacher: recipe.teacher ? paperModel(recipe.teacher) : '',
    student: paperModel(recipe.student),
    method: publishedName(recipe),
    logit_stand: recipe.standardize ? '1' : '0',
    ctkd: recipe.curriculum ? '1' : '0',
    metric,
  });
  const rows = (results ??= indexResults()).get(key) ?? [];
  for (const source of sourcesFor(dataset)) {
    const row = rows.find((candidate) => candidate.source === source);
    if (row) return { value: Number(row.value), source: `${source}, ${row.table}` };
  }
  return { value: null, why: 'the papers print no such cell' };
}

/** Why a cell's accuracy cannot be compared with the paper's; an empty list where it can. */
export function incomparabilities({ recipe, images, precision }: Pick<Cell, 'recipe' | 'images' | 'precision'>): string[] {
  const published = publishedRecipe(recipe);
  const reasons: string[] = [];
  if (images.dataset !== paperDataset(images.dataset))
    reasons.push(`other images (${images.dataset}, not ${paperDataset(images.dataset)})`);
  const [train, test] = FULL_SETS[paperDataset(images.dataset)] ?? [0, 0];
  if (images.trainImages < train) reasons.push(`${count(images.trainImages)} of ${count(train)} training images`);
  if (images.testImages < test) reasons.push(`${count(images.testImages)} of ${count(test)} test images`);
  if (published && recipe.epochs !== published.epochs)
    reasons.push(`${recipe.epochs} ${recipe.epochs === 1 ? 'epoch' : 'epochs'}, not ${published.epochs}`);
  if (published && recipe.batchSize !== published.batchSize) reasons.push(`batches of ${recipe.batchSize}, not ${published.batchSize}`);
  if (precision !== 'f32') reasons.push(`${precision}, not f32`);
  return reasons;
}

/** Training and test images of the papers' datasets. */
export const FULL_SETS: Readonly<Record<string, readonly [number, number]>> = { cifar100: [50_000, 10_000], imagenet: [1_281_167, 50_000] };

const count = (n: number): string => n.toLocaleString('en-US');
