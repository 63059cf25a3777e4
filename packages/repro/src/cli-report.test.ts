import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { main } from './cli.js';
import { runFolder, writeConfig, writeSummary } from './run-folder.js';
import { fakeRuns, quickCells } from './testing/fake-runs.js';
import { fakeWorld } from './testing/fake-world.js';

let out: string;
beforeEach(async () => {
  out = mkdtempSync(join(tmpdir(), 'tempered-report-'));
  for (const { cell, summary } of fakeRuns(quickCells({ methods: ['kd'] }), (_, index) => 50 + index)) {
    await writeConfig(out, cell, {});
    await writeSummary(out, summary!);
    writeFileSync(join(runFolder(out, cell), 'checkpoint.safetensors'), cell.id);
  }
});
afterEach(() => rmSync(out, { recursive: true, force: true }));

test('the report looks at every finished student once, with the images that it was tested on', async () => {
  const seen: string[][] = [];
  const analyse = async (_out: string, pending: readonly { run: { cell: { label: string } } }[]): Promise<void> => {
    seen.push(pending.map(({ run }) => run.cell.label));
  };
  const world = fakeWorld({ analyse });
  expect(await main(['report', '--out', out, '--json'], world)).toBe(0);
  expect(seen.map((labels) => [...labels].sort())).toEqual([['KD', 'KD T=2 w=9', 'KD+LS']]);
  expect(world.records()).toEqual([{ kind: 'report', report: join(out, 'report.html'), figures: 3 }]);
  expect(readFileSync(join(out, 'report.html'), 'utf8').includes('Tempered: results')).toBe(true);
});

test('without figures, or without their images, there is a report all the same', async () => {
  const world = fakeWorld({
    openImages: async () => {
      throw new Error('no images here');
    },
  });
  expect(await main(['report', '--out', out, '--json'], world)).toBe(0);
  expect(world.records()).toMatchObject([{ figures: 0 }]);
  expect(world.err()).toContain('no images here');
  const silent = fakeWorld({ analyse: async () => expect.unreachable() });
  expect(await main(['report', '--out', out, '--no-figures'], silent)).toBe(0);
});

test("one of the papers' tables, run or not, in three forms and as records", async () => {
  const forms = ['terminal', 'markdown', 'csv'].map((form) => ['table', '--out', out, '--table', 'cifar100-same', '--form', form]);
  for (const words of forms) {
    const world = fakeWorld();
    expect(await main(words, world)).toBe(0);
    expect(world.out()).toContain('71.43');
    expect(world.out()).toContain('resnet110');
  }
  const world = fakeWorld();
  expect(await main(['table', '--out', join(out, 'nothing'), '--table', 'imagenet', '--json'], world)).toBe(0);
  expect(world.records().every(({ kind, run }) => kind === 'row' && run === null)).toBe(true);
  const wrong = fakeWorld();
  expect(await main(['table', '--table', 'cifar'], wrong)).toBe(2);
});
