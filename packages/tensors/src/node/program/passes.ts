import { toChannelPicks } from './channel-picks.js';
import { toFusable } from './fusable.js';
import { BARRIER, type Graph, type GraphNode, sourceNode } from './graph.js';
import { toKernelProducts } from './kernel-products.js';
import { toOwnBatchNorm } from './own-batch-norm.js';
import { toOwnConvolutions } from './own-convolution.js';
import type { OwnOps } from './own-ops.js';

/** Follows renamed nodes in every place where a graph names one. */
function rewire(graph: Graph, renamed: ReadonlyMap<string, string>): Graph {
  const follow = (input: string): string => {
    const node = sourceNode(input);
    const target = renamed.get(node);
    return target === undefined ? input : input.replace(node, target);
  };
  return {
    ...graph,
    nodes: graph.nodes.filter((node) => !renamed.has(node.name)).map((node) => ({ ...node, inputs: node.inputs.map(follow) })),
    outputs: Object.fromEntries(
      Object.entries(graph.outputs).map(([name, output]) => [name, { ...output, source: follow(output.source) }]),
    ),
  };
}

/** Constants of equal type, shape and value become one. */
export function shareConstants(graph: Graph): Graph {
  const first = new Map<string, string>();
  const renamed = new Map<string, string>();
  for (const node of graph.nodes) {
    const value = node.op === 'Const' ? node.attributes.value : undefined;
    if (value?.kind !== 'tensor') continue;
    const { dtype, shape, bytes } = value.value;
    const key = `${dtype} ${shape} ${Buffer.from(bytes).toString('latin1')}`;
    const known = first.get(key);
    if (known) renamed.set(node.name, known);
    else first.set(key, node.name);
  }
  return renamed.size ? rewire(graph, renamed) : graph;
}

/** Nodes that neither an output nor a state update needs are left out; inputs stay, so that every signature can be fed. */
export function removeDead(graph: Graph): Graph {
  const byName = new Map(graph.nodes.map((node) => [node.name, node]));
  const live = new Set<string>();
  const stack = Object.values(graph.outputs).map(({ source }) => sourceNode(source));
  if (graph.update) stack.push(graph.update);
  while (stack.length) {
    const name = stack.pop()!;
    if (live.has(name)) continue;
    live.add(name);
    const { inputs } = byName.get(name)!;
    // The barrier waits for the reads; a read that nobody uses is no reason to keep it.
    for (const input of inputs) if (name !== BARRIER || !input.startsWith('^read/')) stack.push(sourceNode(input));
  }
  const kept = (node: GraphNode): boolean => live.has(node.name) || node.op === 'Placeholder';
  const nodes = graph.nodes.filter(kept);
  const barrier = nodes.findIndex((node) => node.name === BARRIER);
  if (barrier >= 0) {
    const node = nodes[barrier]!;
    nodes[barrier] = { ...node, inputs: node.inputs.filter((input) => live.has(sourceNode(input))) };
  }
  return { ...graph, nodes };
}

/** All passes, in the order in which compile() applies them. */
export function optimize(graph: Graph, own: OwnOps): Graph {
  const lean = removeDead(shareConstants(graph));
  return toFusable(removeDead(toKernelProducts(toOwnConvolutions(toChannelPicks(toOwnBatchNorm(lean, own), own), own), own)));
}

/** The graph under a prefix, its variables shared under the name of the state they belong to. */
export function place(graph: Graph, prefix: string, stateScope: string): Graph {
  const rename = (name: string): string => (name.startsWith('^') ? `^${prefix}/${name.slice(1)}` : `${prefix}/${name}`);
  const nodes = graph.nodes.map((node) => {
    const shared = node.attributes.shared_name;
    const attributes =
      shared?.kind === 'text'
        ? { ...node.attributes, shared_name: { kind: 'text' as const, value: `${stateScope}/${shared.value}` } }
        : node.attributes;
    return { ...node, name: rename(node.name), inputs: node.inputs.map(rename), attributes };
  });
  return {
    nodes,
    inputs: Object.fromEntries(Object.entries(graph.inputs).map(([name, input]) => [name, { ...input, node: rename(input.node) }])),
    outputs: Object.fromEntries(
      Object.entries(graph.outputs).map(([name, output]) => [name, { ...output, source: rename(output.source) }]),
    ),
    update: graph.update === null ? null : rename(graph.update),
  };
}
