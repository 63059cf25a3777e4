import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CIFAR100, epochPlan, findCifarFolder, firstPlacesOfEachClass, type TrainingImages } from '@tempered/data';
import { createModel, type ModelName, toStateDict } from '@tempered/models';
import { type StoredTensor, type StoredTensors, writeSafetensors } from '@tempered/tensors';
import { makeFolder, writeAtomically } from '../atomic-file.js';
import { describeNetwork } from '../bench-step-network.js';
import { usageError } from '../errors.js';
import { loadRunImages } from '../images.js';
import { importTeacher } from '../import-teacher.js';
import type { Recipe } from '../recipe.js';
import { withEpochs } from '../recipe.js';
import { loadTeacher } from '../teacher-record.js';
import { type Compared, comparedRecipe, type Job, runsOf, WORK_FILES } from './job.js';

export interface Preparation {
  work: string;
  /** The folder with CIFAR-100's binary files. */
  data: string;
  student: ModelName;
  teacher: ModelName;
  /** Trained weights of the teacher; null for those that the harness finds by itself. */
  teacherFile: string | null;
  methods: readonly Compared[];
  seeds: readonly number[];
  epochs: number;
  /** A balanced part of the training images; null for all. */
  trainImages: number | null;
  keptSteps: number;
  signal: AbortSignal;
}

const int32 = (values: ArrayLike<number>): StoredTensor => ({ dtype: 'int32', shape: [values.length], data: Int32Array.from(values) });

/** Places of a balanced part in the files: as the harness takes it, the first of each class. */
const placesOf = (all: TrainingImages, part: TrainingImages): ArrayLike<number> => firstPlacesOfEachClass(all, part.length / part.classes);

/** Order and variant of every picture in every epoch, as our trainer draws them. */
function plannedEpochs(length: number, seed: number, { epochs, batchSize }: Recipe): StoredTensors {
  const plan: StoredTensors = new Map();
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const batches = [...epochPlan(length, { seed, epoch, batchSize })];
    plan.set(`order.${epoch}`, int32(batches.flatMap(({ indices }) => [...indices])));
    plan.set(`variants.${epoch}`, int32(batches.flatMap(({ variants }) => [...variants])));
  }
  return plan;
}

/**
 * Writes a work folder: the job, both networks' weights, the part of the images, and what every epoch shows, so that PyTorch
 * needs nothing of ours to train the same thing.
 *
 * Throws   UserError where images or teacher are missing or are not what their records say.
 */
export async function prepareWork(preparation: Preparation): Promise<Job> {
  const { work, data, student: studentName, teacher: teacherName, epochs, seeds, signal } = preparation;
  const folder = await findCifarFolder(data, 'cifar100');
  if (!folder) throw usageError({ what: 'it holds no binary files of CIFAR-100', where: `--data ${data}` });
  const shown = { dataset: 'cifar100', data, signal } as const;
  const part = { name: 'paper', trainImages: preparation.trainImages, testImages: null, otherImages: false } as const;
  const all = await loadRunImages({ ...shown, profile: { ...part, trainImages: null } });
  const images = await loadRunImages({ ...shown, profile: part });
  const { classes, mean, std } = images.train;

  const out = runsOf(work);
  await makeFolder(out);
  const { teacherFile: file } = preparation;
  if (file) await importTeacher({ file, model: teacherName, images, out, command: 'beside-reference prepare', signal });
  const teacher = await loadTeacher(teacherName, 'cifar100', classes, out);
  await copyFile(teacher.path, join(work, WORK_FILES.teacher));
  const student = createModel(studentName, { numClasses: classes });
  const recipes = Object.fromEntries(
    preparation.methods.map((method) => [method, withEpochs(comparedRecipe(method, teacherName, studentName), epochs)]),
  ) as Job['recipes'];
  const [recipe] = Object.values(recipes);
  const write = async (name: string, tensors: StoredTensors): Promise<void> =>
    await writeAtomically(join(work, name), writeSafetensors(tensors));
  await write(WORK_FILES.places, new Map([['places', int32(placesOf(all.train, images.train))]]));
  for (const seed of seeds) {
    await write(WORK_FILES.student(seed), toStateDict(student, student.init(seed)));
    await write(WORK_FILES.plan(seed), plannedEpochs(images.train.length, seed, recipe!));
  }
  const job: Job = {
    dataset: 'cifar100',
    images: images.about,
    files: { train: folder.train, test: folder.test, labelBytes: CIFAR100.labelBytes },
    classes,
    mean,
    std,
    seeds,
    recipes,
    networks: { student: describeNetwork(student), teacher: describeNetwork(teacher.model) },
    teacherTop1: teacher.record.top1,
    keptSteps: preparation.keptSteps,
  };
  await writeAtomically(join(work, WORK_FILES.job), `${JSON.stringify(job, null, 1)}\n`);
  return job;
}
