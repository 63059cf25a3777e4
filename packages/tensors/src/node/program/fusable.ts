import { type Graph, type GraphNode, sourceNode, type TensorSignature } from './graph.js';

/** Ops into which TensorFlow draws a bias and an activation that follow. */
const CONTRACTIONS = new Set(['Conv2D', 'DepthwiseConv2dNative', 'MatMul']);

const outputOf = (input: string): number => Number(input.slice(sourceNode(input).length + 1) || 0);

/**
 * Writes ops in the form that TensorFlow's own rewrites look for: a product of two matrices as MatMul, where tfjs says
 * BatchMatMulV2, and a vector added to a convolution or a matrix product as BiasAdd, where it says AddV2. A folded convolution, its bias and ReLU then run
 * as one op. The values are the same.
 *
 * A bias in front of a sum stays an AddV2, so that the sum is not drawn in: it would be only where nobody else reads it, and then a
 * network's logits would differ in their last digits from those of the same network with a tap in front of that ReLU. (Where there is a
 * tap, TensorFlow 2.21 loses the sum on the way and gives up all its fusions of the graph.)
 */
export function toFusable(graph: Graph): Graph {
  const known = new Map<string, GraphNode>();
  const summed = new Set(graph.nodes.filter(({ op }) => op === 'AddV2').flatMap(({ inputs }) => inputs.map(sourceNode)));
  const context: Context = {
    producer: (input) => known.get(sourceNode(input)),
    signature: (input) => known.get(sourceNode(input))?.outputs[outputOf(input)],
    feedsSum: ({ name }) => summed.has(name),
  };
  const nodes = graph.nodes.map((node) => {
    const rewritten = asBias(asMatMul(node, context), context);
    known.set(node.name, rewritten);
    return rewritten;
  });
  return { ...graph, nodes };
}

/** What a rewrite may look at: the nodes before it, and whether a sum reads a node. */
interface Context {
  producer(input: string): GraphNode | undefined;
  signature(input: string): TensorSignature | undefined;
  feedsSum(node: GraphNode): boolean;
}

function asMatMul(node: GraphNode, { signature }: Context): GraphNode {
  if (node.op !== 'BatchMatMulV2' || node.inputs.some((input) => signature(input)?.shape.length !== 2)) return node;
  const { T, adj_x, adj_y } = node.attributes;
  return { ...node, op: 'MatMul', attributes: { T: T!, transpose_a: adj_x!, transpose_b: adj_y! } };
}

function asBias(node: GraphNode, { producer, signature, feedsSum }: Context): GraphNode {
  const [product, bias] = node.inputs;
  if (node.op !== 'AddV2' || !CONTRACTIONS.has(producer(product!)?.op ?? '') || feedsSum(node)) return node;
  const vector = signature(bias!)?.shape;
  if (vector?.length !== 1 || vector[0] !== signature(product!)!.shape.at(-1)) return node;
  return { ...node, op: 'BiasAdd', attributes: { T: node.attributes.T!, data_format: { kind: 'text', value: 'NHWC' } } };
}
