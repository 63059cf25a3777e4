import { BATCH_NORM_OPS } from './program/own-ops.js';

/**
 * Ops that TensorFlow's bf16 rewrite would draw into bfloat16 where they follow a convolution or a matrix product. They are what
 * losses, softmax, standardization and weight decay are made of, so they stay float32; networks add with AddV2, which is not among them.
 */
const KEPT_IN_FLOAT32 =
  'Add,Sub,Mul,RealDiv,Div,Softmax,LogSoftmax,Log,Log1p,Sigmoid,Tanh,Square,SquaredDifference,Sqrt,Rsqrt,Maximum,Minimum,Neg';

/** Our own ops that take bfloat16, drawn in likewise. */
const TAKES_BFLOAT16 = BATCH_NORM_OPS.join();

/** What TensorFlow reads from the environment when it is loaded; whatever is set already stays. */
export function prepareTensorflowEnvironment(env = process.env): void {
  env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  // Left alone, TensorFlow turns oneDNN on only for processors with VNNI; on one with AVX2 a step of resnet20 takes 1.7 times as long without.
  env.TF_ENABLE_ONEDNN_OPTS ??= '1';
  // Each session has threads of its own, as many as it asks for; else the first device of the process decides for all.
  env.TF_OVERRIDE_GLOBAL_THREADPOOL ??= '1';
  env.TF_AUTO_MIXED_PRECISION_GRAPH_REWRITE_INFERLIST_REMOVE ??= KEPT_IN_FLOAT32;
  env.TF_AUTO_MIXED_PRECISION_GRAPH_REWRITE_INFERLIST_ADD ??= TAKES_BFLOAT16;
}
