import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Dataset, syntheticImages } from '@tempered/data';
import { createModel } from '@tempered/models';
import { loadEngine, TensorflowSession } from '@tempered/tensors/node';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { FeedRecord } from './feed-meter.js';
import { trainInLockstep } from './lockstep.js';
import type { Objective } from './objective.js';
import { classifierOf } from './teacher-facts.js';
import { featureShapes } from './teacher-outputs.js';
import { createTeacherProgram } from './teacher-program.js';
import { TeacherStores } from './teacher-store.js';
import { Teaching } from './teaching.js';
import { RUN_FILES, type TrainingPlan, TrainingRun } from './training-run.js';

const CLASSES = 4;
const { train, test: testImages } = syntheticImages({ seed: 1, classes: CLASSES, trainPerClass: 5, testPerClass: 2 });
const student = createModel('resnet8', { numClasses: CLASSES });
const teacher = createModel('resnet8', { numClasses: CLASSES });
const TEACHER_WEIGHTS = teacher.init(9);

const base: Objective = {
  weights: { ce: 0.1, kd: 9, method: 0 },
  temperature: 2,
  standardize: true,
  curriculum: null,
  loss: null,
  options: {},
};
const OBJECTIVES: Record<string, Objective> = {
  'kd-ls': base,
  vanilla: { ...base, weights: { ce: 1, kd: 0, method: 0 } },
  'ctkd-ls': { ...base, curriculum: { start: 1, range: 20, schedule: 'cosine', max: 0, min: -1, loops: 2 } },
  dkd: { ...base, weights: { ce: 1, kd: 0, method: 1 }, loss: 'dkd', options: { alpha: 1, beta: 2 } },
  crd: { ...base, weights: { ce: 1, kd: 0, method: 0.8 }, loss: 'crd', options: { negatives: 6, sampling: 'relax' } },
  mlkd: { ...base, weights: { ce: 0.1, kd: 0, method: 9 }, loss: 'mlkd' },
  srrl: { ...base, weights: { ce: 0.1, kd: 0.9, method: 1 }, loss: 'srrl' },
};
/** A learned temperature, a memory bank fed by the host, two views, statistics of a loss's own: everything that a resume must keep. */
const RESUMED = ['ctkd-ls', 'dkd', 'crd', 'mlkd', 'srrl'];

let folder: string;
beforeAll(async () => {
  await loadEngine();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tempered-lockstep-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const planOf = (id: string, changes: Partial<TrainingPlan> = {}): TrainingPlan => ({
  id,
  folder: join(folder, id),
  student: {
    model: student,
    objective: OBJECTIVES[id]!,
    optimizer: { momentum: 0.9, weightDecay: 5e-4, nesterov: false },
    shapes: featureShapes(student, teacher, 8, train.length, TEACHER_WEIGHTS),
    classifier: classifierOf(teacher, TEACHER_WEIGHTS),
  },
  seed: 3,
  epochs: 2,
  batchSize: 8,
  rates: (epoch) => ({ learningRate: 0.05 / epoch, lambda: -0.5, warmup: epoch / 2 }),
  evaluates: () => true,
  ...changes,
});

/** Trains plans as one group in a session of their own; stops after so many steps of the first one when asked to. */
async function trainGroup(
  plans: TrainingPlan[],
  options: { stopAfter?: number; images?: Dataset; kept?: boolean; precision?: 'float32' | 'float16' } = {},
): Promise<{ finished: string[]; diverged: string[]; feed: FeedRecord; damaged: number }> {
  const session = new TensorflowSession({ intraOpThreads: 1, interOpThreads: 2 });
  const runs: TrainingRun[] = [];
  for (const plan of plans) runs.push(await TrainingRun.open(plan, session, 'engine'));
  const outputs = [...new Map(runs.flatMap(({ teacherInputs }) => teacherInputs).map((output) => [output.name, output])).values()];
  const program = await createTeacherProgram({ model: teacher, weights: TEACHER_WEIGHTS, outputs, session, scope: 'teacher' });
  const images = options.images ?? train;
  const stores = options.kept
    ? await TeacherStores.open({
        cache: { folder: join(folder, 'kept'), mostBytes: 1e9, precision: options.precision ?? 'float32' },
        weights: TEACHER_WEIGHTS,
        model: 'resnet8',
        train: images,
        engine: 'engine',
        outputs,
        classes: CLASSES,
      })
    : null;
  const abort = new AbortController();
  const diverged: string[] = [];
  let steps = 0;
  const finished = await trainInLockstep(runs, {
    train: images,
    test: testImages,
    teacher: new Teaching(program, outputs, CLASSES, stores),
    atOnce: 2,
    signal: abort.signal,
    listener: {
      step: (run) => {
        if (run === runs[0] && ++steps === options.stopAfter) abort.abort();
      },
      failed: (run) => diverged.push(run.plan.id),
    },
  });
  const damaged = [...(stores?.weak.values() ?? [])].reduce((sum, { statistics }) => sum + statistics.damagedFiles, 0);
  await stores?.close(null);
  session.close();
  return { finished: finished.map(({ plan }) => plan.id), diverged, feed: runs[0]!.progress.feed, damaged };
}

/** The trained bytes of a run, and its metrics without the columns that tell time. */
async function result(id: string): Promise<{ state: string; metrics: string }> {
  const bytes = await readFile(join(folder, id, RUN_FILES.checkpoint));
  const metrics = (await readFile(join(folder, id, RUN_FILES.metrics), 'utf8'))
    .split('\n')
    .map((line) => line.split(',').slice(0, -1).join());
  return { state: bytes.subarray(8 + Number(bytes.readBigUInt64LE(0))).toString('hex'), metrics: metrics.join('\n') };
}

test('every run of a group is bit-equal to the run alone, the smaller last batch included', async () => {
  const ids = Object.keys(OBJECTIVES);
  expect((await trainGroup(ids.map((id) => planOf(id)))).finished.sort()).toEqual([...ids].sort());
  const together = await Promise.all(ids.map(result));
  await rm(folder, { recursive: true });
  for (const [i, id] of ids.entries()) {
    await trainGroup([planOf(id)]);
    expect(await result(id)).toEqual(together[i]);
  }
  expect(new Set(together.map(({ state }) => state)).size).toBe(ids.length);
});

test.each([
  { stops: [2], ids: RESUMED },
  { stops: [4], ids: ['ctkd-ls', 'crd'] },
  { stops: [1, 1, 2], ids: ['ctkd-ls', 'crd'] },
])('a run stopped after $stops steps goes on bit-equal to one that never stopped: $ids', async ({ stops, ids }) => {
  const plans = ids.map((id) => planOf(id));
  await trainGroup(plans);
  const straight = await Promise.all(ids.map(result));
  await rm(folder, { recursive: true });
  for (const stopAfter of stops) expect((await trainGroup(plans, { stopAfter })).finished).toEqual([]);
  expect((await trainGroup(plans)).finished).toHaveLength(ids.length);
  expect(await Promise.all(ids.map(result))).toEqual(straight);
});

test('a run that was saved ahead of the others waits for them', async () => {
  const plans = ['kd-ls', 'vanilla'].map((id) => planOf(id));
  await trainGroup(plans);
  const straight = await Promise.all(['kd-ls', 'vanilla'].map(result));
  await rm(folder, { recursive: true });
  await trainGroup([plans[0]!], { stopAfter: 4 });
  await trainGroup(plans);
  expect(await Promise.all(['kd-ls', 'vanilla'].map(result))).toEqual(straight);
});

/** Files of rows below the folder of kept outputs. */
async function rowFiles(): Promise<string[]> {
  const kept = join(folder, 'kept');
  return (await readdir(kept, { recursive: true })).filter((name) => name.endsWith('.rows')).map((name) => join(kept, name));
}

test('students are bit-equal without a store, while it is filled, out of it, and with parts of it damaged', async () => {
  const trained = async (kept: boolean) => {
    await rm(join(folder, 'kd-ls'), { recursive: true, force: true });
    const { feed, damaged } = await trainGroup([planOf('kd-ls', { epochs: 1 })], { kept });
    return { result: await result('kd-ls'), asked: feed.asked, hits: feed.hits, computed: feed.computed, damaged };
  };
  const without = await trained(false);
  expect(without).toMatchObject({ asked: 20, hits: 0, computed: 64 });
  const counts = { result: without.result, asked: 20 };
  expect(await trained(true)).toEqual({ ...counts, hits: 0, computed: 64, damaged: 0 });
  expect(await trained(true)).toEqual({ ...counts, hits: 20, computed: 0, damaged: 0 });
  const [file] = await rowFiles();
  const bytes = await readFile(file!);
  bytes[bytes.length - 3]! ^= 4;
  await writeFile(file!, bytes);
  expect(await trained(true)).toEqual({ ...counts, hits: 19, computed: 64, damaged: 1 });
  for (const broken of await rowFiles()) await truncate(broken, 300);
  expect(await trained(true)).toMatchObject({ ...counts, hits: 0, computed: 64 });
  expect(await trained(true)).toEqual({ ...counts, hits: 20, computed: 0, damaged: 0 });
}, 300_000);

test('a strong view is asked about once for each epoch and picture; students are bit-equal with a store and without', async () => {
  const trained = async (kept: boolean) => {
    await rm(join(folder, 'mlkd'), { recursive: true, force: true });
    const { feed } = await trainGroup([planOf('mlkd', { epochs: 1 })], { kept });
    return { result: await result('mlkd'), asked: feed.asked, hits: feed.hits };
  };
  const without = await trained(false);
  expect(without).toMatchObject({ asked: 40, hits: 0 });
  expect(await trained(true)).toEqual({ ...without, hits: 0 });
  expect(await trained(true)).toEqual({ ...without, hits: 40 });
}, 300_000);

test('rows of other images are not taken; half precision has rows of its own, the same the first time as out of the store', async () => {
  const hits = async (options: Parameters<typeof trainGroup>[1]) => {
    await rm(join(folder, 'kd-ls'), { recursive: true, force: true });
    return (await trainGroup([planOf('kd-ls', { epochs: 1 })], { kept: true, ...options })).feed.hits;
  };
  expect(await hits({})).toBe(0);
  const other = syntheticImages({ seed: 2, classes: CLASSES, trainPerClass: 5, testPerClass: 2 }).train;
  expect(await hits({ images: other })).toBe(0);
  expect(await hits({ precision: 'float16' })).toBe(0);
  const first = await result('kd-ls');
  expect(await hits({ precision: 'float16' })).toBe(20);
  expect(await result('kd-ls')).toEqual(first);
}, 300_000);

test('a run whose loss is no number leaves the group; the others and its last checkpoint stay', async () => {
  const sick = planOf('vanilla', { rates: (epoch) => ({ learningRate: epoch === 1 ? 0.05 : Number.NaN, lambda: 0, warmup: 1 }) });
  const { finished, diverged } = await trainGroup([sick, planOf('kd-ls')]);
  expect({ finished, diverged }).toEqual({ finished: ['kd-ls'], diverged: ['vanilla'] });
  const rows = (await readFile(join(folder, 'vanilla', RUN_FILES.metrics), 'utf8')).trim().split('\n');
  expect(rows).toHaveLength(2);
});

test('a damaged checkpoint, or one of another run, is named and nothing is trained', async () => {
  const plan = planOf('vanilla');
  await trainGroup([plan], { stopAfter: 2 });
  const path = join(folder, 'vanilla', RUN_FILES.checkpoint);
  const good = await readFile(path);
  await writeFile(path, good.subarray(0, good.length - 10));
  await expect(trainGroup([plan])).rejects.toThrow(/checkpoint\.safetensors: the checkpoint cannot be used/);
  await writeFile(path, good);
  await expect(trainGroup([{ ...planOf('kd-ls'), folder: plan.folder }])).rejects.toThrow("it belongs to 'vanilla', not to 'kd-ls'");
});

test('runs of different seeds do not train in lockstep', async () => {
  await expect(trainGroup([planOf('vanilla'), planOf('kd-ls', { seed: 4 })])).rejects.toThrow('share seed and batch size');
});
