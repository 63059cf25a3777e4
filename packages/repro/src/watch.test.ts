import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { main } from './cli.js';
import { LiveProgressWriter, readLiveProgress } from './live-progress.js';
import { runFolder, writeConfig, writeFailure, writeSummary } from './run-folder.js';
import { takeRunLock } from './run-lock.js';
import { sparkline } from './sparkline.js';
import { styleFor } from './terminal.js';
import { fakeSummary, quickCells } from './testing/fake-runs.js';
import { fakeWorld } from './testing/fake-world.js';
import { readWatched } from './watch-state.js';
import { watchLines } from './watch-view.js';

let out: string;
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), 'tempered-watch-'));
});
afterEach(() => rmSync(out, { recursive: true, force: true }));

const plain = styleFor({}, { NO_COLOR: '1' });
const METRICS = 'epoch,learningRate,loss,crossEntropy,trainTop1,top1,top5,temperature,seconds\n';

/** Six cells in the six states. */
async function place(): Promise<() => void> {
  const cells = quickCells({ methods: ['kd', 'ctkd', 'dkd'], ls: 'both' }).slice(0, 6);
  const [done, running, stopped, waiting, diverged, failed] = cells as [...typeof cells, never];
  for (const cell of cells) await writeConfig(out, cell, {});
  await writeSummary(out, fakeSummary(done!));
  await writeSummary(out, fakeSummary(diverged!, { status: 'diverged', epochs: 3 }));
  await writeFailure(out, failed!.id, { what: 'the worker was ended by SIGABRT\nmore', at: '2026-01-01T00:00:00Z' });
  writeFileSync(join(runFolder(out, stopped!), 'metrics.csv'), `${METRICS}1,0.05,3.5,3,10,20,50,,9\n`);
  writeFileSync(
    join(runFolder(out, running!), 'metrics.csv'),
    `${METRICS}1,0.05,3.5,3,10,20,50,,9\n2,0.05,3,3,10,,,,9\n3,0.05,2.5,3,10,31.5,60,4.25,9\n`,
  );
  const lock = takeRunLock(runFolder(out, running!));
  new LiveProgressWriter().note(runFolder(out, running!), { epoch: 4, step: 40, steps: 79, loss: 2.25, msPerStep: 40 });
  expect(waiting).toBeDefined();
  return () => lock.release();
}

test('reads every state of a cell out of its folder', async () => {
  const release = await place();
  const { cells, secondsLeft, share } = await readWatched(out);
  expect(cells.map(({ status }) => status).sort()).toEqual(['diverged', 'done', 'failed', 'running', 'stopped', 'waiting']);
  const running = cells.find(({ status }) => status === 'running')!;
  expect(running).toMatchObject({ epoch: 3, epochs: 12, loss: 2.25, lastTop1: 31.5, bestTop1: 31.5, temperature: 4.25 });
  expect(running.share).toBeCloseTo((3 * 79 + 40) / (12 * 79));
  expect(running.curves.top1).toEqual([
    [1, 20],
    [3, 31.5],
  ]);
  expect(running.worker).toContain(`process ${process.pid}`);
  // Three cells have steps ahead of them, all at 40 ms: 12, 11 and 9 epochs less 40 steps.
  expect(secondsLeft).toBeCloseTo(0.04 * (79 * (12 + 11 + 9) - 40));
  expect(share).toBeGreaterThan(0.3);
  release();
  const after = await readWatched(out);
  expect(after.cells.filter(({ status }) => status === 'stopped')).toHaveLength(2);
  expect(after.secondsLeft).toBeNull();
});

test('shows them within the window, and says what does not fit', async () => {
  const release = await place();
  const lines = watchLines(await readWatched(out), plain, 100);
  expect(lines[0]).toMatch(/^6 cells, \d+ %, about 2 min left {2}1 running, 1 failed, 1 diverged, 1 stopped, 1 waiting, 1 done$/);
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(100);
  expect(lines.find((line) => line.includes('running '))).toMatch(/3\/12 {3}2\.250 {2}31\.50 % ▁█ {2}T 4\.25/);
  expect(lines.find((line) => line.includes('failed '))).toContain('the worker was ended by SIGABRT');
  const few = watchLines(await readWatched(out), plain, 100, 6);
  expect(few).toHaveLength(6);
  expect(few.at(-1)).toMatch(/^\d more lines/);
  release();
});

test('tempered watch: a look for people, a record for programs, and a word where there is nothing', async () => {
  const empty = fakeWorld();
  expect(await main(['watch', '--out', out], empty)).toBe(0);
  expect(empty.out()).toContain("'tempered repro' begins");
  (await place())();
  const world = fakeWorld();
  expect(await main(['watch', '--out', out, '--json', '--once'], world)).toBe(0);
  expect(world.records()).toMatchObject([{ kind: 'watch', cells: [{}, {}, {}, {}, {}, {}] }]);
  const wrong = fakeWorld();
  expect(await main(['watch', '--out', out, '--port', '80'], wrong)).toBe(2);
});

test('tempered watch --serve says where the page is, and Ctrl-C ends it', async () => {
  const world = fakeWorld();
  const ended = main(['watch', '--out', out, '--serve', '--json'], world);
  while (world.out() === '') await new Promise((resolve) => setTimeout(resolve, 5));
  const [{ url }] = world.records() as [{ url: string }];
  expect((await (await fetch(`${url}state.json`)).json()) as object).toMatchObject({ out, cells: [] });
  world.press('SIGINT');
  expect(await ended).toBe(0);
  await expect(fetch(url)).rejects.toThrow();
});

test('a sparkline goes from its lowest to its highest value, in no more characters than it may', () => {
  expect(sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8)).toBe('▁▂▃▄▅▆▇█');
  expect(sparkline([0, 0, 7, 7], 2)).toBe('▁█');
  expect(sparkline([5, 5], 8)).toBe('▁▁');
  expect(sparkline([], 8)).toBe('');
});

test('progress is written at most once a second, and a torn one counts as none', () => {
  const writer = new LiveProgressWriter();
  const progress = { epoch: 1, step: 1, steps: 9, loss: 1, msPerStep: 1 };
  writer.note(out, progress, 10_000);
  writer.note(out, { ...progress, step: 2 }, 10_500);
  expect(readLiveProgress(out)).toEqual({ ...progress, at: 10_000 });
  writer.note(out, { ...progress, step: 3 }, 11_000);
  expect(readLiveProgress(out)?.step).toBe(3);
  writeFileSync(join(out, 'progress.json'), '{"epoch":');
  expect(readLiveProgress(out)).toBeNull();
});
