import { makeBatch, makeStrongViews, type Photographs, syntheticImages, UNCHANGED } from '@tempered/data';
import { expect, test } from 'vitest';
import { strongViewsOf } from './strong-views.js';

const { train } = syntheticImages({ seed: 4, classes: 5, trainPerClass: 2, testPerClass: 1 });
const indices = Uint32Array.of(7, 2, 9);
const draw = { seed: 3, epoch: 2 };

test('the strong view of a photograph is that of the crop which the batch shows', () => {
  const crops = makeBatch(train, indices, new Uint8Array(3).fill(UNCHANGED));
  const photographs = { ...train, label: train.label, trainingBatches: () => undefined } as unknown as Photographs;
  const expected = makeStrongViews(train, indices, draw);
  expect(strongViewsOf(train, draw)(crops)).toEqual(expected);
  expect(strongViewsOf(photographs, draw)(crops)).toEqual(expected);
});
