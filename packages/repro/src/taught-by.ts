import type { ModelName } from '@tempered/models';
import { UserError } from './errors.js';
import { evaluateAll } from './evaluate.js';
import type { RunImages, TeacherRecord } from './run-types.js';
import { openSession, soloThreads } from './session-plan.js';
import { createTeacherProgram } from './teacher-program.js';
import { type LoadedTeacher, loadTeacher } from './teacher-record.js';

/** A teacher this far off its record, in percentage points, does not teach. */
export const TEACHER_TOLERANCE = 0.5;

/** A teacher that was looked at before it teaches. */
export interface CheckedTeacher {
  teacher: Pick<LoadedTeacher, 'model' | 'weights'>;
  measured: TeacherRecord;
  /** Its accuracy by its record; null for the untrained one of the smoke profile. */
  recorded: number | null;
}

/**
 * Loads a teacher and measures it in float32 on the test set before it teaches.
 *
 * Throws   UserError when there is none, when it does not fit, or when it is more than 0.5 points off its record on the images of
 *          the record (all test images).
 */
export async function checkedTeacher(name: ModelName, images: RunImages, out: string, signal: AbortSignal): Promise<CheckedTeacher> {
  const { test, about } = images;
  const loaded = await loadTeacher(name, about.dataset, test.classes, out);
  const session = openSession(soloThreads(), 'f32');
  const program = await createTeacherProgram({ model: loaded.model, weights: loaded.weights, outputs: [], session, scope: 'checked' });
  try {
    const [accuracy] = await evaluateAll([program.logits], test, { signal });
    const { top1, images: seen } = accuracy!;
    const { record } = loaded;
    if (seen === record.testImages && Math.abs(top1 - record.top1) > TEACHER_TOLERANCE) {
      throw new UserError({
        what: `${name} reaches ${top1.toFixed(2)} % on the test set, its record says ${record.top1.toFixed(2)} %`,
        where: loaded.path,
        mend: `weights, images or engine are not what they were: train it anew with 'tempered teachers train ${name} --dataset ${about.dataset}', or check the images with 'tempered data check'`,
      });
    }
    return { teacher: loaded, measured: { name, top1, sha256: record.sha256 }, recorded: record.top1 };
  } finally {
    program.dispose();
    session?.close();
  }
}
