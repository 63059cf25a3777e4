import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where a cell is within its epoch, for whoever watches: `progress.json`, rewritten every few seconds. */
export interface LiveProgress {
  epoch: number;
  step: number;
  steps: number;
  loss: number;
  /** Of this cell's share of its group. */
  msPerStep: number;
  /** Units: milliseconds since 1970. */
  at: number;
}

const FILE = 'progress.json';
const EVERY_MS = 1_000;

/** Writes how far cells are, each at most once a second. What it writes decides nothing, so it is not made to survive a power cut. */
export class LiveProgressWriter {
  readonly #written = new Map<string, number>();

  note(folder: string, progress: Omit<LiveProgress, 'at'>, now = Date.now()): void {
    if (now - (this.#written.get(folder) ?? Number.NEGATIVE_INFINITY) < EVERY_MS) return;
    this.#written.set(folder, now);
    const path = join(folder, FILE);
    try {
      writeFileSync(`${path}.${process.pid}.tmp`, JSON.stringify({ ...progress, at: now }));
      renameSync(`${path}.${process.pid}.tmp`, path);
    } catch {
      // A full disk stops the run where it has something to lose: at its next checkpoint.
    }
  }
}

/** How far a cell was when it last said so; null where it has not. */
export function readLiveProgress(folder: string): LiveProgress | null {
  try {
    const progress = JSON.parse(readFileSync(join(folder, FILE), 'utf8')) as LiveProgress;
    return Number.isFinite(progress.epoch) && Number.isFinite(progress.step) && Number.isFinite(progress.steps) ? progress : null;
  } catch {
    return null;
  }
}
