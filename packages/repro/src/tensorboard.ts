import { appendFileSync, readdirSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { protobuf } from '@tempered/tensors';
import type { EpochRecord } from './checkpoint.js';
import { frameRecord, readRecords } from './tfrecord.js';

/** A point of TensorBoard's curves: seconds since 1970, the epoch, and numbers by tag. */
export interface ScalarEvent {
  wallTime: number;
  step: number;
  values: Readonly<Record<string, number>>;
}

const PREFIX = 'events.out.tfevents.';

/** Tags of an epoch's numbers; those that it does not have are left out. */
const TAGS: readonly (readonly [keyof EpochRecord, string])[] = [
  ['loss', 'loss/train'],
  ['crossEntropy', 'loss/cross_entropy'],
  ['trainTop1', 'accuracy/train_top1'],
  ['top1', 'accuracy/test_top1'],
  ['top5', 'accuracy/test_top5'],
  ['learningRate', 'learning_rate'],
  ['temperature', 'temperature'],
];

/**
 * Brings a run's TensorBoard file up to its history: one file a run, a point an epoch. What is there already stays, a tail torn by a
 * kill is cut off, so a run that goes on has each epoch once, and TensorBoard, which reads on from where it was, sees all of it.
 *
 * Source   tensorflow/core/util/event.proto and summary.proto (the fields 1, 2, 3, 5 of Event; 1, 2 of Summary.Value); records as in
 *          tensorflow/core/lib/io/record_writer.h.
 */
export function writeTensorBoard(folder: string, history: readonly EpochRecord[], now = Date.now()): void {
  const name = readdirSync(folder).find((file) => file.startsWith(PREFIX)) ?? `${PREFIX}${Math.floor(now / 1000)}.tempered`;
  const path = join(folder, name);
  const found = readEvents(path);
  if (found.torn) truncateSync(path, found.bytes);
  const last = found.events.at(-1)?.step ?? 0;
  const events = history.filter(({ epoch }) => epoch > last).map((record) => frameRecord(scalarEvent(record, now)));
  if (found.bytes === 0) events.unshift(frameRecord(event(now, protobuf.bytesField(3, 'brain.Event:2'))));
  if (events.length > 0) appendFileSync(path, protobuf.concatBytes(events));
}

function event(now: number, ...fields: Uint8Array[]): Uint8Array {
  const wallTime = new Uint8Array(9);
  wallTime[0] = 0x09;
  new DataView(wallTime.buffer).setFloat64(1, now / 1000, true);
  return protobuf.concatBytes([wallTime, ...fields]);
}

function scalarEvent(record: EpochRecord, now: number): Uint8Array {
  const values = TAGS.flatMap(([field, tag]) => {
    const value = record[field];
    return typeof value === 'number' ? [protobuf.messageField(1, [protobuf.bytesField(1, tag), protobuf.floatField(2, value)])] : [];
  });
  return event(now, protobuf.intField(2, record.epoch), protobuf.messageField(5, values));
}

/** The scalars in a TensorBoard file of ours; of one that is not there, none. */
export function readEvents(path: string): { events: ScalarEvent[]; bytes: number; torn: boolean } {
  let file: Buffer;
  try {
    file = readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { events: [], bytes: 0, torn: false };
    throw error;
  }
  const { records, bytes } = readRecords(file);
  const events = records.map(parseEvent).filter(({ values }) => Object.keys(values).length > 0);
  return { events, bytes, torn: bytes < file.length };
}

/** The fields of a message: number to the values it has. Integers as numbers, everything else as bytes. */
function fieldsOf(message: Uint8Array): Map<number, (number | Buffer)[]> {
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.length);
  const fields = new Map<number, (number | Buffer)[]>();
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]!;
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const wire = tag & 7;
    const size = wire === 1 ? 8 : wire === 5 ? 4 : varint();
    const value = wire === 0 ? size : bytes.subarray(at, (at += size));
    fields.set(tag >>> 3, [...(fields.get(tag >>> 3) ?? []), value]);
  }
  return fields;
}

function parseEvent(record: Uint8Array): ScalarEvent {
  const fields = fieldsOf(record);
  const values: Record<string, number> = {};
  for (const summary of fields.get(5) ?? []) {
    for (const value of fieldsOf(summary as Buffer).get(1) ?? []) {
      const parts = fieldsOf(value as Buffer);
      values[String(parts.get(1)?.[0])] = (parts.get(2)![0] as Buffer).readFloatLE();
    }
  }
  return { wallTime: (fields.get(1)![0] as Buffer).readDoubleLE(), step: (fields.get(2)?.[0] as number | undefined) ?? 0, values };
}
