import { bfloat16Convolutions } from './bfloat16.js';
import { BATCH_NORM_OPS, CONVOLUTION_OPS } from './program/own-ops.js';

/**
 * Ops that TensorFlow's bf16 rewrite would draw into bfloat16 where they follow a convolution or a matrix product. They are what
 * losses, softmax, standardization and weight decay are made of, so they stay float32; networks add with AddV2, which is not among them.
 */
const KEPT_IN_FLOAT32 =
  'Add,Sub,Mul,RealDiv,Div,Softmax,LogSoftmax,Log,Log1p,Sigmoid,Tanh,Square,SquaredDifference,Sqrt,Rsqrt,Maximum,Minimum,Neg';

/** Our own ops that take bfloat16, drawn in likewise. */
const TAKES_BFLOAT16 = BATCH_NORM_OPS.join();

/** Ops that begin bfloat16: what lies between them is drawn in. TensorFlow's own list, and ours in its place. */
const BEGINS_BFLOAT16 = {
  tensorflow:
    'Conv2D,Conv2DBackpropFilter,Conv2DBackpropInput,DepthwiseConv2dNative,DepthwiseConv2dNativeBackpropFilter,DepthwiseConv2dNativeBackpropInput,MatMul,BatchMatMul,BatchMatMulV2,Einsum',
  own: Object.values(CONVOLUTION_OPS).flatMap(Object.values).join(),
};

/** What TensorFlow reads from the environment when it is loaded; whatever is set already stays. */
export function prepareTensorflowEnvironment(env = process.env): void {
  env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  // Left alone, TensorFlow turns oneDNN on only for processors with VNNI; on one with AVX2 a step of resnet20 takes 1.7 times as long without.
  env.TF_ENABLE_ONEDNN_OPTS ??= '1';
  // Each session has threads of its own, as many as it asks for; else the first device of the process decides for all.
  env.TF_OVERRIDE_GLOBAL_THREADPOOL ??= '1';
  env.TF_AUTO_MIXED_PRECISION_GRAPH_REWRITE_INFERLIST_REMOVE ??= KEPT_IN_FLOAT32;
  env.TF_AUTO_MIXED_PRECISION_GRAPH_REWRITE_INFERLIST_ADD ??= TAKES_BFLOAT16;
  if (bfloat16Convolutions(env) === 'own') {
    env.TF_AUTO_MIXED_PRECISION_GRAPH_REWRITE_ALLOWLIST_REMOVE ??= BEGINS_BFLOAT16.tensorflow;
    env.TF_AUTO_MIXED_PRECISION_GRAPH_REWRITE_ALLOWLIST_ADD ??= BEGINS_BFLOAT16.own;
    // Without oneDNN's kernels of it, which such a processor does not have, the gradient of vgg8's max pooling takes 32 ms instead of 11.
    env.TF_AUTO_MIXED_PRECISION_GRAPH_REWRITE_CLEARLIST_REMOVE ??= 'MaxPool,MaxPoolGrad';
  }
}
