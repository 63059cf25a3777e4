import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runFolder, type StoredRun } from '../run-folder.js';
import { readAnalysis } from './cell-analysis.js';

/** A finished cell whose figures are missing or are those of other weights. */
export interface PendingAnalysis {
  run: StoredRun;
  checkpoint: string;
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** The half of an image fingerprint that is the test images'. */
export const testPart = (fingerprint: string): string => fingerprint.split('-').at(-1)!;

/** Where a cell's weights lie. */
export const checkpointPath = (out: string, { cell }: StoredRun): string => join(runFolder(out, cell), 'checkpoint.safetensors');

/** The finished cells with a checkpoint whose analysis.json is missing or was made from something else. */
export async function pendingAnalyses(out: string, runs: readonly StoredRun[]): Promise<PendingAnalysis[]> {
  const pending: PendingAnalysis[] = [];
  for (const run of runs) {
    if (run.summary?.status !== 'done' || !existsSync(checkpointPath(out, run))) continue;
    const checkpoint = sha256(await readFile(checkpointPath(out, run)));
    const known = await readAnalysis(out, run.cell);
    const current =
      known?.checkpoint === checkpoint &&
      known.teacherWeights === (run.summary.teacher?.sha256 ?? null) &&
      known.testImages === testPart(run.cell.images.fingerprint);
    if (!current) pending.push({ run, checkpoint });
  }
  return pending;
}
