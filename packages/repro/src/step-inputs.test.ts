import { makeBatch, syntheticImages } from '@tempered/data';
import { lossNamed } from '@tempered/kd';
import { createModel } from '@tempered/models';
import { expect, test } from 'vitest';
import { extraInputs } from './step-inputs.js';
import { featureShapes } from './teacher-outputs.js';

const { train } = syntheticImages({ seed: 2, classes: 5, trainPerClass: 2, testPerClass: 1 });
const labels = Int32Array.from({ length: train.length }, (_, i) => train.label(i));
const batch = makeBatch(train, Uint32Array.from([7, 2, 4]), new Uint8Array(3).fill(80));
const place = { seed: 3, epoch: 2, step: 1, stepsPerEpoch: 4, batch, labels, strong: null };
const model = createModel('resnet8', { numClasses: 5 });

test('contrasts are those of the batch, of a step counted over all epochs, and the same each time they are asked for', () => {
  const crd = lossNamed('crd')!;
  const settings = { ...crd.defaults, negatives: 6 };
  const { specs, values } = extraInputs(model, crd, featureShapes(model, model, 3, train.length), settings);
  expect(specs).toEqual({ indices: { shape: [null], dtype: 'int32' }, 'host.contrast': { shape: [null, 7], dtype: 'int32' } });
  const given = values(place);
  expect(given.indices).toEqual(Int32Array.of(7, 2, 4));
  expect([0, 7, 14].map((at) => given['host.contrast']![at])).toEqual([7, 2, 4]);
  expect(values(place)).toEqual(given);
  expect(values({ ...place, epoch: 1, step: 5 })).toEqual(given);
  expect(values({ ...place, step: 2 })).not.toEqual(given);
});

test('a second view that nobody made is missed by name', () => {
  const { views, values } = extraInputs(model, lossNamed('mlkd')!, undefined, null);
  expect(views).toBe(true);
  expect(() => values(place)).toThrow(/'mlkd' trains on two views/);
});

test('a dropout layer has masks of its rate, of their own for each step and view', () => {
  const dropping = createModel('MobileNetV2_Imagenet', { numClasses: 5, inputSize: 32 });
  const strong = { images: batch.images, logits: new Float32Array(15) };
  const { specs, values } = extraInputs(dropping, lossNamed('mlkd')!, undefined, null);
  const layer = dropping.dropouts[0]!;
  expect(specs[`dropout.weak.${layer.name}`]).toEqual({ shape: [null, ...layer.shape] });
  const given = values({ ...place, strong });
  const weak = given[`dropout.weak.${layer.name}`] as Float32Array;
  expect(new Set(weak)).toEqual(new Set([0, Math.fround(1 / (1 - layer.rate))]));
  expect(weak.reduce((a, b) => a + b) / weak.length).toBeCloseTo(1, 1);
  expect(given[`dropout.strong.${layer.name}`]).not.toEqual(weak);
  expect(values({ ...place, step: 2, strong })[`dropout.weak.${layer.name}`]).not.toEqual(weak);
  expect(values({ ...place, strong })).toEqual(given);
});
