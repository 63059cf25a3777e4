import { expect, test } from 'vitest';
import { precisionHere, precisionWarning } from './precision.js';

test("bfloat16 is the default only where the processor multiplies it; emulated by TensorFlow's kernels it is warned of", () => {
  expect(precisionHere('bf16', { bfloat16: 'hardware' })).toBe('bf16');
  expect(precisionHere('bf16', { bfloat16: 'unknown' })).toBe('bf16');
  expect(precisionHere('bf16', { bfloat16: 'emulated' })).toBe('f32');
  expect(precisionHere('f32', { bfloat16: 'hardware' })).toBe('f32');
  expect(precisionWarning('bf16', { bfloat16: 'emulated' }, 'tensorflow')).toContain('--precision f32');
  expect(precisionWarning('bf16', { bfloat16: 'emulated' }, 'own')).toBeNull();
  expect(precisionWarning('bf16', { bfloat16: 'hardware' }, 'tensorflow')).toBeNull();
  expect(precisionWarning('f32', { bfloat16: 'emulated' }, 'tensorflow')).toBeNull();
});
