import { expect, test } from 'vitest';
import { bytesField, concatBytes, floatField, intField, messageField } from './protobuf.js';
import { readFields } from './read-protobuf.js';

test('what was written is read back, in order', () => {
  const bytes = concatBytes([intField(1, 300), bytesField(2, 'op'), floatField(3, 1.5), messageField(20, [intField(1, true)])]);
  const fields = [...readFields(bytes)];
  expect(fields.map(({ field }) => field)).toEqual([1, 2, 3, 20]);
  expect(fields[0]!.value).toBe(300n);
  expect(new TextDecoder().decode(fields[1]!.value as Uint8Array)).toBe('op');
  expect([...readFields(fields[3]!.value as Uint8Array)]).toEqual([{ field: 1, value: 1n }]);
});

test('a message that ends too early or has an unknown wire type is an error', () => {
  expect(() => [...readFields(bytesField(1, 'long').subarray(0, 4))]).toThrow('beyond its message');
  expect(() => [...readFields(Uint8Array.of(0x80))]).toThrow('does not end');
  expect(() => [...readFields(Uint8Array.of(0x0b))]).toThrow('wire type 3');
});
