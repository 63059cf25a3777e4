import { syntheticImages } from '@tempered/data';
import { createModel, isModelName, type ModelName } from '@tempered/models';
import { randomUnit, type Values } from '@tempered/tensors';
import { loadEngine, TensorflowSession } from '@tempered/tensors/node';
import { beforeAll, expect, test } from 'vitest';
import { readPaperTable } from './paper.js';
import { rowsAreIndependent } from './row-independence.js';
import type { TeacherOutput } from './teacher-outputs.js';
import { createTeacherProgram, type TeacherProgram } from './teacher-program.js';
import { listTeachers, loadTeacher } from './teacher-record.js';
import { TEACHER_BATCH } from './teaching.js';

const PICTURE = 32 * 32 * 3;

beforeAll(async () => {
  await loadEngine();
});

/** Pictures of noise, normalised as pictures are. */
const pictures = Float32Array.from({ length: 100 * PICTURE }, (_, i) => 4 * randomUnit(7, 1, i) - 2);
const chosen = (places: readonly number[]): Float32Array => {
  const batch = new Float32Array(TEACHER_BATCH * PICTURE);
  places.forEach((i, k) => {
    batch.set(pictures.subarray(i * PICTURE, (i + 1) * PICTURE), k * PICTURE);
  });
  return batch;
};

/** All the teachers of the published tables for CIFAR-100, freshly initialised, and the trained ones that come with the package. */
const published = [...new Set(readPaperTable('results').map(({ dataset, teacher }) => (dataset === 'cifar100' ? teacher! : '')))].filter(
  isModelName,
);
const shipped = (await listTeachers('/nowhere')).map(({ record }) => record);

/** `nx run repro:rows` looks at all of them; npm test at two small networks and the teacher of CIFAR-100 that comes along. */
const all = Boolean(process.env.TEMPERED_ALL_TEACHERS);
const looked: readonly ModelName[] = all ? published : ['resnet8', 'vgg8'];
const lookedShipped = all ? shipped : shipped.filter(({ dataset }) => dataset === 'cifar100');

async function rowsDependOnlyOnPictures(name: ModelName, classes: number, weights: Record<string, Float32Array>): Promise<void> {
  const model = createModel(name, { numClasses: classes });
  const session = new TensorflowSession({ intraOpThreads: 1, interOpThreads: 2 });
  const small: TeacherOutput[] = [
    { name: 'teacher.logits', shape: [classes] },
    { name: 'teacher.pooled', shape: [model.featureShapes.pooled] },
  ];
  const maps = model.featureShapes.stages.map((shape, i): TeacherOutput => ({ name: `teacher.stage${i}`, shape }));
  const preacts = model.featureShapes.preacts.map((shape, i): TeacherOutput => ({ name: `teacher.preact${i}`, shape }));
  const alone = await createTeacherProgram({ model, weights, outputs: small, session, scope: 'alone' });
  const withMaps = await createTeacherProgram({ model, weights, outputs: [...small, ...maps, ...preacts], session, scope: 'maps' });
  const first = Array.from({ length: TEACHER_BATCH }, (_, k) => k);
  const mixed = first.map((k) => (k % 3 === 0 ? 99 - k : TEACHER_BATCH - 1 - k));
  const expected = await alone.outputs(chosen(first));
  const others = [
    { places: mixed, got: await alone.outputs(chosen(mixed)) },
    { places: first.map(() => 5), got: await alone.outputs(chosen(first.map(() => 5))) },
    { places: first, got: await withMaps.outputs(chosen(first)) },
  ];
  for (const { name: output, shape } of small) {
    const length = shape[0]!;
    const row = (data: Record<string, Values>, k: number): Float32Array =>
      (data[output] as Float32Array).subarray(k * length, (k + 1) * length);
    expect(row(expected, 0).every(Number.isFinite)).toBe(true);
    expect(row(expected, 0)).not.toEqual(row(expected, 1));
    let compared = 0;
    for (const { places, got } of others) {
      for (const [k, i] of places.entries()) {
        if (i >= TEACHER_BATCH) continue;
        compared++;
        expect(row(got, k), `${name}, ${output}, picture ${i} at ${k}`).toEqual(row(expected, i));
      }
    }
    expect(compared).toBeGreaterThan(2 * TEACHER_BATCH);
  }
  session.close();
}

test('the published tables have these teachers', () => {
  expect(published.length).toBeGreaterThanOrEqual(6);
  expect(shipped.map(({ dataset, model }) => `${dataset} ${model}`)).toContain('cifar100 resnet56');
});

test.each(looked)(
  'what %s says of a picture does not depend on what else is in the pass, or is read from it',
  async (name) => {
    await rowsDependOnlyOnPictures(name, 100, createModel(name, { numClasses: 100 }).init(1));
  },
  120_000,
);

test.each(lookedShipped)('nor what the shipped $model for $dataset says', async ({ model, dataset, classes }) => {
  const { weights } = await loadTeacher(model, dataset, classes, '/nowhere');
  await rowsDependOnlyOnPictures(model, classes, weights);
});

test('an engine on which a row depends on its neighbours is found out', async () => {
  const { train } = syntheticImages({ classes: 4, trainPerClass: 5, testPerClass: 1 });
  const told = (rows: (images: Float32Array) => Float32Array): TeacherProgram => ({
    outputs: async (images) => ({ 'teacher.logits': rows(images) }),
    logits: async (images) => rows(images),
    profile: async () => null,
    dispose: () => undefined,
  });
  const firstPixels = (images: Float32Array): Float32Array => Float32Array.from({ length: TEACHER_BATCH }, (_, k) => images[k * PICTURE]!);
  expect(await rowsAreIndependent(told(firstPixels), train)).toBe(true);
  expect(
    await rowsAreIndependent(
      told((images) => firstPixels(images).map((v, k) => v + (k === 40 ? 1e-6 : 0))),
      train,
    ),
  ).toBe(false);
});
