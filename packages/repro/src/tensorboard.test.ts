import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { EpochRecord } from './checkpoint.js';
import { readEvents, writeTensorBoard } from './tensorboard.js';
import { crc32c, frameRecord, readRecords } from './tfrecord.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tempered-events-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const epoch = (number: number, changes: Partial<EpochRecord> = {}): EpochRecord => ({
  epoch: number,
  learningRate: 0.05,
  loss: 3.5 - number / 4,
  crossEntropy: 3,
  trainTop1: 10 * number,
  top1: null,
  top5: null,
  temperature: null,
  seconds: 1,
  ...changes,
});
const file = (): string => join(folder, readdirSync(folder)[0]!);
const steps = (): number[] => readEvents(file()).events.map(({ step }) => step);

test('crc32c has its check value, and those of RFC 3720 B.4', () => {
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
});

test('records come back, and of a file cut anywhere those that are whole', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 5 }), fc.double({ min: 0, max: 1, noNaN: true }), (data, share) => {
      const frames = data.map(frameRecord);
      const whole = Buffer.concat(frames);
      const cut = Math.floor(share * whole.length);
      let fits = 0;
      for (let end = 0; fits < frames.length && (end += frames[fits]!.length) <= cut; ) fits++;
      const { records, bytes } = readRecords(whole.subarray(0, cut));
      expect(records.map((record) => [...record])).toEqual(data.slice(0, fits).map((record) => [...record]));
      expect(bytes).toBe(frames.slice(0, fits).reduce((sum, { length }) => sum + length, 0));
    }),
  );
});

test('a byte that changed anywhere in a record ends the reading there', () => {
  const whole = Buffer.concat([frameRecord(Buffer.from('first')), frameRecord(Buffer.from('second'))]);
  const first = frameRecord(Buffer.from('first')).length;
  for (let at = 0; at < whole.length; at++) {
    const damaged = Buffer.from(whole);
    damaged[at]! ^= 0x10;
    expect(readRecords(damaged).records.length).toBe(at < first ? 0 : 1);
  }
});

test('a point an epoch, with the numbers that the epoch has', () => {
  writeTensorBoard(folder, [epoch(1), epoch(2, { top1: 41.5, top5: 70, temperature: 15.625 })], 1_700_000_000_250);
  const { events, torn } = readEvents(file());
  expect(torn).toBe(false);
  expect(events.map(({ step, wallTime }) => [step, wallTime])).toEqual([
    [1, 1_700_000_000.25],
    [2, 1_700_000_000.25],
  ]);
  expect(Object.keys(events[0]!.values)).toEqual(['loss/train', 'loss/cross_entropy', 'accuracy/train_top1', 'learning_rate']);
  expect(events[1]!.values).toMatchObject({ 'loss/train': 3, 'accuracy/test_top1': 41.5, 'accuracy/test_top5': 70, temperature: 15.625 });
});

test('a run that goes on has one file and each epoch once, whatever a kill left of it', () => {
  writeTensorBoard(folder, [epoch(1)]);
  const before = readFileSync(file());
  writeTensorBoard(folder, [epoch(1), epoch(2)]);
  expect(readFileSync(file()).subarray(0, before.length).equals(before)).toBe(true);
  const whole = readFileSync(file());
  for (const size of [whole.length - 1, before.length + 3, before.length, 5, 0]) {
    truncateSync(file(), size);
    writeTensorBoard(folder, [epoch(1), epoch(2), epoch(3)]);
    expect(steps()).toEqual([1, 2, 3]);
    writeFileSync(file(), whole);
  }
  appendFileSync(file(), 'torn');
  writeTensorBoard(folder, [epoch(1), epoch(2)]);
  expect(readFileSync(file()).equals(whole)).toBe(true);
  expect(readdirSync(folder)).toHaveLength(1);
});
