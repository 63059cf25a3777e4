import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { syntheticImages } from '@tempered/data';
import { createModel } from '@tempered/models';
import { loadEngine } from '@tempered/tensors/node';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Cell } from './cell.js';
import { runGroup } from './group.js';
import { profiles } from './profile.js';
import { runFolder } from './run-folder.js';
import type { CellSummary, GroupContext, RunEvent, RunImages } from './run-types.js';
import { selectCells } from './selection.js';
import { ownTeachers, SHIPPED_TEACHERS, writeTeacher } from './teacher-record.js';

const { train, test: testImages } = syntheticImages({ seed: 1, classes: 4, trainPerClass: 4, testPerClass: 2 });
const images: RunImages = {
  train,
  test: testImages,
  about: { dataset: 'synthetic', source: 'made up', trainImages: 16, testImages: 8, fingerprint: 'synthetic' },
};

let out: string;
beforeAll(async () => {
  await loadEngine();
});
beforeEach(async () => {
  out = await mkdtemp(join(tmpdir(), 'tempered-group-'));
});
afterEach(() => rm(out, { recursive: true, force: true }));

const cellsOf = (profile: keyof typeof profiles, changes: object = {}): Cell[] =>
  selectCells(
    {
      pairs: [{ teacher: 'resnet8', student: 'resnet8' }],
      methods: ['vanilla', 'kd', 'ctkd', 'dkd'],
      ls: 'both',
      curriculum: null,
      seeds: [0],
    },
    { ...profiles[profile], batchSize: 8, epochs: 2, ...changes },
    images.about,
  );

function contextOf(events: RunEvent[] = [], stopAt?: (event: RunEvent) => boolean): GroupContext {
  const abort = new AbortController();
  return {
    images,
    out,
    engine: { name: 'cpu', summary: 'test', fingerprint: 'test' },
    signal: abort.signal,
    onEvent: (event) => {
      events.push(event);
      if (stopAt?.(event)) abort.abort();
    },
  };
}

/** A teacher with a record that promises so much more than it keeps. */
async function placeTeacher(excess: number): Promise<void> {
  const model = createModel('resnet8', { numClasses: 4 });
  const about = {
    dataset: 'synthetic',
    top5: 100,
    testImages: 8,
    trainImages: 16,
    epochs: 1,
    seed: 0,
    precision: 'f32',
    origin: 'a test',
    command: 'none',
  };
  const weights = model.init(5);
  await writeTeacher(ownTeachers(out), model, weights, { ...about, top1: 0 });
  // The first try finds out what it really reaches.
  const found = await runGroup([cellsOf('quick')[1]!], contextOf()).catch((error: Error) =>
    Number(/reaches ([\d.]+) %/.exec(error.message)?.[1]),
  );
  await writeTeacher(ownTeachers(out), model, weights, { ...about, top1: (typeof found === 'number' ? found : 0) + excess });
}

test('the eight cells of the quick profile run to their summaries, one group, one teacher', async () => {
  await placeTeacher(0);
  const events: RunEvent[] = [];
  const cells = cellsOf('quick');
  const summaries = await runGroup(cells, contextOf(events));
  expect(summaries.map(({ label, status }) => [label, status])).toEqual(
    ['vanilla', 'KD', 'KD T=2 w=9', 'KD+LS', 'CTKD', 'CTKD+LS', 'DKD', 'DKD+LS'].map((label) => [label, 'done']),
  );
  expect(events.filter(({ kind }) => kind === 'teacher-evaluated')).toHaveLength(1);
  for (const summary of summaries) {
    expect(summary.teacher === null).toBe(summary.label === 'vanilla');
    expect(summary.temperature !== undefined).toBe(summary.label.startsWith('CTKD'));
    const metrics = await readFile(join(runFolder(out, summary.cell), 'metrics.csv'), 'utf8');
    expect(metrics.trim().split('\n')).toHaveLength(3);
    expect(JSON.parse(await readFile(join(runFolder(out, summary.cell), 'summary.json'), 'utf8'))).toEqual(summary);
  }
});

test('each summary says what the store of its teacher did, and what waiting for pictures took', async () => {
  await placeTeacher(0);
  const context = { ...contextOf(), teacherCache: { folder: join(out, 'teacher-outputs'), mostBytes: 1e8, precision: 'float32' as const } };
  const [vanilla, first] = (await runGroup(cellsOf('quick').slice(0, 2), context)) as [CellSummary, CellSummary];
  expect(vanilla.teacherOutputs).toBe(null);
  expect(vanilla.data!.waitedPercent).toBeGreaterThan(0);
  expect(vanilla.data!.waitedPercent).toBeLessThan(100);
  expect(first.teacherOutputs).toMatchObject({ kept: 'float32', asked: 32, savedSeconds: expect.any(Number) });
  expect(first.teacherOutputs!.hits).toBeLessThan(6);
  const [second] = (await runGroup(cellsOf('quick').slice(3, 4), context)) as [CellSummary];
  expect(second.teacherOutputs).toMatchObject({ asked: 32, hits: 32, hitPercent: 100, seconds: 0 });
  expect(second.teacherOutputs!.savedSeconds).toBeGreaterThanOrEqual(0);
});

test('stopped, it says where each cell stands, and the same call goes on to the same summaries', async () => {
  await placeTeacher(0);
  const cells = cellsOf('quick').slice(0, 3);
  const timeless = (summaries: CellSummary[]): object[] =>
    summaries.map(({ teacherOutputs, ...summary }) => ({ ...summary, seconds: 0, data: null, kept: teacherOutputs?.kept }));
  const straight = timeless(await runGroup(cells, contextOf()));
  await rm(join(out, 'runs'), { recursive: true });
  const events: RunEvent[] = [];
  expect(
    await runGroup(
      cells,
      contextOf(events, (event) => event.kind === 'step' && event.step === 1),
    ),
  ).toEqual([]);
  expect(events.filter(({ kind }) => kind === 'interrupted')).toHaveLength(3);
  expect(timeless(await runGroup(cells, contextOf(events)))).toEqual(straight);
  expect(events.filter(({ kind }) => kind === 'resumed')).toHaveLength(3);
});

test('a missing teacher stops the group before any training, with the commands that help', async () => {
  await expect(runGroup(cellsOf('quick'), contextOf())).rejects.toThrow(
    /there is no trained resnet8 for synthetic[\s\S]*tempered teachers train resnet8 --dataset synthetic[\s\S]*tempered teachers import/,
  );
});

test('a teacher more than half a point off its record does not teach', async () => {
  await placeTeacher(0.6);
  await expect(runGroup(cellsOf('quick'), contextOf())).rejects.toThrow(/its record says/);
  await placeTeacher(0.4);
  expect(await runGroup(cellsOf('quick').slice(0, 2), contextOf())).toHaveLength(2);
});

test('a teacher whose bytes changed, or with another number of classes, does not teach', async () => {
  await placeTeacher(0);
  const path = join(ownTeachers(out), 'synthetic-resnet8.safetensors');
  const bytes = await readFile(path);
  bytes[bytes.length - 1]! ^= 1;
  await writeFile(path, bytes);
  await expect(runGroup(cellsOf('quick'), contextOf())).rejects.toThrow('its bytes are not those that its record names');
  await mkdir(ownTeachers(out), { recursive: true });
  for (const kind of ['safetensors', 'json']) {
    await copyFile(join(SHIPPED_TEACHERS, `cifar100-resnet56.${kind}`), join(ownTeachers(out), `synthetic-resnet56.${kind}`));
  }
  const other = selectCells(
    { pairs: [{ teacher: 'resnet56', student: 'resnet8' }], methods: ['kd'], ls: 'off', curriculum: null, seeds: [0] },
    profiles.quick,
    images.about,
  );
  await expect(runGroup(other, contextOf())).rejects.toThrow('it tells 100 classes apart, synthetic has 4');
});

test('only the smoke profile teaches with an untrained teacher', async () => {
  const summaries = await runGroup(cellsOf('smoke', { epochs: 1 }).slice(0, 2), contextOf());
  expect(summaries.map(({ teacher }) => teacher?.sha256)).toEqual([undefined, 'untrained']);
});
