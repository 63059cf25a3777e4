import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { createModel, type ModelName } from '@tempered/models';
import { UserError } from './errors.js';
import { evaluateAll } from './evaluate.js';
import type { RunImages } from './run-types.js';
import { openSession, runFingerprint, soloThreads } from './session-plan.js';
import { createTeacherProgram } from './teacher-program.js';
import { ownTeachers, type TeacherFile, writeTeacher } from './teacher-record.js';
import { readWeights } from './weights-file.js';

export interface TeacherImport {
  file: string;
  model: ModelName;
  images: RunImages;
  out: string;
  command: string;
  /** What is known about how the weights came to be; null where nothing is. */
  origin?: string | undefined;
  trainImages?: number | undefined;
  epochs?: number | undefined;
  /** Top-1 in percent that was published of these weights: what is further from it than `MOST_POINTS_OFF` is not kept. */
  published?: number | undefined;
  signal: AbortSignal;
}

/** How far an accuracy may lie from the one on record before the weights count as others: other images, another network. */
export const MOST_POINTS_OFF = 0.5;

/**
 * Takes trained weights from a file as a teacher: checks them against the model, measures them in float32 on all test images and
 * keeps them under `out/teachers` with a record. What the weights were trained on is unknown here unless it is said.
 *
 * Throws   UserError where the file is damaged, holds the weights of another model, or measures as another teacher than was published.
 */
export async function importTeacher(options: TeacherImport): Promise<{ record: Omit<TeacherFile, 'sha256'>; path: string }> {
  const { file, model: name, images, out, command, signal } = options;
  const { test, about } = images;
  const model = createModel(name, { numClasses: test.classes });
  const weights = await readWeights(file, model);
  const session = openSession(soloThreads(), 'f32');
  const program = await createTeacherProgram({ model, weights, outputs: [], session, scope: 'imported' });
  const [accuracy] = await evaluateAll([program.logits], test, { signal });
  program.dispose();
  session?.close();
  const { published } = options;
  if (published !== undefined && Math.abs(accuracy!.top1 - published) > MOST_POINTS_OFF) {
    const found = `${accuracy!.top1.toFixed(2)} % of ${accuracy!.images} test images`;
    throw new UserError({ what: `it has ${found}, where ${published.toFixed(2)} % were published; it is not kept`, where: file });
  }
  const digest = createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
  const record = {
    dataset: about.dataset,
    top1: accuracy!.top1,
    top5: accuracy!.top5,
    testImages: accuracy!.images,
    trainImages: options.trainImages ?? 0,
    epochs: options.epochs ?? 0,
    seed: 0,
    precision: 'imported',
    origin: `imported from ${basename(file)} (sha256 ${digest})${options.origin ? `: ${options.origin}` : ''}`,
    command,
    engine: await runFingerprint(soloThreads(), 'f32'),
  };
  const path = await writeTeacher(ownTeachers(out), model, weights, record);
  return { record: { ...record, model: name, classes: model.numClasses }, path };
}
