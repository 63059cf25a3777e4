import { type Attribute, type Graph, type GraphNode, outputOf, sourceNode, type TensorSignature, usesOf } from './graph.js';
import type { OwnOps } from './own-ops.js';

/** Names of our own ops (native/convolution-kernels.cc). */
const OWN = {
  convolution: 'TemperedConvolution',
  inputGradient: 'TemperedConvolutionInputGradient',
  kernelGradient: 'TemperedConvolutionKernelGradient',
} as const;

/** Channels come in groups of so many there. */
const CHANNELS = 16;

const int = (value: number): Attribute => ({ kind: 'int', value });
const bool = (value: boolean): Attribute => ({ kind: 'bool', value });

/**
 * Computes 3x3 convolutions of stride 1, and both of their gradients, with ops of our own (Winograd's minimal filtering: 16 products
 * where a direct convolution takes 36), and draws a bias, a sum and a ReLU behind them in where nobody else reads what stands between.
 * What is drawn in changes no bit.
 *
 * Left to TensorFlow: other kernels and strides, and channels that are no multiple of 16, such as the three of a picture.
 */
export function toOwnConvolutions(graph: Graph, { ops, threads }: OwnOps): Graph {
  if (!Object.values(OWN).every((op) => ops.includes(op))) return graph;
  const byName = new Map(graph.nodes.map((node) => [node.name, node]));
  const signature = (input: string): TensorSignature => byName.get(sourceNode(input))!.outputs[outputOf(input)]!;
  const nodes = graph.nodes.map((node) => replaced(node, signature, threads));
  return drawIn({ ...graph, nodes }, signature);
}

function replaced(node: GraphNode, signature: (input: string) => TensorSignature, threads: number): GraphNode {
  if (!isPlain(node)) return node;
  const [a, b, c] = node.inputs as [string, string, string];
  const shared = { threads: int(threads) };
  if (node.op === 'Conv2D' && fits(signature(b).shape, signature(a).shape)) {
    return { ...node, op: OWN.convolution, inputs: [a, b], attributes: { biases: int(0), sums: int(0), relu: bool(false), ...shared } };
  }
  if (node.op === 'Conv2DBackpropInput' && fits(signature(b).shape, node.outputs[0]!.shape)) {
    return { ...node, op: OWN.inputGradient, inputs: [c, b], attributes: shared };
  }
  if (node.op === 'Conv2DBackpropFilter' && fits(node.outputs[0]!.shape, signature(a).shape)) {
    return { ...node, op: OWN.kernelGradient, inputs: [a, c], attributes: shared };
  }
  return node;
}

/** A convolution, or a gradient of one, of stride 1 and pictures that keep their size. */
function isPlain({ op, attributes: { strides, dilations, padding, data_format: format } }: GraphNode): boolean {
  const ones = (attribute?: Attribute): boolean =>
    attribute === undefined || (attribute.kind === 'ints' && attribute.value.every((size) => size === 1));
  return op.startsWith('Conv2D') && ones(strides) && ones(dilations) && padding?.value === 'SAME' && format?.value !== 'NCHW';
}

function fits(kernel: readonly number[], pictures: readonly number[]): boolean {
  const [height, width, from, to] = kernel as [number, number, number, number];
  // A kernel of fewer input channels than the pictures have is one of several groups.
  return height === 3 && width === 3 && from === pictures[3] && from % CHANNELS === 0 && to % CHANNELS === 0;
}

/** Makes bias, sum and ReLU part of the convolution in front of them. */
function drawIn(graph: Graph, signature: (input: string) => TensorSignature): Graph {
  const uses = usesOf(graph);
  const fetched = new Set(Object.values(graph.outputs).map(({ source }) => source));
  const known = new Map<string, GraphNode>();
  const gone = new Set<string>();
  /** The convolution that this alone reads. */
  const readAlone = (input: string): GraphNode | undefined => {
    const node = known.get(sourceNode(input));
    const alone = node?.op === OWN.convolution && uses.get(input)?.length === 1 && !fetched.has(input);
    return alone && node.attributes.relu?.value === false ? node : undefined;
  };
  const joined = (node: GraphNode, from: GraphNode, inputs: string[], attributes: Record<string, Attribute>): GraphNode => {
    gone.add(from.name);
    return { ...node, op: from.op, inputs: [...from.inputs, ...inputs], attributes: { ...from.attributes, ...attributes } };
  };
  const drawn = (node: GraphNode): GraphNode => {
    if (node.op === 'Relu') {
      const from = readAlone(node.inputs[0]!);
      return from ? joined(node, from, [], { relu: bool(true) }) : node;
    }
    if (node.op !== 'AddV2' && node.op !== 'BiasAdd') return node;
    const [left, right] = node.inputs as [string, string];
    const shape = node.outputs[0]!.shape.join();
    for (const [input, other] of [
      [left, right],
      [right, left],
    ] as const) {
      const from = readAlone(input);
      if (from?.attributes.sums?.value !== 0 || signature(input).shape.join() !== shape) continue;
      const added = signature(other).shape;
      if (added.join() === shape) return joined(node, from, [other], { sums: int(1) });
      const bias = added.length === 1 && added[0] === node.outputs[0]!.shape[3];
      if (bias && from.attributes.biases?.value === 0) return joined(node, from, [other], { biases: int(1) });
    }
    return node;
  };
  for (const node of graph.nodes) known.set(node.name, drawn(node));
  return { ...graph, nodes: graph.nodes.filter(({ name }) => !gone.has(name)).map(({ name }) => known.get(name)!) };
}
