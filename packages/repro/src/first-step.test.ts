import { syntheticImages } from '@tempered/data';
import { createModel } from '@tempered/models';
import { type HostTensor, velocityOf } from '@tempered/tensors';
import { loadEngine } from '@tempered/tensors/node';
import { beforeAll, expect, test } from 'vitest';
import { withoutEffect, withoutGradient } from './first-step.js';
import type { Objective } from './objective.js';

const model = createModel('resnet8', { numClasses: 4 });
const { train } = syntheticImages({ seed: 1, classes: 4, trainPerClass: 2, testPerClass: 1 });
const curriculum = { start: 1, range: 20, schedule: 'cosine', max: 0, min: -1, loops: 1 } as const;
const kd: Objective = {
  weights: { ce: 0.1, kd: 9, method: 0 },
  temperature: 2,
  standardize: true,
  curriculum,
  loss: null,
  options: {},
};
beforeAll(async () => void (await loadEngine()));

const tensor = (...values: number[]): HostTensor => ({ dtype: 'float32', shape: [values.length], data: Float32Array.from(values) });

test('a velocity that is nothing but weight decay had no gradient', () => {
  const before = { still: tensor(0.1, -3), moved: tensor(0.1, -3), bias: tensor(0, 0) };
  const decay = (x: number): number => Math.fround(Math.fround(5e-4) * Math.fround(x));
  const after = {
    [velocityOf('still')]: tensor(decay(0.1), decay(-3)),
    [velocityOf('moved')]: tensor(decay(0.1), decay(-3) + 1e-7),
    [velocityOf('bias')]: tensor(0, 0),
  };
  expect(withoutGradient(['still', 'moved', 'bias'], before, after, 5e-4)).toEqual(['still', 'bias']);
});

test('an option without effect is named, one with effect is not', async () => {
  const student = { model, optimizer: { momentum: 0.9, weightDecay: 5e-4, nesterov: false }, seed: 0 };
  const images = new Float32Array(8 * 32 * 32 * 3).map((_, i) => Math.sin(i));
  const inputs = {
    images,
    labels: Int32Array.from({ length: 8 }, (_, i) => train.label(i)),
    'teacher.logits': new Float32Array(32).map((_, i) => 3 * Math.cos(i)),
    learningRate: 0.1,
    lambda: -1,
    warmup: 1,
  };
  expect(await withoutEffect({ ...student, objective: kd }, inputs)).toEqual([]);
  // A term that softens nothing, and is fed what the others are not, hides no effect.
  const besideVid = { ...kd, weights: { ...kd.weights, method: 1e9 }, loss: 'vid' } as const;
  expect(await withoutEffect({ ...student, objective: besideVid }, { ...inputs, 'teacher.stage0': images })).toEqual([]);
  const blind = { ...kd, weights: { ...kd.weights, kd: 1e-9 } };
  expect(await withoutEffect({ ...student, objective: blind }, inputs)).toEqual(['standardize', 'curriculum']);
  // The range that starts the learned temperature, at sigmoid(1), where the fixed one is.
  const start = 1.5;
  const same = { ...kd, curriculum: { ...curriculum, start, range: (kd.temperature - start) * (1 + Math.exp(-1)) } };
  expect(await withoutEffect({ ...student, objective: same }, inputs)).toEqual(['curriculum']);
});
