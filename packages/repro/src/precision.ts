import { describeProcessor, type Processor } from '@tempered/tensors/node';
import type { Precision } from './cell.js';

/**
 * The precision that a run takes when nobody asks for one: what is wanted, but float32 where the processor emulates bfloat16.
 * TensorFlow's rewrite is right there too, and a step of resnet8 takes thirty times as long as in float32.
 */
export function precisionHere(wanted: Precision, { bfloat16 }: Pick<Processor, 'bfloat16'> = describeProcessor()): Precision {
  return wanted === 'bf16' && bfloat16 === 'emulated' ? 'f32' : wanted;
}

/** What to say to somebody who asked for bfloat16 on such a processor; null where all is well. */
export function precisionWarning(precision: Precision, { bfloat16 }: Pick<Processor, 'bfloat16'> = describeProcessor()): string | null {
  if (precision !== 'bf16' || bfloat16 !== 'emulated') return null;
  return 'this processor emulates bfloat16: steps take many times as long as with --precision f32';
}
