/** Those of training batch norms (native/batch-norm.cc). */
export const BATCH_NORM_OPS = ['TemperedBatchNorm', 'TemperedBatchNormGrad'] as const;

/** Those of convolutions (native/convolution-ops.cc, window-ops.cc). */
export const CONVOLUTION_OPS = {
  /** Of 3x3 and stride 1, with zeros around the picture: by minimal filtering. */
  filtering: {
    forward: 'TemperedConvolution',
    inputGradient: 'TemperedConvolutionInputGradient',
    kernelGradient: 'TemperedConvolutionKernelGradient',
  },
  /** Of stride 1 with zeros around, or of stride 2 without: by a product of matrices. */
  windows: {
    forward: 'TemperedWindowConvolution',
    halving: 'TemperedHalvingConvolution',
    inputGradient: 'TemperedWindowInputGradient',
    kernelGradient: 'TemperedWindowKernelGradient',
  },
} as const;

/** Our own ops (native/kernels.h), as far as a session may use them. */
export interface OwnOps {
  ops: readonly string[];
  /** Threads that share one op. */
  threads: number;
  /** Whether TensorFlow's convolutions, and what lies between them, compute in bfloat16: only what gains by float32 is taken from them then. */
  tensorflowBfloat16: boolean;
}
