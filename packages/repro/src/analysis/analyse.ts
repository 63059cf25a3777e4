import { readFile } from 'node:fs/promises';
import { createModel } from '@tempered/models';
import { readSafetensors } from '@tempered/tensors';
import type { TensorflowSession } from '@tempered/tensors/node';
import { studentWeights } from '../checkpoint.js';
import { messageOf } from '../errors.js';
import type { StoredRun } from '../run-folder.js';
import type { RunImages } from '../run-types.js';
import { openSession, soloThreads } from '../session-plan.js';
import { loadTeacher } from '../teacher-record.js';
import { ANALYSIS_VERSION, type CellAnalysis, writeAnalysis } from './cell-analysis.js';
import { figuresOf, type NetworkOutputs } from './figures.js';
import { lookAt } from './look.js';
import { checkpointPath, type PendingAnalysis, testPart } from './pending.js';

/** What becomes of the cells; nothing here throws for one cell, the others go on. */
export interface AnalysisEvents {
  onCell(run: StoredRun, at: number, of: number): void;
  onSkipped(run: StoredRun, why: string): void;
}

/**
 * Makes and keeps the figures of cells that were tested on these images: student and teacher see every test image once, in float32.
 * A cell that cannot be looked at (other images, a teacher that is gone) is named and left out.
 *
 * Throws   the signal's reason when aborted between two batches.
 */
export async function analyseCells(
  out: string,
  pending: readonly PendingAnalysis[],
  images: RunImages,
  { onCell, onSkipped }: AnalysisEvents,
  signal: AbortSignal,
): Promise<void> {
  const session = openSession(soloThreads(), 'f32');
  const teachers = new Map<string, NetworkOutputs & { name: string }>();
  try {
    for (const [i, { run, checkpoint }] of pending.entries()) {
      signal.throwIfAborted();
      onCell(run, i + 1, pending.length);
      try {
        const teacher = await teacherOf(run, out, images, teachers, session, signal);
        await analyse(out, { run, checkpoint }, images, teacher, session, signal);
      } catch (error) {
        signal.throwIfAborted();
        onSkipped(run, messageOf(error));
      }
    }
  } finally {
    session?.close();
  }
}

async function analyse(
  out: string,
  { run, checkpoint }: PendingAnalysis,
  { test, about }: RunImages,
  teacher: (NetworkOutputs & { name: string }) | null,
  session: TensorflowSession | null,
  signal: AbortSignal,
): Promise<void> {
  const { cell } = run;
  if (testPart(about.fingerprint) !== testPart(cell.images.fingerprint)) throw new Error('it was tested on other images');
  const model = createModel(cell.recipe.student, { numClasses: test.classes });
  const weights = studentWeights(model, readSafetensors(await readFile(checkpointPath(out, run))).tensors);
  const student = await lookAt({ model, weights }, test, { session, scope: cell.id, signal });
  const analysis: CellAnalysis = {
    version: ANALYSIS_VERSION,
    cell: cell.id,
    checkpoint,
    teacherWeights: run.summary?.teacher?.sha256 ?? null,
    testImages: testPart(about.fingerprint),
    ...figuresOf(student, teacher, test.labelNames),
  };
  await writeAnalysis(out, analysis);
}

/** What the cell's teacher says, looked up once for all its students. */
async function teacherOf(
  { summary }: StoredRun,
  out: string,
  { test, about }: RunImages,
  known: Map<string, NetworkOutputs & { name: string }>,
  session: TensorflowSession | null,
  signal: AbortSignal,
): Promise<(NetworkOutputs & { name: string }) | null> {
  if (!summary?.teacher) return null;
  const { name, sha256: wanted } = summary.teacher;
  let found = known.get(wanted);
  if (found) return found;
  const loaded = await loadTeacher(name as Parameters<typeof loadTeacher>[0], about.dataset, test.classes, out);
  if (loaded.record.sha256 !== wanted) throw new Error(`its teacher ${name} is not there any more, only another one`);
  found = { name, ...(await lookAt(loaded, test, { session, scope: `teacher-${wanted.slice(0, 12)}`, signal })) };
  known.set(wanted, found);
  return found;
}
