import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { main } from './cli.js';
import { fakeWorld } from './testing/fake-world.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tempered-evaluate-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const evaluate = ['evaluate', '--model', 'resnet20', '--weights', 'a.pth'];

test('one file: a record with accuracy, calibration, classes and mistakes', async () => {
  const world = fakeWorld();
  expect(await main([...evaluate, '--json'], world)).toBe(0);
  const [record, ...others] = world.records();
  expect(others).toEqual([]);
  expect(record).toMatchObject({
    kind: 'evaluation',
    model: 'resnet20',
    dataset: 'cifar10',
    images: 10,
    top1: 100,
    top5: 100,
    mistakes: [],
  });
  expect(record!.weights).toMatch(/a\.pth$/);
  expect((record!.classes as unknown[]).length).toBe(10);
  expect(world.err()).toContain('resnet20: 100.00 % top-1, 100.00 % top-5 of 10 test images of CIFAR-10');
  expect(world.err()).toContain('ECE');
});

test('two files are compared image by image', async () => {
  const world = fakeWorld();
  expect(await main([...evaluate, '--against', 'b.pth', '--against-model', 'resnet8', '--json'], world)).toBe(0);
  const records = world.records();
  expect(records.map(({ kind }) => kind)).toEqual(['evaluation', 'evaluation', 'comparison']);
  expect(records[1]).toMatchObject({ model: 'resnet8', top1: 0 });
  expect(records[2]).toMatchObject({ onlyFirst: 10, onlySecond: 0, agreement: 0, difference: 100, pValue: expect.closeTo(2 / 1024, 12) });
});

test('confusion matrix and classes as CSV', async () => {
  const world = fakeWorld();
  const [confusion, classes] = [join(folder, 'confusion.csv'), join(folder, 'classes.csv')];
  expect(await main([...evaluate, '--confusion', confusion, '--classes', classes], world)).toBe(0);
  expect(readFileSync(confusion, 'utf8').split('\r\n').length).toBe(12);
  expect(readFileSync(classes, 'utf8')).toMatch(/^class,name,images,top1\r\n0,/);
  expect(world.out()).toContain(confusion);
});

test('--against-model needs --against', async () => {
  const world = fakeWorld();
  expect(await main([...evaluate, '--against-model', 'resnet8'], world)).toBe(2);
  expect(world.err()).toContain('--against-model without --against');
});
