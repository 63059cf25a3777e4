import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomically } from './atomic-file.js';
import type { Cell } from './cell.js';
import { messageOf, UserError } from './errors.js';
import type { CellSummary } from './run-types.js';

/** Where a cell keeps config.json, metrics.csv, checkpoint and summary.json. */
export const runFolder = (out: string, cell: Pick<Cell, 'id'> | string): string =>
  join(out, 'runs', typeof cell === 'string' ? cell : cell.id);

/** One cell as it lies on disk: what it is, and how it ended, if it did. */
export interface StoredRun {
  cell: Cell;
  summary: CellSummary | null;
}

/** `runs/<cell>/config.json`: everything that running the cell takes, and on what it ran. */
export interface RunConfig extends Record<string, unknown> {
  cell: Cell;
  /** The folder of images that was named; without it they are looked for where they are by default. */
  data?: string;
}

/** Writes down what a cell is, and what more is known about it by now; what was known before stays. */
export async function writeConfig(out: string, cell: Cell, about: Record<string, unknown>): Promise<void> {
  await mkdir(runFolder(out, cell), { recursive: true });
  const { cell: _before, ...known } = (await readConfig(out, cell.id)) ?? { cell };
  await writeAtomically(join(runFolder(out, cell), 'config.json'), `${JSON.stringify({ cell, ...known, ...about }, null, 2)}\n`);
}

/** What was written down about a cell; null where nothing was. Throws a UserError on a file that is not about this cell. */
export async function readConfig(out: string, id: string): Promise<RunConfig | null> {
  const path = join(runFolder(out, id), 'config.json');
  const config = (await readJson(path, ['cell'])) as RunConfig | null;
  if (config && config.cell.id !== id) throw damaged(path, `it is about the cell '${String(config.cell.id)}'`);
  return config;
}

/** Writes down how a cell ended. */
export async function writeSummary(out: string, summary: CellSummary): Promise<void> {
  await writeAtomically(join(runFolder(out, summary.cell), 'summary.json'), `${JSON.stringify(summary, null, 2)}\n`);
}

/** How a cell ended; null where it has not. Throws a UserError on a file that is not a summary of this cell. */
export async function readSummary(out: string, id: string): Promise<CellSummary | null> {
  const summary = await readJson(join(runFolder(out, id), 'summary.json'), ['cell', 'status', 'lastTop1', 'bestTop1', 'seconds']);
  if (summary && summary.cell !== id) {
    throw damaged(join(runFolder(out, id), 'summary.json'), `it is about the cell '${String(summary.cell)}'`);
  }
  return summary as CellSummary | null;
}

/** Why a cell is given up: `failure.json`, there until it is tried again. */
export interface CellFailure {
  what: string;
  /** When, as ISO 8601. */
  at: string;
}

export const writeFailure = async (out: string, id: string, failure: CellFailure): Promise<void> =>
  await writeAtomically(join(runFolder(out, id), 'failure.json'), `${JSON.stringify(failure, null, 2)}\n`);

export const readFailure = async (out: string, id: string): Promise<CellFailure | null> =>
  (await readJson(join(runFolder(out, id), 'failure.json'), ['what', 'at'])) as CellFailure | null;

export const forgetFailure = async (out: string, id: string): Promise<void> =>
  await rm(join(runFolder(out, id), 'failure.json'), { force: true });

/** Every cell with a config under a folder of results, by id. */
export async function readRuns(out: string): Promise<StoredRun[]> {
  const folder = join(out, 'runs');
  if (!existsSync(folder)) return [];
  const runs: StoredRun[] = [];
  for (const id of (await readdir(folder)).sort()) {
    const config = await readConfig(out, id);
    if (config) runs.push({ cell: config.cell, summary: await readSummary(out, id) });
  }
  return runs;
}

async function readJson(path: string, fields: readonly string[]): Promise<Record<string, unknown> | null> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw damaged(path, messageOf(error), error);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw damaged(path, messageOf(error), error);
  }
  const missing = fields.filter((field) => value === null || typeof value !== 'object' || !Object.hasOwn(value, field));
  if (missing.length > 0) throw damaged(path, `it has no ${missing.join(', ')}`);
  return value as Record<string, unknown>;
}

const damaged = (path: string, what: string, cause?: unknown): UserError =>
  new UserError({ what: `cannot be read: ${what}`, where: path, mend: 'remove that folder to run the cell anew' }, { cause });
