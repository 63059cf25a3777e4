import { expect, test } from 'vitest';
import { bfloat16Convolutions } from './bfloat16.js';

const AVX2 = { bfloat16: 'emulated', instructions: 'avx2' } as const;
const AMX = { bfloat16: 'hardware', instructions: 'amx_bf16' } as const;

test('bfloat16 is convolved by TensorFlow where the processor multiplies it, else by ours where there are any', () => {
  expect(bfloat16Convolutions({}, AMX)).toBe('tensorflow');
  expect(bfloat16Convolutions({}, AVX2)).toBe('own');
  expect(bfloat16Convolutions({}, { ...AVX2, instructions: 'avx512_vnni' })).toBe('own');
  expect(bfloat16Convolutions({}, { ...AVX2, instructions: 'avx' })).toBe('tensorflow');
  expect(bfloat16Convolutions({}, { bfloat16: 'unknown', instructions: 'unknown' })).toBe('tensorflow');
});

test('TEMPERED_BF16 says otherwise, unless no kernels of ours are allowed', () => {
  expect(bfloat16Convolutions({ TEMPERED_BF16: 'tensorflow' }, AVX2)).toBe('tensorflow');
  expect(bfloat16Convolutions({ TEMPERED_BF16: 'own' }, AMX)).toBe('own');
  expect(bfloat16Convolutions({ TEMPERED_BF16: 'own', TEMPERED_KERNELS: 'off' }, AVX2)).toBe('tensorflow');
});
