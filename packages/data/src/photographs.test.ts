import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Batch } from './batches.js';
import { firstPlacesOfEachClass } from './dataset.js';
import { evaluationBatches, isPhotographs, openPhotographSets, photographs, trainingBatches } from './photographs.js';
import { syntheticImages } from './synthetic.js';
import { buildWorker } from './testing/built-worker.js';
import { writePictures } from './testing/picture-folder.js';
import { temporaryFolder } from './testing/temporary-folder.js';

beforeAll(buildWorker, 60_000);

const OPTIONS = { size: 16, resize: 18, threads: 1 };

async function folder(test: string): Promise<{ root: string; environment: NodeJS.ProcessEnv }> {
  const root = await temporaryFolder();
  const train = ['b', 'a', 'c'].flatMap((name) => [1, 2, 3].map((k) => `train/${name}/${k}.png`));
  await writePictures(root, [...train, `${test}/c/1.png`, `${test}/a/2.png`]);
  return { root, environment: { TEMPERED_CACHE: await temporaryFolder() } };
}

async function all(batches: Iterable<Batch> | AsyncIterable<Batch>): Promise<Batch[]> {
  const found: Batch[] = [];
  for await (const batch of batches) found.push(batch);
  return found;
}

describe('photographs', () => {
  test.each(['val', 'validation', 'test'])('are found in train and %s, the labels of both in the order of train', async (name) => {
    const { root, environment } = await folder(name);
    const { train, test: held } = await openPhotographSets(root, { environment, name: 'imagenet' });
    expect([train.length, train.classes, train.name]).toEqual([9, 3, 'imagenet']);
    expect([held.label(0), held.label(1), held.classes, held.split]).toEqual([0, 2, 3, 'test']);
  });

  test('a split that is not there is named', async () => {
    const root = await temporaryFolder();
    await expect(openPhotographSets(root)).rejects.toThrow(/no folders train and val[\s\S]*train\/CLASS/);
    await writePictures(root, ['train/a/1.png']);
    await expect(openPhotographSets(root)).rejects.toThrow(`${join(root, 'val')}: there is no such folder`);
  });

  test('come in the same batches whoever asks, from wherever it goes on, and stay valid', async () => {
    const { root, environment } = await folder('val');
    const { train } = await openPhotographSets(root, { environment });
    const set = photographs(train, OPTIONS);
    expect(isPhotographs(set)).toBe(true);
    const epoch = { seed: 3, epoch: 2, batchSize: 2 };
    const batches = await all(trainingBatches(set, epoch));
    expect(batches.map(({ count }) => count)).toEqual([2, 2, 2, 2, 1]);
    expect(batches.flatMap(({ indices }) => [...indices]).sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    for (const { images, labels, indices } of batches) {
      expect(images.length).toBe(indices.length * 16 * 16 * 3);
      expect([...labels]).toEqual([...indices].map((i) => train.label(i)));
      expect(images.buffer).toBeInstanceOf(ArrayBuffer);
    }
    expect(await all(trainingBatches(set, { ...epoch, startBatch: 3 }))).toEqual(batches.slice(3));
    expect(await all(trainingBatches(set, { ...epoch, epoch: 3 }))).not.toEqual(batches);
  });

  test('a part of a set has places of its own', async () => {
    const { root, environment } = await folder('val');
    const { train } = await openPhotographSets(root, { environment });
    const places = firstPlacesOfEachClass(train, 2);
    expect([...places]).toEqual([0, 1, 3, 4, 6, 7]);
    const part = photographs(train, OPTIONS, places);
    expect([part.length, part.label(2)]).toEqual([6, 1]);
    const one = part.select(Uint32Array.of(2, 5));
    expect([one.length, one.label(0), one.label(1)]).toEqual([2, 1, 2]);
    const [whole] = await all(evaluationBatches(photographs(train, OPTIONS), { batchSize: 9 }));
    const [some] = await all(evaluationBatches(part, { batchSize: 9 }));
    expect([...some!.indices]).toEqual([0, 1, 2, 3, 4, 5]);
    const size = 16 * 16 * 3;
    expect(some!.images.subarray(2 * size, 3 * size)).toEqual(whole!.images.subarray(3 * size, 4 * size));
  });

  test('a file that is no picture ends the epoch with its name', async () => {
    const { root, environment } = await folder('val');
    await writeFile(join(root, 'train', 'b', '9.png'), 'no picture');
    const { train } = await openPhotographSets(root, { environment });
    await expect(all(trainingBatches(photographs(train, OPTIONS), { seed: 1, epoch: 1, batchSize: 4 }))).rejects.toThrow(
      join(root, 'train', 'b', '9.png'),
    );
  });

  test('pictures in memory come as they always did', async () => {
    const { train } = syntheticImages({ classes: 2, trainPerClass: 3, testPerClass: 1 });
    expect(isPhotographs(train)).toBe(false);
    expect((await all(evaluationBatches(train, { batchSize: 4 }))).map(({ count }) => count)).toEqual([4, 2]);
  });
});
