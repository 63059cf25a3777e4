import { type Attribute, DTYPES, type Graph, type GraphNode, outputOf, sourceNode, type TensorSignature, usesOf } from './graph.js';
import { CONVOLUTION_OPS, type OwnOps } from './own-ops.js';

const OWN = CONVOLUTION_OPS;

const FORWARD: readonly string[] = [OWN.filtering.forward, OWN.windows.forward, OWN.windows.halving];

/** Channels come in groups of so many there. */
const CHANNELS = 16;

const int = (value: number): Attribute => ({ kind: 'int', value });
const bool = (value: boolean): Attribute => ({ kind: 'bool', value });

/**
 * Computes convolutions and both of their gradients with ops of our own, and draws a bias, a sum and a ReLU behind them in where
 * nobody else reads what stands between; what is drawn in changes no bit. Those of 3x3 and stride 1 by Winograd's minimal filtering (16
 * products where a direct convolution takes 36), those of other windows, of stride 2 and of pictures with three channels by a product of matrices.
 *
 * Where TensorFlow's compute in bfloat16 only the gradients of 3x3 kernels over small pictures; with AVX-512 none by products of matrices,
 * whose ops are not offered there.
 *
 * Left to TensorFlow: 1x1 of stride 1, groups, dilations, other strides and paddings, and numbers of output channels that are no multiple of 16.
 */
export function toOwnConvolutions(graph: Graph, { ops, threads, tensorflowBfloat16 }: OwnOps): Graph {
  const byName = new Map(graph.nodes.map((node) => [node.name, node]));
  const signature = (input: string): TensorSignature => byName.get(sourceNode(input))!.outputs[outputOf(input)]!;
  const nodes = graph.nodes.map((node) => {
    const own = replaced(node, signature, threads);
    if (own === node || !ops.includes(own.op)) return node;
    const gains = own.op === OWN.filtering.kernelGradient && isSmall(signature(own.inputs[0]!).shape);
    return gains || !tensorflowBfloat16 ? own : node;
  });
  return drawIn({ ...graph, nodes }, signature);
}

/** Pictures of so few points are where the gradient of a kernel takes less time in our float32 than in oneDNN's bfloat16. */
const SMALL = 8 * 8;

const isSmall = ([, height, width]: readonly number[]): boolean => height! * width! <= SMALL;

function replaced(node: GraphNode, signature: (input: string) => TensorSignature, threads: number): GraphNode {
  const [a, b, c] = node.inputs as [string, string, string];
  const shared: Record<string, Attribute> = { T: { kind: 'type', value: DTYPES.float32 }, threads: int(threads) };
  switch (node.op) {
    case 'Conv2D': {
      const way = wayOf(node, signature(b).shape, signature(a).shape);
      if (!way) return node;
      const op = way.filtering ? OWN.filtering.forward : way.stride === 1 ? OWN.windows.forward : OWN.windows.halving;
      return { ...node, op, inputs: [a, b], attributes: { biases: int(0), sums: int(0), relu: bool(false), ...shared } };
    }
    case 'Conv2DBackpropInput': {
      const [, height, width] = node.outputs[0]!.shape as [number, number, number];
      const kernel = signature(b).shape;
      const way = wayOf(node, kernel, node.outputs[0]!.shape);
      if (!way || (kernel[0]! * kernel[1]! * kernel[2]!) % CHANNELS) return node;
      if (way.filtering) return { ...node, op: OWN.filtering.inputGradient, inputs: [c, b], attributes: shared };
      const attributes = { height: int(height), width: int(width), stride: int(way.stride), ...shared };
      return { ...node, op: OWN.windows.inputGradient, inputs: [c, b], attributes };
    }
    case 'Conv2DBackpropFilter': {
      const [height, width] = node.outputs[0]!.shape as [number, number];
      const way = wayOf(node, node.outputs[0]!.shape, signature(a).shape);
      if (!way) return node;
      if (way.filtering) return { ...node, op: OWN.filtering.kernelGradient, inputs: [a, c], attributes: shared };
      const attributes = { height: int(height), width: int(width), stride: int(way.stride), ...shared };
      return { ...node, op: OWN.windows.kernelGradient, inputs: [a, c], attributes };
    }
    default:
      return node;
  }
}

/** How a convolution of this kernel and these pictures, or a gradient of one, is computed here; undefined where it is left to TensorFlow. */
function wayOf(node: GraphNode, kernel: readonly number[], pictures: readonly number[]): { filtering: boolean; stride: 1 | 2 } | undefined {
  const { strides, dilations, padding, data_format: format } = node.attributes;
  const [height, width, from, to] = kernel as [number, number, number, number];
  const all = (attribute: Attribute | undefined, size: number): boolean =>
    attribute?.kind === 'ints' && attribute.value[1] === size && attribute.value[2] === size;
  // A kernel of fewer input channels than the pictures have is one of several groups.
  if (from !== pictures[3] || to % CHANNELS || format?.value === 'NCHW' || (dilations && !all(dilations, 1))) return undefined;
  if (all(strides, 2) && padding?.value === 'VALID') return { filtering: false, stride: 2 };
  if (!all(strides, 1) || padding?.value !== 'SAME' || height * width === 1) return undefined;
  return { filtering: height === 3 && width === 3 && from % CHANNELS === 0, stride: 1 };
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
    const alone = node !== undefined && FORWARD.includes(node.op) && uses.get(input)?.length === 1 && !fetched.has(input);
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
