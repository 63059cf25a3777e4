import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { main } from './cli.js';
import { UserError } from './errors.js';
import { runFolder } from './run-folder.js';
import type { RunGroup } from './run-types.js';
import { fakeImages } from './testing/fake-runs.js';
import { type FakeWorld, fakeWorld, obedientGroup } from './testing/fake-world.js';
import type { FromWorker } from './worker-messages.js';

let out: string;
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), 'tempered-run-'));
});
afterEach(() => rmSync(out, { recursive: true, force: true }));

/** Plans two groups, seeds 0 and 1 of DKD with LS and without; returns their commands as words. */
async function plan(...more: string[]): Promise<string[][]> {
  const world = fakeWorld();
  expect(await main(['plan', '--out', out, '--methods', 'dkd', '--seeds', '2', '--write', ...more], world)).toBe(0);
  return world
    .out()
    .split('\n')
    .filter((line) => line.startsWith('tempered run'))
    .map((line) => line.split(' ').slice(1));
}
const cellsIn = (words: readonly string[]): string[] => words.filter((_, i) => words[i - 1] === '--cell');

test('what a plan was told of the store of teachers stands in its commands, and nothing where nothing was told', async () => {
  const told = (words: readonly string[]): string[] => words.slice(words.indexOf('--teacher-cache'));
  const [kept] = await plan('--teacher-cache', join(out, 'shared'), '--teacher-cache-precision', 'f16');
  const store = ['--teacher-cache', join(out, 'shared'), '--teacher-cache-size', '8000000KB', '--teacher-cache-precision', 'f16'];
  expect(told(kept!)).toEqual(store);
  const [none] = await plan('--teacher-cache', 'off');
  expect(told(none!)).toEqual(['--teacher-cache', 'off']);
  expect((await plan())[0]).not.toContain('--teacher-cache');
});

test('plan --write writes the cells down and prints a command a group, which runs them', async () => {
  const groups = await plan();
  expect(groups.map((words) => cellsIn(words).length)).toEqual([2, 2]);
  expect(JSON.parse(readFileSync(join(runFolder(out, cellsIn(groups[1]!)[0]!), 'config.json'), 'utf8'))).toMatchObject({
    cell: { seed: 1, recipe: { method: 'dkd', epochs: 12 }, images: fakeImages },
  });
  const trainGroup = vi.fn(obedientGroup);
  const world = fakeWorld({ trainGroup });
  expect(await main([...groups[1]!, '--cores', '3', '--threads', '5', '--json'], world)).toBe(0);
  const [cells, context] = trainGroup.mock.calls[0]!;
  expect(cells.map(({ id }) => id)).toEqual(cellsIn(groups[1]!));
  expect(context).toMatchObject({ out, cores: 3, threads: 5 });
  expect(world.records().map(({ kind }) => kind)).toEqual(['step', 'epoch', 'cell-done', 'step', 'epoch', 'cell-done']);
});

test('what is done is left alone', async () => {
  const [words] = await plan();
  await main(words!, fakeWorld());
  const trainGroup = vi.fn(obedientGroup);
  const again = fakeWorld({ trainGroup });
  expect(await main(words!, again)).toBe(0);
  expect(trainGroup).not.toHaveBeenCalled();
  expect(again.err()).toContain('is done already');
});

test('cells that are no group, that nobody planned, or whose images are others, are refused', async () => {
  const groups = await plan();
  const mixed = fakeWorld();
  expect(await main(['run', '--out', out, ...groups.flatMap((words) => ['--cell', cellsIn(words)[0]!])], mixed)).toBe(2);
  expect(mixed.err()).toContain('do not share teacher, images, seed');
  for (const id of ['nobody', '../runs', '.', '']) {
    const unknown = fakeWorld();
    expect(await main(['run', '--out', out, '--cell', id], unknown)).toBe(2);
    expect(unknown.err()).toContain('there is no planned cell');
  }
  const openImages = vi.fn(async () => ({
    ...(await fakeWorld().services.openImages(undefined as never)),
    about: { ...fakeImages, fingerprint: 'f2' },
  }));
  const others = fakeWorld({ openImages });
  expect(await main(groups[0]!, others)).toBe(1);
  expect(others.err()).toContain('these are not the images that the cell was planned for');
  expect(openImages).toHaveBeenCalledWith(
    expect.objectContaining({ dataset: 'cifar10', profile: expect.objectContaining({ trainImages: 5000 }) }),
  );
});

/** A world that was started as a worker; what it says to its starter is kept. */
function workerWorld(trainGroup: RunGroup): FakeWorld & { said: FromWorker[] } {
  const said: FromWorker[] = [];
  const world = fakeWorld({ trainGroup });
  return Object.assign(world, { said, channel: { send: async (message: FromWorker) => void said.push(message), signals: world.signals } });
}

test('a worker tells its starter what happens, and how it ended', async () => {
  const [words] = await plan();
  const fine = workerWorld(obedientGroup);
  expect(await main(words!, fine)).toBe(0);
  expect(fine.said.map((message) => (message.kind === 'event' ? message.event.kind : message.kind))).toEqual([
    'step',
    'epoch',
    'cell-done',
    'step',
    'epoch',
    'cell-done',
    'ended',
  ]);
  expect(fine.said.at(-1)).toMatchObject({ summaries: [{ status: 'done' }, { status: 'done' }] });
});

test('a complaint is not worth another try, a breakdown is', async () => {
  const [words] = await plan();
  const complaint = workerWorld(async () => {
    throw new UserError({ what: 'there is no teacher' });
  });
  expect(await main(words!, complaint)).toBe(1);
  expect(complaint.said).toEqual([{ kind: 'ended', summaries: [], error: { text: 'there is no teacher', again: false } }]);
  const breakdown = workerWorld(async () => {
    throw new Error('Invalid TF_Status: 8');
  });
  expect(await main(words!, breakdown)).toBe(1);
  expect(breakdown.said).toMatchObject([{ kind: 'ended', error: { text: expect.stringContaining('TF_Status: 8'), again: true } }]);
});
