import { syntheticImages } from '@tempered/data';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AccuracyCounter, EVALUATION_BATCH, evaluateAll, inParallel, rankOfLabel } from './evaluate.js';

test('the rank of a label is its place in the sorted logits, equal ones in the order of the classes', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 1, maxLength: 12 }), fc.nat(), (logits, pick) => {
      const label = pick % logits.length;
      const order = logits.map((value, k) => ({ value, k })).sort((a, b) => b.value - a.value || a.k - b.k);
      expect(rankOfLabel(logits, 0, logits.length, label)).toBe(order.findIndex(({ k }) => k === label));
    }),
  );
});

test('a network that answers NaN is never right', () => {
  const counter = new AccuracyCounter(10);
  counter.add(new Array<number>(20).fill(Number.NaN), [0, 3]);
  expect(counter.result()).toEqual({ top1: 0, top5: 0, images: 2 });
});

test('the last smaller batch is padded for the network and not counted', async () => {
  const { test: images } = syntheticImages({ seed: 0, trainPerClass: 1, testPerClass: 26, classes: 10 });
  const sizes = new Set<number>();
  const [accuracy] = await evaluateAll(
    [
      async (batch) => {
        sizes.add(batch.length / 3072);
        return new Float32Array(EVALUATION_BATCH * 10).map((_, i) => (i % 10 === 4 ? 1 : 0));
      },
    ],
    images,
  );
  expect(sizes).toEqual(new Set([EVALUATION_BATCH]));
  expect(accuracy).toEqual({ top1: 10, top5: 50, images: 260 });
});

test('no more jobs run at a time than asked for, and a failure is the result', async () => {
  let running = 0;
  let most = 0;
  const job = async (): Promise<void> => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 2));
    running--;
  };
  await inParallel(
    Array.from({ length: 9 }, () => job),
    3,
  );
  expect(most).toBe(3);
  await expect(inParallel([job, () => Promise.reject(new Error('broken')), job], 2)).rejects.toThrow('broken');
  expect(running).toBe(0);
});
