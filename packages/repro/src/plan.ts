import { existsSync } from 'node:fs';
import { rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from './atomic-file.js';
import type { Cell } from './cell.js';
import { messageOf, UserError } from './errors.js';
import { type Estimate, estimate } from './estimate.js';
import { profiles } from './profile.js';
import { readMetrics } from './read-metrics.js';
import { readFailure, readRuns, readSummary, runFolder, type StoredRun } from './run-folder.js';
import type { EngineAbout } from './run-types.js';
import { expectedBytes, withinDisk } from './teacher-cache.js';
import type { TeacherCache } from './teacher-store.js';
import type { Timings } from './timings.js';

export type PlannedStatus = 'done' | 'diverged' | 'failed' | 'goes on' | 'to do';

export interface PlannedCell {
  cell: Cell;
  status: PlannedStatus;
}

/** What a command is about to do, known before it does any of it. */
export interface Plan {
  cells: readonly PlannedCell[];
  engine: EngineAbout;
  estimate: Estimate;
  /** Room in the folder of results. Units: bytes. */
  disk: { free: number; needed: number };
  /** What of teachers' outputs will be kept, and where; null: nothing. Units: bytes. */
  teacherOutputs: { folder: string; mostBytes: number; expected: number } | null;
}

/** Weights, momenta and statistics of the largest student, twice while a checkpoint is replaced, and the records. */
const BYTES_A_CELL = 40e6;

/** Looks at what is there already, and at what it will take. */
export async function makePlan(
  cells: readonly Cell[],
  out: string,
  engine: EngineAbout,
  timings?: Timings,
  cache: TeacherCache | null = null,
  classes = 0,
): Promise<Plan> {
  const planned = await plannedCells(cells, out);
  const left = planned.filter(isLeft).map(({ cell }) => ({ cell, share: shareLeft(out, cell) }));
  const { bavail, bsize } = await statfs(out);
  const taught = left.map(({ cell }) => cell).filter(({ recipe, profile }) => recipe.teacher && !profiles[profile].untrainedTeacher);
  const kept = cache && taught.length > 0 ? await withinDisk(cache) : null;
  return {
    cells: planned,
    engine,
    estimate: estimate(left, { finished: await readRuns(out), timings, engine }),
    disk: { free: bavail * bsize, needed: left.length * BYTES_A_CELL },
    teacherOutputs: kept && {
      folder: kept.folder,
      mostBytes: kept.mostBytes,
      expected: Math.min(kept.mostBytes, expectedBytes(taught, classes, kept)),
    },
  };
}

/** Which of the cells are there already. */
export const plannedCells = async (cells: readonly Cell[], out: string): Promise<PlannedCell[]> =>
  await Promise.all(cells.map(async (cell) => ({ cell, status: await statusOf(out, cell) })));

/** What of a cell is left, by the epochs that its metrics have. */
function shareLeft(out: string, cell: Cell): number {
  const { epoch = 0 } = readMetrics(runFolder(out, cell)).at(-1) ?? {};
  return Math.max(0, 1 - Number(epoch) / cell.recipe.epochs);
}

/** Cells that still have to run. */
export const isLeft = ({ status }: PlannedCell): boolean => status === 'to do' || status === 'goes on' || status === 'failed';

async function statusOf(out: string, cell: Cell): Promise<PlannedStatus> {
  const summary = await readSummary(out, cell.id);
  if (summary?.status === 'done' || summary?.status === 'diverged') return summary.status;
  if (await readFailure(out, cell.id)) return 'failed';
  return existsSync(join(runFolder(out, cell), 'checkpoint.safetensors')) ? 'goes on' : 'to do';
}

/**
 * Makes the folder of results, and makes sure that files can be made in it and have room.
 *
 * Throws   UserError naming the folder: before any work, not after hours of it.
 */
export async function checkOutFolder(out: string): Promise<void> {
  const probe = join(out, `.writable.${process.pid}`);
  try {
    await makeFolder(join(out, 'runs'));
    await makeFolder(join(out, 'tables'));
    await writeFile(probe, '');
    await rm(probe);
  } catch (error) {
    throw new UserError(
      { what: `cannot write there: ${messageOf(error)}`, where: `--out ${out}`, mend: 'name a folder of your own with --out' },
      { cause: error },
    );
  }
}

/** Throws a UserError where the disk has no room for what the plan will write. */
export function checkDisk({ disk }: Plan, out: string): void {
  if (disk.free >= disk.needed) return;
  const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1e6)} MB`;
  throw new UserError({
    what: `${megabytes(disk.free)} are free, about ${megabytes(disk.needed)} are needed`,
    where: `--out ${out}`,
    mend: 'free space there, or name another folder with --out',
  });
}

/** The cells of a plan as they now lie on disk. */
export async function runsOf(plan: Plan, out: string): Promise<StoredRun[]> {
  return await Promise.all(plan.cells.map(async ({ cell }) => ({ cell, summary: await readSummary(out, cell.id) })));
}
