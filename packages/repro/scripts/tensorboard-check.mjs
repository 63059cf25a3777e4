// @ts-check
// `nx run repro:tensorboard-check`: TensorBoard's own reader reads an event file of ours, and finds the numbers that were written.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder } from '@tempered/data';
import { writeTensorBoard } from '../dist/tensorboard.js';

const VERSION = '2.20.0';
// tensorboard 2.20.0 still imports pkg_resources, which setuptools 82 no longer has.
const PACKAGES = [`tensorboard==${VERSION}`, 'setuptools==80.9.0'];
const READ = `
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
events = EventAccumulator(sys.argv[1])
events.Reload()
print(json.dumps({tag: [[point.step, point.value] for point in events.Scalars(tag)] for tag in events.Tags()['scalars']}))
`;

const venv = join(cacheFolder(process.env), `tensorboard-${VERSION}`);
const python = join(venv, 'bin', 'python');
const folder = mkdtempSync(join(tmpdir(), 'tempered-tensorboard-'));
try {
  if (!existsSync(join(venv, 'bin', 'tensorboard'))) {
    rmSync(venv, { recursive: true, force: true });
    execFileSync('python3', ['-m', 'venv', venv], { stdio: 'inherit' });
    execFileSync(python, ['-m', 'pip', 'install', '--quiet', '--progress-bar', 'off', ...PACKAGES], { stdio: 'inherit' });
  }
  const epoch = (/** @type {number} */ number, /** @type {number | null} */ top1) => ({
    ...{ epoch: number, learningRate: 0.05, loss: 3.5 - number / 4, crossEntropy: 3, trainTop1: 12.5 },
    ...{ top1, top5: null, temperature: 15.625 + number, seconds: 1 },
  });
  // In two sittings, like a run that was stopped.
  writeTensorBoard(folder, [epoch(1, null), epoch(2, 40.5)]);
  writeTensorBoard(folder, [epoch(1, null), epoch(2, 40.5), epoch(3, null), epoch(4, 55.25)]);
  const found = JSON.parse(execFileSync(python, ['-c', READ, folder], { encoding: 'utf8' }));
  const expected = {
    'loss/train': [[1, 3.25], [2, 3], [3, 2.75], [4, 2.5]], // biome-ignore format: a table
    'accuracy/test_top1': [[2, 40.5], [4, 55.25]], // biome-ignore format: a table
    temperature: [[1, 16.625], [2, 17.625], [3, 18.625], [4, 19.625]], // biome-ignore format: a table
  };
  for (const [tag, points] of Object.entries(expected)) {
    if (JSON.stringify(found[tag]) !== JSON.stringify(points)) throw new Error(`${tag}: TensorBoard reads ${JSON.stringify(found[tag])}`);
  }
  console.log(`TensorBoard ${VERSION} reads ${Object.keys(found).join(', ')}: ${Object.values(found).flat().length} points, as written`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
