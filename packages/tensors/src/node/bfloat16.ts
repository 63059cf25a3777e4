import { describeProcessor, type Processor } from './processor.js';

/** Whose convolutions compute over bfloat16 in a session that asks for it. */
export type Bfloat16Convolutions = 'own' | 'tensorflow';

export const BFLOAT16_CONVOLUTIONS: readonly Bfloat16Convolutions[] = ['own', 'tensorflow'];

/**
 * What `TEMPERED_BF16` says, else TensorFlow's where the processor multiplies bfloat16 and ours where it does not: TensorFlow's kernels
 * are thirty times as slow as in float32 there, and ours read and write bfloat16 and compute in float32, about as fast. They are TensorFlow's
 * where there are none of ours: with `TEMPERED_KERNELS=off`, and on processors from before AVX2.
 */
export function bfloat16Convolutions(
  env: NodeJS.ProcessEnv = process.env,
  { bfloat16, instructions }: Pick<Processor, 'bfloat16' | 'instructions'> = describeProcessor(),
): Bfloat16Convolutions {
  if (env.TEMPERED_KERNELS === 'off') return 'tensorflow';
  const said = BFLOAT16_CONVOLUTIONS.find((name) => name === env.TEMPERED_BF16);
  return said ?? (bfloat16 === 'emulated' && /^avx(2|512)/.test(instructions) ? 'own' : 'tensorflow');
}
