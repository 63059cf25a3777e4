import { type Bfloat16Convolutions, bfloat16Convolutions, describeProcessor, type Processor } from '@tempered/tensors/node';
import type { Precision } from './cell.js';

/**
 * The precision that a run takes when nobody asks for one: what is wanted, but float32 where the processor emulates bfloat16. Our own
 * convolutions are about as fast over either there, and float32 is the more exact one.
 */
export function precisionHere(wanted: Precision, { bfloat16 }: Pick<Processor, 'bfloat16'> = describeProcessor()): Precision {
  return wanted === 'bf16' && bfloat16 === 'emulated' ? 'f32' : wanted;
}

/** What to say to somebody who asked for bfloat16 on such a processor and has it computed by TensorFlow; null where all is well. */
export function precisionWarning(
  precision: Precision,
  { bfloat16 }: Pick<Processor, 'bfloat16'> = describeProcessor(),
  convolutions: Bfloat16Convolutions = bfloat16Convolutions(),
): string | null {
  if (precision !== 'bf16' || bfloat16 !== 'emulated' || convolutions === 'own') return null;
  return 'this processor emulates bfloat16, and no convolutions of ours are allowed to compute it: steps take many times as long as with --precision f32';
}
