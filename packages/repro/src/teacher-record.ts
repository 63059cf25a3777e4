import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createModel, isModelName, loadStateDict, type Model, type ModelName, toStateDict } from '@tempered/models';
import { readSafetensors, writeSafetensors } from '@tempered/tensors';
import { writeAtomically } from './atomic-file.js';
import { messageOf, UserError } from './errors.js';
import { isPublished } from './teacher-sources.js';

/** What is known about trained weights: how they came about and how good they are. Kept as JSON beside the weights. */
export interface TeacherFile {
  model: ModelName;
  dataset: string;
  classes: number;
  /** Percent of so many test images, in float32. */
  top1: number;
  top5: number;
  testImages: number;
  trainImages: number;
  epochs: number;
  seed: number;
  precision: string;
  /** How it was made, in words, with the command. */
  origin: string;
  command: string;
  /** SHA-256 of the safetensors file. */
  sha256: string;
  /** Engine fingerprint and seconds, where this project trained it. */
  engine?: string;
  seconds?: number;
}

/** A teacher ready to teach. */
export interface LoadedTeacher {
  record: TeacherFile;
  model: Model;
  weights: Record<string, Float32Array>;
  path: string;
}

/** Trained weights that come with the package. */
export const SHIPPED_TEACHERS = fileURLToPath(new URL('../teachers/', import.meta.url));

/** Teachers that a user trained or imported. */
export const ownTeachers = (out: string): string => join(out, 'teachers');

const stem = (dataset: string, model: string): string => `${dataset}-${model}`;
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Folders in which teachers are looked for, first hit first. */
export const teacherFolders = (out: string): string[] => [ownTeachers(out), SHIPPED_TEACHERS];

/** Writes weights (PyTorch's names and layouts) and record into a folder; returns the weights' path. */
export async function writeTeacher(
  folder: string,
  model: Model,
  weights: Readonly<Record<string, Float32Array>>,
  about: Omit<TeacherFile, 'sha256' | 'model' | 'classes'>,
): Promise<string> {
  await mkdir(folder, { recursive: true });
  const bytes = writeSafetensors(toStateDict(model, weights), [['format', 'pt']]);
  const record: TeacherFile = { model: model.name as ModelName, classes: model.numClasses, ...about, sha256: sha256(bytes) };
  const path = join(folder, `${stem(about.dataset, model.name)}.safetensors`);
  await writeAtomically(path, bytes);
  await writeAtomically(path.replace(/safetensors$/, 'json'), `${JSON.stringify(record, null, 2)}\n`);
  return path;
}

/**
 * The trained teacher of a dataset.
 *
 * Throws   UserError when there is none (with the commands that train or import one), when its bytes are not those of its record,
 *          or when its weights are of another shape than the model.
 */
export async function loadTeacher(name: ModelName, dataset: string, classes: number, out: string): Promise<LoadedTeacher> {
  const file = `${stem(dataset, name)}.safetensors`;
  const folder = teacherFolders(out).find((candidate) => existsSync(join(candidate, file)));
  if (!folder) {
    throw new UserError({
      what: `there is no trained ${name} for ${dataset}`,
      where: `teacher ${name}`,
      mend: `${isPublished(name, dataset) ? `fetch the published one with 'tempered teachers fetch ${name}', ` : ''}train one with 'tempered teachers train ${name} --dataset ${dataset}', or import one with 'tempered teachers import FILE --model ${name} --dataset ${dataset}'`,
    });
  }
  const path = join(folder, file);
  const record = await readRecord(path.replace(/safetensors$/, 'json'));
  const bytes = await readFile(path);
  const mend = `train it anew with 'tempered teachers train ${name} --dataset ${dataset}', or import one with 'tempered teachers import'`;
  if (sha256(bytes) !== record.sha256) throw new UserError({ what: 'its bytes are not those that its record names', where: path, mend });
  if (record.classes !== classes)
    throw new UserError({ what: `it tells ${record.classes} classes apart, ${dataset} has ${classes}`, where: path, mend });
  const model = createModel(name, { numClasses: classes });
  try {
    return { record, model, weights: loadStateDict(model, readSafetensors(bytes).tensors).weights, path };
  } catch (error) {
    throw new UserError({ what: messageOf(error), where: path, mend }, { cause: error });
  }
}

/** Every teacher in the folders, user's first. */
export async function listTeachers(out: string): Promise<{ record: TeacherFile; path: string }[]> {
  const found: { record: TeacherFile; path: string }[] = [];
  for (const folder of teacherFolders(out)) {
    if (!existsSync(folder)) continue;
    for (const file of (await readdir(folder)).filter((entry) => entry.endsWith('.json')).sort()) {
      found.push({ record: await readRecord(join(folder, file)), path: join(folder, file.replace(/json$/, 'safetensors')) });
    }
  }
  return found;
}

async function readRecord(path: string): Promise<TeacherFile> {
  try {
    const record = JSON.parse(await readFile(path, 'utf8')) as TeacherFile;
    if (!isModelName(record.model) || typeof record.top1 !== 'number' || typeof record.sha256 !== 'string')
      throw new Error('fields are missing');
    return record;
  } catch (error) {
    throw new UserError({ what: `the teacher's record cannot be read: ${messageOf(error)}`, where: path }, { cause: error });
  }
}
