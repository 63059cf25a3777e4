import { type Attribute, DTYPES, type Graph, type GraphNode, sourceNode, usesOf } from './graph.js';
import { BATCH_NORM_OPS, type OwnOps } from './own-ops.js';

const [FORWARD, GRADIENT] = BATCH_NORM_OPS;

/** Outputs of FusedBatchNormV3 that only its gradient reads; what ours gives in the place of the first two is not the same. */
const RESERVED = [3, 4, 5];

/**
 * Computes training batch norms and their gradients with ops of our own, each together with the ReLU behind it where nobody else reads
 * what is in front of that. TensorFlow's (oneDNN's) are several times slower where the channels are no multiple of its blocks, and
 * ours reads a batch fewer times whatever the channels.
 */
export function toOwnBatchNorm(graph: Graph, { ops, threads }: OwnOps): Graph {
  if (!BATCH_NORM_OPS.every((op) => ops.includes(op))) return graph;
  const byName = new Map(graph.nodes.map((node) => [node.name, node]));
  const uses = usesOf(graph);
  const users = (source: string): readonly GraphNode[] => uses.get(source) ?? [];
  const own = (node: GraphNode | undefined): boolean =>
    node?.op === 'FusedBatchNormV3' &&
    RESERVED.every((output) =>
      users(`${node.name}:${output}`).every((user) => user.op === 'FusedBatchNormGradV3' && sourceNode(user.inputs[3]!) === node.name),
    );
  const common = (relu: boolean): Record<string, Attribute> => ({
    T: { kind: 'type', value: DTYPES.float32 },
    relu: { kind: 'bool', value: relu },
    threads: { kind: 'int', value: threads },
  });
  /** The ReLU that is the only reader of a norm's result. */
  const reluBehind = (norm: GraphNode): GraphNode | undefined => {
    const [user, ...others] = users(`${norm.name}:0`);
    return user?.op === 'Relu' && others.length === 0 ? user : undefined;
  };
  const drawnIn = new Map(
    graph.nodes.filter(own).flatMap((norm): [string, string][] => {
      const relu = reluBehind(norm);
      return relu ? [[`${relu.name}:0`, `${norm.name}:0`]] : [];
    }),
  );
  const forward = (node: GraphNode): GraphNode => {
    const { epsilon, exponential_avg_factor: momentum } = node.attributes;
    return {
      ...node,
      op: FORWARD,
      attributes: { epsilon: epsilon!, momentum: momentum!, ...common(reluBehind(node) !== undefined) },
      outputs: node.outputs.slice(0, 5),
    };
  };
  const gradient = (node: GraphNode): GraphNode => {
    const [dy, x, gamma, reserved] = node.inputs as [string, string, string, string];
    const norm = byName.get(sourceNode(reserved))!;
    const cut = byName.get(sourceNode(dy))!;
    const relu =
      cut.op === 'ReluGrad' &&
      users(dy).length === 1 &&
      byName.get(sourceNode(cut.inputs[1]!))!.op === 'Relu' &&
      byName.get(sourceNode(cut.inputs[1]!))!.inputs[0] === `${norm.name}:0`;
    return {
      ...node,
      op: GRADIENT,
      inputs: [relu ? cut.inputs[0]! : dy, x, gamma, norm.inputs[2]!, `${norm.name}:3`, `${norm.name}:4`],
      attributes: common(relu),
      outputs: node.outputs.slice(0, 3),
    };
  };
  const follow = (input: string): string => drawnIn.get(input) ?? input;
  const nodes = graph.nodes
    .map((node) => {
      if (own(node)) return forward(node);
      return node.op === 'FusedBatchNormGradV3' && own(byName.get(sourceNode(node.inputs[3]!))) ? gradient(node) : node;
    })
    .map((node) => ({ ...node, inputs: node.inputs.map(follow) }));
  return { ...graph, nodes };
}
