import { type Graph, type GraphNode, sourceNode, type TensorSignature } from './graph.js';

/** Ops into which TensorFlow draws a bias, a sum and an activation that follow. */
const CONTRACTIONS = new Set(['Conv2D', 'DepthwiseConv2dNative', 'MatMul']);

const outputOf = (input: string): number => Number(input.slice(sourceNode(input).length + 1) || 0);

/**
 * Writes ops in the form that TensorFlow's own rewrites look for: a product of two matrices as MatMul, where tfjs says
 * BatchMatMulV2, and a vector added to a convolution or a matrix product as BiasAdd, where it says AddV2. A folded convolution, its bias, the
 * shortcut's sum and ReLU then run as one op. The values are the same.
 *
 * A sum that somebody else reads too (a tap in front of the ReLU) must not be drawn in: TensorFlow 2.21 loses it on the way, and
 * then gives up all its fusions of the graph. So the bias in front of such a sum stays an AddV2.
 */
export function toFusable(graph: Graph): Graph {
  const known = new Map<string, GraphNode>();
  const readers = readersOf(graph);
  const context: Context = {
    producer: (input) => known.get(sourceNode(input)),
    signature: (input) => known.get(sourceNode(input))?.outputs[outputOf(input)],
    feedsSharedSum: ({ name }) =>
      (readers.get(name) ?? []).some(({ op, name: sum }) => op === 'AddV2' && (readers.get(sum)?.length ?? 0) > 1),
  };
  const nodes = graph.nodes.map((node) => {
    const rewritten = asBias(asMatMul(node, context), context);
    known.set(node.name, rewritten);
    return rewritten;
  });
  return { ...graph, nodes };
}

/** What a rewrite may look at: the nodes before it, and who reads a node. */
interface Context {
  producer(input: string): GraphNode | undefined;
  signature(input: string): TensorSignature | undefined;
  feedsSharedSum(node: GraphNode): boolean;
}

/** The nodes that read each node's values. */
function readersOf({ nodes }: Graph): Map<string, GraphNode[]> {
  const readers = new Map<string, GraphNode[]>();
  for (const node of nodes) {
    for (const source of new Set(node.inputs.filter((input) => !input.startsWith('^')).map(sourceNode))) {
      readers.set(source, [...(readers.get(source) ?? []), node]);
    }
  }
  return readers;
}

function asMatMul(node: GraphNode, { signature }: Context): GraphNode {
  if (node.op !== 'BatchMatMulV2' || node.inputs.some((input) => signature(input)?.shape.length !== 2)) return node;
  const { T, adj_x, adj_y } = node.attributes;
  return { ...node, op: 'MatMul', attributes: { T: T!, transpose_a: adj_x!, transpose_b: adj_y! } };
}

function asBias(node: GraphNode, { producer, signature, feedsSharedSum }: Context): GraphNode {
  const [product, bias] = node.inputs;
  if (node.op !== 'AddV2' || !CONTRACTIONS.has(producer(product!)?.op ?? '') || feedsSharedSum(node)) return node;
  const vector = signature(bias!)?.shape;
  if (vector?.length !== 1 || vector[0] !== signature(product!)!.shape.at(-1)) return node;
  return { ...node, op: 'BiasAdd', attributes: { T: node.attributes.T!, data_format: { kind: 'text', value: 'NHWC' } } };
}
