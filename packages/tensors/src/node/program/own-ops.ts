/** Those of training batch norms (native/batch-norm.cc). */
export const BATCH_NORM_OPS = ['TemperedBatchNorm', 'TemperedBatchNormGrad'] as const;

/** Our own ops (native/kernels.h), as far as a session may use them. */
export interface OwnOps {
  ops: readonly string[];
  /** Threads that share one op. */
  threads: number;
  /** Of the session: in 'bf16' TensorFlow has bfloat16 for convolutions and what lies between them. */
  precision: 'f32' | 'bf16';
}
