import { loadEngine } from '@tempered/tensors/node';
import { beforeAll, expect, test } from 'vitest';
import { BenchSubject } from './bench-step-work.js';

let addon: boolean;
beforeAll(async () => {
  addon = (await loadEngine()).addon !== null;
});

const job = { precision: 'f32', threads: 1, batch: 2, classes: 10, inputSize: 32, learningRate: 0.01, teacher: null, cells: 1 } as const;

test.for(['resnet8', 'MobileNetV2_Imagenet'])('a step of %s is timed, its dropout layers included', async (student, { skip }) => {
  if (!addon) return skip();
  const subject = await BenchSubject.open({ ...job, student });
  expect(await subject.time('student')).toBeGreaterThan(0);
  await subject.close();
});
