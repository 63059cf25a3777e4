import { availableParallelism } from 'node:os';
import { bfloat16Convolutions } from './bfloat16.js';
import type { Engine } from './engine.js';
import { describeProcessor } from './processor.js';

/** How a session computes, as far as it changes results. */
export interface ComputeSettings {
  intraOpThreads?: number;
  precision?: 'f32' | 'bf16';
}

/**
 * Everything about the engine that changes results, readable: with equal fingerprints a run is bit-equal to its repetition, and
 * a resumed run to one that never stopped.
 */
export function fingerprint(engine: Engine, { intraOpThreads = availableParallelism(), precision = 'f32' }: ComputeSettings = {}): string {
  if (engine.kind === 'plain') return `tfjs ${engine.tfjsVersion} cpu, f32`;
  const device = engine.kind === 'cuda' ? 'cuda' : describeProcessor().instructions;
  const threads = `${intraOpThreads} ${intraOpThreads === 1 ? 'thread' : 'threads'}`;
  const how = engine.addon ? 'compiled' : 'eager';
  const by = precision === 'bf16' && engine.kind === 'cpu' && bfloat16Convolutions() === 'own' ? ' by own convolutions' : '';
  const kernels = engine.kind === 'cpu' && engine.addon?.kernels ? `, own kernels ${engine.addon.kernels}` : '';
  return `TensorFlow ${engine.tensorflowVersion}, ${device}, oneDNN ${engine.oneDnn ? 'on' : 'off'}, ${threads}, ${precision}${by}, ${how}${kernels}`;
}
