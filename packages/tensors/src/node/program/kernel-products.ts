import { DTYPES, type Graph, type GraphNode, outputOf, sourceNode, type TensorSignature } from './graph.js';
import type { OwnOps } from './own-ops.js';

/** With more rows than this oneDNN's convolution is as fast or faster (65,536 rows of 24 channels: 2.6 ms against 5.9). */
const MOST_ROWS = 16_384;

const FLOAT = { kind: 'type', value: DTYPES.float32 } as const;
const INT = { kind: 'type', value: DTYPES.int32 } as const;

/**
 * Computes the gradient of a 1x1 convolution's kernel as what it is, a product of two matrices, x^T dy over all pixels of all pictures:
 * 15 to 45 % faster than oneDNN's convolution, most of all for few pixels of many channels.
 */
export function toKernelProducts(graph: Graph, { ops, tensorflowBfloat16 }: OwnOps): Graph {
  // In bfloat16 and on a GPU, where we have no ops, TensorFlow's kernels of the convolution are faster.
  if (tensorflowBfloat16 || ops.length === 0) return graph;
  const byName = new Map(graph.nodes.map((node) => [node.name, node]));
  const signature = (input: string): TensorSignature => byName.get(sourceNode(input))!.outputs[outputOf(input)]!;
  return { ...graph, nodes: graph.nodes.flatMap((node) => (fits(node, signature) ? product(node, signature) : [node])) };
}

function fits({ op, inputs, outputs, attributes }: GraphNode, signature: (input: string) => TensorSignature): boolean {
  if (op !== 'Conv2DBackpropFilter') return false;
  const { strides, data_format: format } = attributes;
  const [height, width, channels] = outputs[0]!.shape;
  const { shape } = signature(inputs[0]!);
  if (strides?.kind !== 'ints' || strides.value.some((stride) => stride !== 1) || format?.value !== 'NHWC') return false;
  // A kernel of fewer input channels than the pictures have is one of several groups.
  return height === 1 && width === 1 && channels === shape[3] && shape[0]! * shape[1]! * shape[2]! <= MOST_ROWS;
}

function product(node: GraphNode, signature: (input: string) => TensorSignature): GraphNode[] {
  const [x, , dy] = node.inputs as [string, string, string];
  const [from, to] = [signature(x).shape[3]!, signature(dy).shape[3]!];
  const reshaped = (name: string, input: string, shape: readonly number[]): GraphNode[] => [
    {
      name: `${name}_shape`,
      op: 'Const',
      inputs: [],
      attributes: {
        dtype: INT,
        value: { kind: 'tensor', value: { dtype: 'int32', shape: [shape.length], bytes: new Uint8Array(Int32Array.from(shape).buffer) } },
      },
      outputs: [{ dtype: 'int32', shape: [shape.length] }],
    },
    {
      name,
      op: 'Reshape',
      inputs: [input, `${name}_shape:0`],
      attributes: { T: FLOAT, Tshape: INT },
      outputs: [{ dtype: 'float32', shape }],
    },
  ];
  const rows = signature(x)
    .shape.slice(0, 3)
    .reduce((count, size) => count * size, 1);
  return [
    ...reshaped(`${node.name}_x`, x, [rows, from]),
    ...reshaped(`${node.name}_dy`, dy, [rows, to]),
    {
      name: `${node.name}_product`,
      op: 'MatMul',
      inputs: [`${node.name}_x:0`, `${node.name}_dy:0`],
      attributes: { T: FLOAT, transpose_a: { kind: 'bool', value: true }, transpose_b: { kind: 'bool', value: false } },
      outputs: [{ dtype: 'float32', shape: [from, to] }],
    },
    ...reshaped(node.name, `${node.name}_product:0`, node.outputs[0]!.shape),
  ];
}
