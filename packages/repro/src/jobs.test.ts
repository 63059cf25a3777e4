import { availableParallelism } from 'node:os';
import { expect, test } from 'vitest';
import { shareMachine, slotEnvironment, visibleGpus } from './jobs.js';
import { quickCells } from './testing/fake-runs.js';

const cores = availableParallelism();
const cells = quickCells({ methods: ['vanilla', 'kd', 'ctkd', 'dkd'], ls: 'both', seeds: [0, 1, 2, 3] });
const ofSize = (size: number, groups: number) => Array.from({ length: groups }, () => Array.from({ length: size }, () => cells[0]!));

test('a group that fills the machine has it to itself', () => {
  expect(shareMachine(ofSize(cores, 4), null)).toMatchObject({ jobs: 1, cores });
});

test('groups of one cell run side by side, a core each, never more than there are', () => {
  expect(shareMachine(ofSize(1, 4 * cores), null)).toMatchObject({ jobs: cores, cores: 1 });
  expect(shareMachine(ofSize(1, 1), null)).toMatchObject({ jobs: 1, cores });
});

test('what is asked for is done', () => {
  expect(shareMachine(ofSize(8, 4), 3)).toMatchObject({ jobs: 3, cores: Math.max(1, Math.floor(cores / 3)), why: '--jobs' });
});

test('one group a GPU, each seeing its own', async () => {
  const jobs = shareMachine(ofSize(8, 4), null, ['0', '2']);
  expect(jobs.jobs).toBe(2);
  expect(slotEnvironment(jobs, 1)).toEqual({ CUDA_VISIBLE_DEVICES: '2' });
  expect(slotEnvironment(shareMachine(ofSize(8, 4), null), 0)).toEqual({});
  expect(await visibleGpus('cuda', { CUDA_VISIBLE_DEVICES: '1,3' })).toEqual(['1', '3']);
  expect(await visibleGpus('cpu', { CUDA_VISIBLE_DEVICES: '1,3' })).toEqual([]);
});
