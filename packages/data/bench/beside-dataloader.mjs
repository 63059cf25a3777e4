/**
 * Photographs from a folder beside PyTorch's DataLoader with PIL, on the same files, in turns:
 *
 *   node bench/beside-dataloader.mjs --python PYTHON [--rounds N] [--threads N] [--json FILE]
 *   node bench/dataloader-table.mjs    writes docs/data.md's table out of bench/beside-dataloader.json
 *
 * PYTHON has torch (`nx run tools:peer-venv` makes one and prints its path); torchvision and Pillow are put into a folder of their own
 * beside it. TEMPERED_BENCH_PICTURES names a folder with one folder a class; without it JPEGs of ImageNet's usual size and of a camera's are made.
 * Both sides have as many workers as `--threads` says (1), started and warmed by an epoch that is not counted. Processor time is what all threads and
 * processes of a side used, so it holds on a machine that others use too; it is read from /proc (Linux).
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cacheFolder, evaluationPlan, openImageFolder, PictureWorkers, trainingPlan } from '../dist/index.js';
import { makePhotographs } from './made-photographs.mjs';

const BATCH = 64;
const MADE = [
  [192, 500, 375],
  [32, 2000, 1500],
];
const PACKAGES = ['torchvision==0.29.2', 'pillow==13.0.0'];

const { values: flags } = parseArgs({
  options: { python: { type: 'string' }, rounds: { type: 'string' }, threads: { type: 'string' }, json: { type: 'string' } },
});
const rounds = Number(flags.rounds ?? 5);
const threads = Number(flags.threads ?? 1);
if (!flags.python) {
  console.error("name a Python with PyTorch with --python ('nx run tools:peer-venv' makes one and prints its path)");
  process.exit(2);
}

/** torchvision and Pillow, without their dependencies, in a folder for PYTHONPATH. */
function peerPackages() {
  const folder = join(cacheFolder(), 'peer-photographs');
  if (!existsSync(join(folder, 'torchvision'))) {
    const pip = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--target', folder, ...PACKAGES];
    if (spawnSync(flags.python, pip, { stdio: ['ignore', 'inherit', 'inherit'] }).status !== 0) process.exit(1);
  }
  return folder;
}

/** nx runs this in the package's folder; a file is named from the root. */
const fromRoot = (file) => resolve(fileURLToPath(new URL('../../../', import.meta.url)), file);

const env = { ...process.env, PYTHONPATH: peerPackages() };
const given = process.env.TEMPERED_BENCH_PICTURES;
const folders = given ? [{ root: given, about: given }] : [];
if (!given) for (const made of MADE) folders.push(await makePhotographs(...made));
const sets = await Promise.all(folders.map(({ root }) => openImageFolder(root, { split: 'train' })));

const script = fileURLToPath(new URL('dataloader.py', import.meta.url));
const peer = spawn(flags.python, [script, String(threads), String(BATCH), ...folders.map(({ root }) => root)], {
  env,
  stdio: ['pipe', 'pipe', 'inherit'],
});
const lines = createInterface({ input: peer.stdout })[Symbol.asyncIterator]();
const next = async () => {
  const { value, done } = await lines.next();
  if (done) throw new Error('the DataLoader process ended');
  return JSON.parse(value);
};
const versions = await next();
const workers = new PictureWorkers({ threads });

/** Images a second of the clock, and a second of all processors together. */
async function ours(view, folder, path) {
  const set = sets[folder];
  const plan =
    view === 'train'
      ? trainingPlan(set.length, { seed: 0, epoch: 1, batchSize: BATCH, size: 224 })
      : evaluationPlan(set.length, { batchSize: BATCH, size: 224, resize: 256 });
  const [began, before] = [performance.now(), process.cpuUsage()];
  let count = 0;
  for await (const batch of workers.batches(set, plan, { size: 224, path })) count += batch.count;
  const { user, system } = process.cpuUsage(before);
  return { wall: (1e3 * count) / (performance.now() - began), processor: (1e6 * count) / (user + system) };
}

async function theirs(view, folder) {
  peer.stdin.write(`${view} ${folder}\n`);
  return next();
}

const sides = {
  exact: (view, folder) => ours(view, folder, 'exact'),
  fast: (view, folder) => ours(view, folder, 'fast'),
  dataloader: theirs,
};
const cases = folders.flatMap(({ about }, folder) => ['train', 'evaluate'].map((view) => ({ about, folder, view, by: {} })));
for (let round = -1; round < rounds; round++) {
  for (const { folder, view, by } of cases) {
    for (const [who, side] of Object.entries(sides)) {
      const rate = await side(view, folder);
      if (round >= 0) (by[who] ??= []).push(rate);
    }
  }
}
peer.stdin.end();
await once(peer, 'close');
await workers.close();
if (!given) for (const { root } of folders) await rm(root, { recursive: true });

const spread = (values, digits) => {
  const sorted = values.toSorted((a, b) => a - b);
  const [middle, least, most] = [sorted[Math.floor(sorted.length / 2)], sorted[0], sorted.at(-1)].map((v) => Number(v.toFixed(digits)));
  return { middle, least, most };
};
const rows = cases.flatMap(({ about, view, by }) =>
  Object.entries(by).map(([who, of]) => {
    const rateBy = (clock) => of.map((rate) => rate[clock]);
    const ratioBy = (clock) => of.map((rate, n) => rate[clock] / by.dataloader[n][clock]);
    return {
      pictures: about,
      view,
      who,
      perProcessorSecond: spread(rateBy('processor'), 1),
      perSecond: spread(rateBy('wall'), 1),
      ratio: spread(ratioBy('processor'), 2),
      wallRatio: spread(ratioBy('wall'), 2),
    };
  }),
);
const record = {
  what: 'images a second of processor time and of the clock; ratios to the DataLoader of the same round; median, least, most of the rounds',
  cpu: cpus()[0].model.trim(),
  threads,
  cores: cpus().length,
  load: Number(loadavg()[0].toFixed(2)),
  node: process.versions.node,
  ...versions,
  batch: BATCH,
  rounds,
  rows,
};
console.log(JSON.stringify(record, null, 2));
if (flags.json) writeFileSync(fromRoot(flags.json), `${JSON.stringify(record, null, 2)}\n`);
