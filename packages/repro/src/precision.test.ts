import { expect, test } from 'vitest';
import { precisionHere, precisionWarning } from './precision.js';

test('bfloat16 is the default only where the processor multiplies it, and asking for it elsewhere is answered with a warning', () => {
  expect(precisionHere('bf16', { bfloat16: 'hardware' })).toBe('bf16');
  expect(precisionHere('bf16', { bfloat16: 'unknown' })).toBe('bf16');
  expect(precisionHere('bf16', { bfloat16: 'emulated' })).toBe('f32');
  expect(precisionHere('f32', { bfloat16: 'hardware' })).toBe('f32');
  expect(precisionWarning('bf16', { bfloat16: 'emulated' })).toContain('--precision f32');
  expect(precisionWarning('bf16', { bfloat16: 'hardware' })).toBeNull();
  expect(precisionWarning('f32', { bfloat16: 'emulated' })).toBeNull();
});
