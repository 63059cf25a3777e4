/**
 * Photographs from a folder beside PyTorch's DataLoader with PIL, on the same files, in turns:
 *
 *   node bench/beside-dataloader.mjs --python PYTHON [--rounds N] [--json FILE]
 *
 * PYTHON has torch (`nx run tools:peer-venv` makes one and prints its path); torchvision and Pillow are put into a folder of their own
 * beside it. TEMPERED_BENCH_PICTURES names a folder with one folder a class; without it JPEGs like ImageNet's are made.
 * Both sides have as many workers as there are cores, started and warmed by an epoch that is not counted.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cacheFolder, evaluationPlan, openImageFolder, PictureWorkers, trainingPlan } from '../dist/index.js';
import { makePhotographs } from './made-photographs.mjs';

const BATCH = 64;
const COUNT = 512;
const PACKAGES = ['torchvision==0.29.2', 'pillow==13.0.0'];

const { values: flags } = parseArgs({ options: { python: { type: 'string' }, rounds: { type: 'string' }, json: { type: 'string' } } });
const rounds = Number(flags.rounds ?? 5);
const cores = availableParallelism();
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

const env = { ...process.env, PYTHONPATH: peerPackages() };
const given = process.env.TEMPERED_BENCH_PICTURES;
const { root, about } = given ? { root: given, about: given } : await makePhotographs(COUNT);
const set = await openImageFolder(root, { split: 'train' });

const peer = spawn(flags.python, [fileURLToPath(new URL('dataloader.py', import.meta.url)), root, String(cores), String(BATCH)], {
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
const workers = new PictureWorkers({ threads: cores });

async function ours(view, path) {
  const plan =
    view === 'train'
      ? trainingPlan(set.length, { seed: 0, epoch: 1, batchSize: BATCH, size: 224 })
      : evaluationPlan(set.length, { batchSize: BATCH, size: 224, resize: 256 });
  const began = performance.now();
  let count = 0;
  for await (const batch of workers.batches(set, plan, { size: 224, path })) count += batch.count;
  return (1000 * count) / (performance.now() - began);
}

async function theirs(view) {
  peer.stdin.write(`${view}\n`);
  return (await next()).imagesPerSecond;
}

const rates = {};
const keep = (view, who, rate) => ((rates[view] ??= {})[who] ??= []).push(rate);
for (let round = -1; round < rounds; round++) {
  for (const view of ['train', 'evaluate']) {
    for (const path of ['exact', 'fast']) {
      const rate = await ours(view, path);
      if (round >= 0) keep(view, path, rate);
    }
    const rate = await theirs(view);
    if (round >= 0) keep(view, 'dataloader', rate);
  }
}
peer.stdin.end();
await once(peer, 'close');
await workers.close();
if (!given) await rm(root, { recursive: true });

const middle = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const rows = Object.entries(rates).flatMap(([view, by]) =>
  Object.entries(by).map(([who, values]) => ({
    view,
    who,
    perCore: Number((middle(values) / cores).toFixed(1)),
    least: Number((Math.min(...values) / cores).toFixed(1)),
    most: Number((Math.max(...values) / cores).toFixed(1)),
    ratio: Number((middle(values.map((value, n) => value / by.dataloader[n])) ?? 1).toFixed(2)),
  })),
);
const record = {
  what: 'images a second and core, median of the rounds; ratio to the DataLoader of the same round',
  cpu: cpus()[0].model.trim(),
  cores,
  load: Number(loadavg()[0].toFixed(2)),
  node: process.versions.node,
  ...versions,
  pictures: about,
  batch: BATCH,
  rounds,
  rows,
};
console.log(JSON.stringify(record, null, 2));
if (flags.json) writeFileSync(flags.json, `${JSON.stringify(record, null, 2)}\n`);
