import { expect, test } from 'vitest';
import { openImageFolder } from './image-folder.js';
import { writeSyntheticFolder } from './synthetic-folder.js';
import { temporaryFolder } from './testing/temporary-folder.js';

test('a folder of made-up photographs is opened like one of real ones', async () => {
  const folder = await temporaryFolder();
  await writeSyntheticFolder(folder, { classes: 3, perClass: 2 });
  const train = await openImageFolder(`${folder}/train`, { split: 'train', name: 'made up' });
  expect([train.length, train.classes]).toEqual([6, 3]);
  expect(Array.from({ length: 6 }, (_, i) => train.label(i))).toEqual([0, 0, 1, 1, 2, 2]);
  expect(await train.image(0)).toMatchObject({ width: 96, height: 80 });
});
