import { type ChildProcess, fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { syntheticImages } from '@tempered/data';
import { engineAbout } from './engine-about.js';
import { profiles } from './profile.js';
import { selectCells } from './selection.js';
import { timeSteps } from './time-steps.js';

// `nx run repro:pool-speed`: what a cell and step cost the machine in groups of several sizes, run one at a time with all cores and
// side by side with a share of them: what the defaults of --jobs and --group can be held against.

const images = syntheticImages({ classes: 100, trainPerClass: 8, testPerClass: 1 });
const about = {
  dataset: 'cifar100',
  source: 'made up',
  trainImages: images.train.length,
  testImages: images.test.length,
  fingerprint: 'speed',
};
const cores = availableParallelism();

/** Groups at a time, and cells of each. */
const SETTINGS = [
  [1, 1],
  [1, 2],
  [1, 4],
  [1, 8],
  [1, 16],
  [2, 1],
  [2, 4],
] as const;

/** Milliseconds of the machine a cell and step, in this process. */
async function inGroup(cells: number, share: number): Promise<number> {
  const [cell] = selectCells(
    { pairs: [{ teacher: 'resnet56', student: 'resnet20' }], methods: ['kd'], ls: 'off', curriculum: null, seeds: [0] },
    { ...profiles.quick, precision: 'f32' },
    about,
  );
  const engine = await engineAbout('f32');
  const timing = await timeSteps(cell!, { ...images, about }, engine, new AbortController().signal, { cells, cores: share });
  return 1000 * timing!.secondsPerStep;
}

/** Groups side by side, each in a process of its own; what a cell and step then cost the whole machine. */
async function sideBySide(jobs: number, cells: number): Promise<number> {
  const times = await Promise.all(
    Array.from({ length: jobs }, () => {
      const child: ChildProcess = fork(fileURLToPath(import.meta.url), [String(cells), String(Math.max(1, Math.floor(cores / jobs)))]);
      return new Promise<number>((resolve, reject) => {
        child.on('message', (ms) => resolve(ms as number));
        child.on('exit', (code) => code !== 0 && reject(new Error(`a group ended with ${code}`)));
      });
    }),
  );
  return times.reduce((sum, ms) => sum + ms, 0) / jobs / jobs;
}

if (process.send) {
  const [cells, share] = process.argv.slice(2).map(Number);
  process.send(await inGroup(cells!, share!));
  process.disconnect();
} else {
  console.log((await engineAbout('f32')).fingerprint);
  console.log('resnet56 to resnet20, KD, batch 64, f32; milliseconds a cell and step, teacher included');
  console.log('jobs,cells,ms');
  for (const [jobs, cells] of SETTINGS) console.log(`${jobs},${cells},${(await sideBySide(jobs, cells)).toFixed(1)}`);
}
