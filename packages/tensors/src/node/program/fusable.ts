import { DTYPES, type Graph, type GraphNode, outputOf, sourceNode, type TensorSignature, usesOf } from './graph.js';

/** Ops into which TensorFlow draws a bias and an activation that follow. */
const CONTRACTIONS = new Set(['Conv2D', 'DepthwiseConv2dNative', 'MatMul']);

/** What a ReLU behind a tapped sum is compared with. */
const ZERO: GraphNode = {
  name: 'relu_zero',
  op: 'Const',
  inputs: [],
  attributes: {
    dtype: { kind: 'type', value: DTYPES.float32 },
    value: { kind: 'tensor', value: { dtype: 'float32', shape: [], bytes: new Uint8Array(4) } },
  },
  outputs: [{ dtype: 'float32', shape: [] }],
};

const ZERO_OUTPUT = `${ZERO.name}:0`;

/**
 * Writes ops in the form that TensorFlow's own rewrites look for: a product of two matrices as MatMul, where tfjs says
 * BatchMatMulV2, and a vector added to a convolution or a matrix product as BiasAdd, where it says AddV2. A folded convolution, its
 * bias, and the ReLU or the sum behind it then run as one op. The values are the same.
 *
 * A ReLU behind such a sum is drawn in too where nobody else reads the sum. Where somebody does (a tap in front of the ReLU), TensorFlow
 * 2.21 loses the sum on the way and gives up all its fusions of the graph; such a ReLU becomes Maximum(x, 0), which it leaves alone.
 * Both give the same bits: a tap changes none of a network's logits.
 */
export function toFusable(graph: Graph): Graph {
  const known = new Map<string, GraphNode>();
  const uses = usesOf(graph);
  const fetched = new Set(Object.values(graph.outputs).map(({ source }) => source));
  const context: Context = {
    producer: (input) => known.get(sourceNode(input)),
    signature: (input) => known.get(sourceNode(input))?.outputs[outputOf(input)],
    readAlone: (input) => uses.get(input)?.length === 1 && !fetched.has(input),
  };
  const nodes = graph.nodes.map((node) => {
    const rewritten = asMaximum(asBias(asMatMul(node, context), context), context);
    known.set(node.name, rewritten);
    return rewritten;
  });
  const compared = nodes.some(({ inputs }) => inputs.includes(ZERO_OUTPUT));
  return { ...graph, nodes: compared ? [ZERO, ...nodes] : nodes };
}

/** What a rewrite may look at: the nodes before it, and whether a value has one reader. */
interface Context {
  producer(input: string): GraphNode | undefined;
  signature(input: string): TensorSignature | undefined;
  readAlone(input: string): boolean;
}

function asMatMul(node: GraphNode, { signature }: Context): GraphNode {
  if (node.op !== 'BatchMatMulV2' || node.inputs.some((input) => signature(input)?.shape.length !== 2)) return node;
  const { T, adj_x, adj_y } = node.attributes;
  return { ...node, op: 'MatMul', attributes: { T: T!, transpose_a: adj_x!, transpose_b: adj_y! } };
}

function asBias(node: GraphNode, { producer, signature }: Context): GraphNode {
  const [product, bias] = node.inputs;
  if (node.op !== 'AddV2' || !CONTRACTIONS.has(producer(product!)?.op ?? '')) return node;
  const vector = signature(bias!)?.shape;
  if (vector?.length !== 1 || vector[0] !== signature(product!)!.shape.at(-1)) return node;
  return { ...node, op: 'BiasAdd', attributes: { T: node.attributes.T!, data_format: { kind: 'text', value: 'NHWC' } } };
}

/** Whether TensorFlow draws a sum into the convolution that one of its operands comes from. */
function drawsIn(sum: GraphNode | undefined, { producer, signature }: Context): boolean {
  if (sum?.op !== 'AddV2') return false;
  const [a, b] = sum.inputs.map((input) => signature(input)?.shape.join());
  return a === b && sum.inputs.some((input) => producer(input)?.op === 'BiasAdd');
}

function asMaximum(node: GraphNode, context: Context): GraphNode {
  const [sum] = node.inputs;
  if (node.op !== 'Relu' || context.readAlone(sum!) || !drawsIn(context.producer(sum!), context)) return node;
  return { ...node, op: 'Maximum', inputs: [sum!, ZERO_OUTPUT] };
}
