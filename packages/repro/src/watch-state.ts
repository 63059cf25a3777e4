import type { Cell } from './cell.js';
import { stepsPerEpoch } from './estimate.js';
import { readLiveProgress } from './live-progress.js';
import { readMetrics } from './read-metrics.js';
import { readFailure, readRuns, runFolder, type StoredRun } from './run-folder.js';
import { liveOwner } from './run-lock.js';
import { byTableOrder } from './table.js';

export type WatchedStatus = 'running' | 'waiting' | 'stopped' | 'done' | 'diverged' | 'failed';

/** A cell as somebody who watches sees it. */
export interface WatchedCell {
  id: string;
  label: string;
  pair: string;
  seed: number;
  status: WatchedStatus;
  /** Which process works on it. */
  worker: string | null;
  /** Whole epochs done, of so many; and the share of all steps, 0 to 1. */
  epoch: number;
  epochs: number;
  share: number;
  loss: number | null;
  temperature: number | null;
  /** Percent of the test images, after the epochs that ended with an evaluation. */
  lastTop1: number | null;
  bestTop1: number | null;
  curves: { top1: readonly [epoch: number, value: number][]; loss: readonly [epoch: number, value: number][] };
  /** Why it failed. */
  failure: string | null;
}

/** Everything under a folder of results, at one moment. */
export interface Watched {
  out: string;
  /** Milliseconds since 1970. */
  at: number;
  cells: WatchedCell[];
  share: number;
  /** At the pace of the workers that run now; null where none does. Units: seconds. */
  secondsLeft: number | null;
}

/** Looks at the folders of runs; disturbs nobody who works there. */
export async function readWatched(out: string, now = Date.now()): Promise<Watched> {
  const runs = (await readRuns(out)).sort((a, b) => byTableOrder(a.cell, b.cell));
  const looked = await Promise.all(runs.map(async (run) => await look(run, out)));
  const cells = looked.map(({ cell }) => cell);
  const share = cells.length === 0 ? 0 : cells.reduce((sum, cell) => sum + cell.share, 0) / cells.length;
  return { out, at: now, cells, share, secondsLeft: secondsLeft(looked) };
}

interface Looked {
  cell: WatchedCell;
  stepsLeft: number;
  msPerStep: number | null;
}

/** Cells that wait go at the mean pace of those that run; groups of several workers go side by side. */
function secondsLeft(looked: readonly Looked[]): number | null {
  const running = looked.filter(({ cell, msPerStep }) => cell.status === 'running' && msPerStep !== null);
  if (running.length === 0) return null;
  const workers = new Set(running.map(({ cell }) => cell.worker)).size;
  const pace = running.reduce((sum, { msPerStep }) => sum + msPerStep!, 0) / running.length;
  const ahead = looked.filter(({ cell }) => cell.status === 'running' || cell.status === 'waiting' || cell.status === 'stopped');
  return ahead.reduce((sum, { stepsLeft, msPerStep }) => sum + stepsLeft * (msPerStep ?? pace), 0) / 1000 / workers;
}

async function look({ cell, summary }: StoredRun, out: string): Promise<Looked> {
  const folder = runFolder(out, cell);
  const history = readMetrics(folder);
  const owner = liveOwner(folder);
  const failure = summary ? null : await readFailure(out, cell.id);
  const live = summary ? null : readLiveProgress(folder);
  const steps = live?.steps ?? stepsPerEpoch(cell);
  const total = steps * cell.recipe.epochs;
  const finished = Number(history.at(-1)?.epoch ?? 0) * steps;
  const done = summary ? total : Math.max(finished, live ? (live.epoch - 1) * steps + live.step : 0);
  const curve = (name: string): [number, number][] =>
    history.flatMap((row) => (row[name] ? [[Number(row.epoch), Number(row[name])] as [number, number]] : []));
  const curves = { top1: curve('top1'), loss: curve('loss') };
  const begun = done > 0;
  const status: WatchedStatus = summary
    ? summary.status === 'diverged'
      ? 'diverged'
      : 'done'
    : owner
      ? 'running'
      : failure
        ? 'failed'
        : begun
          ? 'stopped'
          : 'waiting';
  const temperature = history.at(-1)?.temperature;
  return {
    cell: {
      id: cell.id,
      label: cell.label,
      pair: pairOf(cell),
      seed: cell.seed,
      status,
      worker: owner ? `process ${owner.pid} on ${owner.host}` : null,
      epoch: summary?.epochs ?? Number(history.at(-1)?.epoch ?? 0),
      epochs: cell.recipe.epochs,
      share: total === 0 ? 1 : Math.min(1, done / total),
      loss: live?.loss ?? curves.loss.at(-1)?.[1] ?? null,
      temperature: temperature ? Number(temperature) : null,
      lastTop1: curves.top1.at(-1)?.[1] ?? null,
      bestTop1: curves.top1.length === 0 ? null : Math.max(...curves.top1.map(([, value]) => value)),
      curves,
      failure: failure?.what ?? null,
    },
    stepsLeft: total - done,
    msPerStep: live?.msPerStep ?? null,
  };
}

const pairOf = ({ recipe }: Cell): string => (recipe.teacher ? `${recipe.teacher} → ${recipe.student}` : recipe.student);
