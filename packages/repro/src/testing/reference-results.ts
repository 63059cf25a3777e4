import { type Compared, comparedRecipe, type Job } from '../beside-reference/job.js';
import type { EpochRow, RunResult } from '../beside-reference/result.js';
import { withEpochs } from '../recipe.js';

interface MadeUp {
  method?: Compared;
  seed?: number;
  /** By epoch; none for a run that stopped early. */
  top1?: readonly number[];
  losses?: readonly number[];
}

const epochRow = (top1: number, i: number): EpochRow => ({
  epoch: i + 1,
  learningRate: i === 0 ? 0.05 : 0.05 * 0.1,
  loss: 4 - i,
  crossEntropy: 4 - i,
  distillation: 0,
  top1,
  top5: 2 * top1,
  seconds: 9,
});

/** The result of a run that nobody made. */
export function madeUpResult(side: string, precision: string, { method = 'vanilla', seed = 0, top1 = [], losses = [] }: MadeUp): RunResult {
  const teacherTop1 = method === 'vanilla' ? null : 71.62;
  return {
    about: { side, method, seed, precision, threads: 1, device: 'CPU, 1 core', versions: 'version 1', teacherTop1, seconds: 12.3 },
    epochs: top1.map(epochRow),
    steps: losses.map((loss, i) => ({ step: i + 1, loss })),
  };
}

/** A job as `prepare` would write it, without networks. */
export function madeUpJob(methods: readonly Compared[]): Job {
  const recipes = methods.map((method) => [method, withEpochs(comparedRecipe(method, 'resnet32x4', 'resnet8x4'), 2)]);
  const nothing = { ops: [], logits: 0 };
  return {
    dataset: 'cifar100',
    images: { dataset: 'cifar100', source: 'the folder /somewhere', trainImages: 500, testImages: 100, fingerprint: 'f' },
    files: { train: ['/somewhere/train.bin'], test: ['/somewhere/test.bin'], labelBytes: 2 },
    classes: 100,
    mean: [0, 0, 0],
    std: [1, 1, 1],
    seeds: [0, 1],
    recipes: Object.fromEntries(recipes) as Job['recipes'],
    networks: { student: nothing, teacher: nothing },
    teacherTop1: 79.42,
    keptSteps: 100,
  };
}
