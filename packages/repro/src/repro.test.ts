import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { main } from './cli.js';
import { UserError } from './errors.js';
import { precisionHere } from './precision.js';
import { writeConfig, writeSummary } from './run-folder.js';
import type { RunGroup } from './run-types.js';
import { services } from './services.js';
import { fakeSummary } from './testing/fake-runs.js';
import { fakeWorld, obedientGroup } from './testing/fake-world.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tempered-cli-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const out = (): string => join(folder, 'out');
const repro = (...more: string[]): string[] => ['repro', '--out', out(), ...more];
const csvRows = (): Record<string, string>[] =>
  parse(readFileSync(join(out(), 'tables', 'all.csv'), 'utf8'), { columns: true }) as Record<string, string>[];

test('the plan comes first, then the work, then the table and where the CSV is', async () => {
  const world = fakeWorld();
  expect(await main(repro(), world)).toBe(0);
  const said = world.out();
  const order = [
    'Plan',
    '8 to do',
    'CIFAR-10: 5,000 for training',
    'TensorFlow 2.21.0',
    'time',
    'KD T=2 w=9',
    'paper %',
    'not comparable',
    'all.csv',
  ];
  const places = order.map((words) => said.indexOf(words));
  expect(
    places.every((place) => place >= 0),
    said,
  ).toBe(true);
  expect(places.at(-1)).toBe(Math.max(...places));
  expect(world.err()).toContain('epoch 12/12');
  expect(csvRows().map(({ label }) => label)).toEqual(['vanilla', 'KD', 'KD T=2 w=9', 'KD+LS', 'CTKD', 'CTKD+LS', 'DKD', 'DKD+LS']);
});

test('the same command again runs nothing, another one only what is missing', async () => {
  await main(repro('--methods', 'kd'), fakeWorld());
  const runGroup = vi.fn(obedientGroup);
  const again = fakeWorld({ runGroup });
  expect(await main(repro('--methods', 'kd'), again)).toBe(0);
  expect(runGroup).not.toHaveBeenCalled();
  expect(again.out()).toContain('3 done already');
  expect(again.out()).toContain('nothing left to run');

  const more = fakeWorld({ runGroup });
  expect(await main(repro('--methods', 'kd,dkd'), more)).toBe(0);
  expect(runGroup.mock.calls[0]![0].map(({ label }) => label)).toEqual(['DKD', 'DKD+LS']);
  expect(more.out()).toContain('3 done already, 2 to do');
  expect(csvRows().length).toBe(5);

  expect(await main(repro('--methods', 'kd', '--fresh'), fakeWorld({ runGroup }))).toBe(0);
  expect(runGroup.mock.calls[1]![0].length).toBe(3);
});

test('--json: records and nothing else on stdout, the words on stderr', async () => {
  const world = fakeWorld();
  expect(await main(repro('--json', '--methods', 'dkd'), world)).toBe(0);
  const records = world.records();
  expect(records.map(({ kind }) => kind)).toEqual(['plan', 'epoch', 'cell-done', 'epoch', 'cell-done', 'result']);
  expect(records[0]).toMatchObject({
    profile: 'quick',
    precision: precisionHere('bf16'),
    images: { dataset: 'cifar10' },
    cells: [{ label: 'DKD', status: 'to do' }, {}],
  });
  expect(records.at(-1)).toMatchObject({
    exitCode: 0,
    csv: join(out(), 'tables', 'all.csv'),
    cells: [{ status: 'done', lastTop1: 50 }, {}],
  });
  expect(world.err()).toContain('Plan');
});

test('a folder that cannot be written to is an error before any work', async () => {
  const file = join(folder, 'file');
  writeFileSync(file, '');
  for (const place of [join(file, 'out'), '/proc/tempered']) {
    const world = fakeWorld({ openImages: vi.fn(services.openImages) });
    expect(await main(['repro', '--out', place], world)).toBe(1);
    expect(world.err()).toMatch(/cannot write there: .*\n {2}name a folder of your own with --out/);
    expect(world.services.openImages).not.toHaveBeenCalled();
  }
});

test('damaged images are an error before any work, with file and mend', async () => {
  const runGroup = vi.fn(obedientGroup);
  writeFileSync(join(folder, 'train.bin'), Buffer.alloc(3074 * 100 - 7));
  writeFileSync(join(folder, 'test.bin'), Buffer.alloc(3074 * 100));
  const world = fakeWorld({ openImages: services.openImages, runGroup });
  expect(await main(repro('--data', folder), world)).toBe(1);
  expect(world.err()).toContain(join(folder, 'train.bin'));
  expect(runGroup).not.toHaveBeenCalled();

  const missing = fakeWorld({ openImages: services.openImages, runGroup });
  expect(await main(repro('--data', join(folder, 'nowhere')), missing)).toBe(1);
  expect(missing.err()).toContain('there is no such folder');
});

test('a method that the trainer cannot run yet stops the run before any work', async () => {
  const runGroup = vi.fn(obedientGroup);
  const checkRecipe = vi.fn(async () => {
    throw new UserError({ what: 'the trainer does not provide that yet', where: 'recipe' });
  });
  const world = fakeWorld({ checkRecipe, runGroup });
  expect(await main(repro('--methods', 'crd'), world)).toBe(1);
  expect(checkRecipe).toHaveBeenCalledOnce();
  expect(runGroup).not.toHaveBeenCalled();
});

test('a missing teacher stops the run before any work, with the command that trains one', async () => {
  const runGroup = vi.fn(obedientGroup);
  const world = fakeWorld({ checkTeacher: services.checkTeacher, runGroup });
  expect(await main(repro('--pairs', 'resnet110:resnet20'), world)).toBe(1);
  expect(world.err()).toContain('tempered teachers train resnet110 --dataset cifar10');
  expect(runGroup).not.toHaveBeenCalled();
  const smoke = fakeWorld({ checkTeacher: services.checkTeacher, runGroup });
  expect(await main(repro('--pairs', 'resnet110:resnet20', '--profile', 'smoke'), smoke)).toBe(0);
});

test('the paper profile takes all images or none', async () => {
  const world = fakeWorld({
    openImages: async (request) => ({
      ...(await fakeWorld().services.openImages(request)),
      about: { dataset: 'cifar100', source: 'a folder', trainImages: 5000, testImages: 10_000, fingerprint: 'f' },
    }),
  });
  expect(await main(repro('--profile', 'paper'), world)).toBe(1);
  expect(world.err()).toContain('there are 5000 training images of cifar100 in a folder, the paper profile takes all 50000');
});

test('the paper profile, and a dataset asked for by name, are not met with other images', async () => {
  const openImages = vi.fn(fakeWorld().services.openImages);
  await main(repro('--profile', 'paper'), fakeWorld({ openImages }));
  expect(openImages.mock.calls[0]![0]).toMatchObject({ dataset: 'auto', profile: { otherImages: false } });
  await main(repro('--dataset', 'cifar100'), fakeWorld({ openImages }));
  expect(openImages.mock.calls[1]![0].dataset).toBe('cifar100');
});

/** A group that waits for the signal, like one that trains. */
const patientGroup =
  (world: { press(signal: 'SIGINT' | 'SIGTERM'): void }, signal: 'SIGINT' | 'SIGTERM'): RunGroup =>
  async (cells, context) => {
    await writeConfig(context.out, cells[0]!, {});
    setTimeout(() => world.press(signal), 5);
    await new Promise((resolve) => context.signal.addEventListener('abort', resolve));
    context.onEvent({ kind: 'interrupted', cell: cells[0]!.id, epoch: 3, step: 17 });
    writeFileSync(join(context.out, 'runs', cells[0]!.id, 'checkpoint.safetensors'), '');
    return [];
  };

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s saves, says that the same command goes on, and exits with %d', async (signal, code) => {
  const world = fakeWorld();
  world.services.runGroup = patientGroup(world, signal);
  expect(await main(repro(), world)).toBe(code);
  expect(world.err()).toContain('saving at the next step; once more leaves at once');
  expect(world.err()).toContain('vanilla saved in epoch 3, after step 17');
  expect(world.err()).toContain('Saved. The same command goes on from here.');
  const again = fakeWorld();
  await main(repro(), again);
  expect(again.out()).toContain('1 goes on from a checkpoint, 7 to do');
});

test('a group that fails does not keep the others from running', async () => {
  const runGroup: RunGroup = async (cells, context) => {
    if (cells[0]!.seed === 0) throw new UserError({ what: 'it fell over', where: 'somewhere' });
    return await obedientGroup(cells, context);
  };
  const world = fakeWorld({ runGroup });
  expect(await main(repro('--methods', 'dkd', '--seeds', '2'), world)).toBe(1);
  expect(world.err()).toContain('DKD s0, DKD+LS s0: somewhere: it fell over');
  expect(world.err()).toContain('2 of 4 cells did not run');
  expect(csvRows().map(({ seed, status }) => `${seed} ${status}`)).toEqual(['0 not run', '1 done', '0 not run', '1 done']);
});

test('a cell that diverged is marked, counts as a failure and is not run again', async () => {
  const runGroup = vi.fn<RunGroup>(async (cells, { out: results }) => {
    const summary = fakeSummary(cells[0]!, { status: 'diverged' });
    await writeConfig(results, cells[0]!, {});
    await writeSummary(results, summary);
    return [summary];
  });
  expect(await main(repro('--methods', 'dkd', '--ls', 'off'), fakeWorld({ runGroup }))).toBe(1);
  expect(csvRows()[0]).toMatchObject({ status: 'diverged' });
  const again = fakeWorld({ runGroup });
  expect(await main(repro('--methods', 'dkd', '--ls', 'off'), again)).toBe(1);
  expect(runGroup).toHaveBeenCalledTimes(1);
  expect(again.out()).toContain('1 diverged before (--fresh runs them again)');
});

test('a defect of ours shows its stack', async () => {
  const world = fakeWorld({
    loadEngine: () => {
      throw new TypeError('undefined is not a function');
    },
  });
  expect(await main(repro(), world)).toBe(1);
  expect(world.err()).toMatch(/this should not have happened: TypeError: undefined is not a function\n\s+at /);
});
