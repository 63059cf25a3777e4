import { isPhotographs } from '@tempered/data';
import type { Cell } from './cell.js';
import { messageOf } from './errors.js';
import { freshFeed } from './feed-meter.js';
import { costOfRow } from './feed-record.js';
import { profiles } from './profile.js';
import { rowsAreIndependent } from './row-independence.js';
import type { GroupContext } from './run-types.js';
import { runFingerprint, type ThreadPlan } from './session-plan.js';
import type { CheckedTeacher } from './taught-by.js';
import type { TeacherOutput } from './teacher-outputs.js';
import type { TeacherProgram } from './teacher-program.js';
import { TeacherStores } from './teacher-store.js';
import type { TrainingRun } from './training-run.js';

/**
 * The stores of a group's teacher, where outputs are kept. A teacher that nobody trained has nothing to say twice, and of photographs
 * no view comes back: their crops are drawn from more than can be counted. Nor is anything kept on an engine where what a teacher says of
 * a picture depends on the others in the pass: training would not be bit-equal with it and without.
 */
export async function openGroupStores(
  cells: readonly Cell[],
  { images: { train }, teacherCache, onEvent }: GroupContext,
  { model, weights }: CheckedTeacher['teacher'],
  program: TeacherProgram,
  outputs: readonly TeacherOutput[],
  threads: ThreadPlan,
): Promise<TeacherStores | null> {
  if (!teacherCache || isPhotographs(train) || cells.every(({ profile }) => profiles[profile].untrainedTeacher)) return null;
  if (!(await rowsAreIndependent(program, train))) {
    const message = "the teacher's outputs are not kept: on this engine they depend on the other pictures of a batch";
    onEvent({ kind: 'message', message });
    return null;
  }
  const engine = await runFingerprint(threads, 'f32');
  return await TeacherStores.open({ cache: teacherCache, weights, model: model.name, train, engine, outputs, classes: train.classes });
}

/** Closes the stores, and leaves in them what a row cost. Rows that cannot be kept take nothing from what was trained. */
export async function closeGroupStores(
  stores: TeacherStores | null,
  runs: readonly TrainingRun[],
  onEvent: GroupContext['onEvent'],
): Promise<void> {
  const most = runs.map(({ progress }) => progress.feed).reduce((a, b) => (b.computed > a.computed ? b : a), freshFeed());
  try {
    await stores?.close(costOfRow(most));
  } catch (error) {
    onEvent({ kind: 'message', message: `not all of the teacher's outputs could be kept: ${messageOf(error)}` });
  }
}
