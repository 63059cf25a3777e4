import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadRunImages } from './images.js';
import { profiles } from './profile.js';

test('a profile takes a balanced part of the images and says how many', async () => {
  const {
    about,
    train,
    test: testImages,
  } = await loadRunImages({ dataset: 'synthetic', profile: { ...profiles.quick, trainImages: 250, testImages: 199 } });
  expect([train.length, testImages.length]).toEqual([200, 100]);
  expect(about).toMatchObject({ dataset: 'synthetic', trainImages: 200, testImages: 100 });
  expect(about.source).toContain('synthetic');
});

test('fewer images than classes are of different classes, and the classes stay as many as they are', async () => {
  const { about, train, test: testImages } = await loadRunImages({ dataset: 'synthetic', profile: profiles.smoke });
  expect(about).toMatchObject({ trainImages: 16, testImages: 16 });
  for (const part of [train, testImages]) {
    expect([part.length, part.classes]).toEqual([16, 100]);
    expect(new Set(Array.from({ length: 16 }, (_, i) => part.label(i))).size).toBe(16);
  }
});

test('what is wrong with a folder is an error for people, with the mend', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tempered-images-'));
  await expect(loadRunImages({ dataset: 'cifar100', data: folder, profile: profiles.quick })).rejects.toMatchObject({
    name: 'UserError',
    exitCode: 1,
  });
  await writeFile(join(folder, 'train.bin'), new Uint8Array(100));
  await writeFile(join(folder, 'test.bin'), new Uint8Array(100));
  await expect(loadRunImages({ dataset: 'cifar100', data: folder, profile: profiles.quick })).rejects.toThrow(/train\.bin|test\.bin/);
  await rm(folder, { recursive: true });
});

test('a profile without other images asks for CIFAR-100 by name and never falls back', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tempered-images-'));
  await expect(loadRunImages({ dataset: 'auto', data: folder, profile: profiles.paper })).rejects.toThrow(/cifar100/);
  await rm(folder, { recursive: true });
});

test('photographs come from a folder with train and val, a balanced part of them where a profile takes less', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tempered-images-'));
  for (const path of ['train/a', 'train/b', 'val/a', 'val/b']) {
    await mkdir(join(folder, path), { recursive: true });
    for (const name of ['1.jpeg', '2.jpeg', '3.jpeg']) await writeFile(join(folder, path, name), 'decoded when it is needed');
  }
  const profile = { ...profiles.quick, trainImages: 4, testImages: null };
  const { about, train, test: held } = await loadRunImages({ dataset: 'imagenet', data: folder, profile });
  expect(about).toMatchObject({ dataset: 'imagenet', trainImages: 4, testImages: 6, source: `the folder ${folder}` });
  expect([train.height, train.width, train.classes, held.length]).toEqual([224, 224, 2, 6]);
  const where = { profile, places: { environment: {} } };
  await expect(loadRunImages({ dataset: 'imagenet', ...where })).rejects.toThrow(/ImageNet is not fetched[\s\S]*--data/);
  await expect(loadRunImages({ dataset: 'imagenet', data: join(folder, 'train', 'a'), ...where })).rejects.toThrow('train and val');
  await rm(folder, { recursive: true });
});
