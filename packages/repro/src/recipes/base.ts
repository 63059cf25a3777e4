import type { ModelName } from '@tempered/models';
import type { Curriculum, Recipe } from '../recipe.js';

/** Students that every source trains at a fifth of the others' rate. */
const SLOW_STUDENTS: readonly string[] = ['MobileNetV2', 'ShuffleV1', 'ShuffleV2'];

export type Base = Pick<Recipe, 'optimizer' | 'batchSize' | 'epochs' | 'lrDecayEpochs' | 'lrDecayRate'>;

/** What all CIFAR recipes share: 240 epochs of SGD at batch 64, a tenth of the rate after 150, 180 and 210. */
export function cifarBase(student: ModelName): Base {
  return {
    optimizer: { lr: SLOW_STUDENTS.includes(student) ? 0.01 : 0.05, momentum: 0.9, weightDecay: 5e-4, nesterov: false },
    batchSize: 64,
    epochs: 240,
    lrDecayEpochs: [150, 180, 210],
    lrDecayRate: 0.1,
  };
}

/** ImageNet as mdistiller runs it: 100 epochs, rate 0.1 for every 256 images of a batch, a tenth of it after 30, 60 and 90. */
export function imagenetBase(batchSize = 512): Base {
  return {
    optimizer: { lr: (0.1 * batchSize) / 256, momentum: 0.9, weightDecay: 1e-4, nesterov: false },
    batchSize,
    epochs: 100,
    lrDecayEpochs: [30, 60, 90],
    lrDecayRate: 0.1,
  };
}

/** ImageNet as CTKD runs it: batches of 256 over 120 epochs. */
export const imagenetCtkdBase = (): Base => ({ ...imagenetBase(256), epochs: 120 });

/**
 * What CTKD's commented lines come to as they are written: they name neither batch nor rate, so the defaults of its options apply.
 * Its active command has 64 and 0.05, and that is taken to be what ran.
 */
export function ctkdAsWritten(student: ModelName): Pick<Base, 'optimizer' | 'batchSize'> {
  const { optimizer } = cifarBase(student);
  return { optimizer: { ...optimizer, lr: SLOW_STUDENTS.includes(student) ? optimizer.lr : 0.1 }, batchSize: 128 };
}

/** CTKD's script: T = 1 + 20 * sigmoid(p), lambda from 0 to -1 along a cosine, over ten epochs (five on ImageNet). */
export const curriculumOf = (dataset: string): Curriculum => ({
  start: 1,
  range: 20,
  schedule: 'cosine',
  max: 0,
  min: -1,
  loops: dataset === 'imagenet' ? 5 : 10,
});
