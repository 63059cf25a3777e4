import { type Origin, type Route, routesOf } from './channel-routes.js';
import { type Graph, type GraphNode, outputOf, sourceNode, type TensorSignature } from './graph.js';
import type { OwnOps } from './own-ops.js';

/** The name of our own op (native/channels.cc). */
const PICK = 'TemperedChannels';

/** Results that come from the same tensors: picked by one op. */
class Pick {
  readonly outputs: { route: Route; signature: TensorSignature }[] = [];

  constructor(
    readonly name: string,
    readonly sources: readonly string[],
  ) {}

  /** The op, given how many channels each source has. */
  node(widths: readonly number[], threads: number): GraphNode {
    const begins = new Map(this.sources.map((source, i) => [source, widths.slice(0, i).reduce((sum, width) => sum + width, 0)]));
    const place = (origin: Origin): number => (origin ? begins.get(origin.source)! + origin.channel : -1);
    return {
      name: this.name,
      op: PICK,
      inputs: this.sources,
      attributes: {
        N: { kind: 'int', value: this.sources.length },
        M: { kind: 'int', value: this.outputs.length },
        index: { kind: 'ints', value: this.outputs.flatMap(({ route }) => route.origins.map(place)) },
        sizes: { kind: 'ints', value: this.outputs.map(({ route }) => route.origins.length) },
        threads: { kind: 'int', value: threads },
      },
      outputs: this.outputs.map(({ signature }) => signature),
    };
  }
}

/**
 * Follows channels through concatenations, slices, splits and paddings, and where a tensor is needed that a shuffle lies in front of,
 * picks its channels right out of the tensors that the shuffled one was made of: one pass over memory instead of one at each of those
 * ops. Not through several shuffles at once: then a result would have many sources, and little of each. The values are the same.
 */
export function toChannelPicks(graph: Graph, { ops, threads }: OwnOps): Graph {
  if (!ops.includes(PICK)) return graph;
  const byName = new Map(graph.nodes.map((node) => [node.name, node]));
  const signature = (input: string): TensorSignature | undefined => byName.get(sourceNode(input))?.outputs[outputOf(input)];
  const routes = routesOf(graph, signature);
  const shuffled = (input: string): Route | undefined => (routes.get(input)?.shuffled ? routes.get(input) : undefined);
  const sourcesOf = ({ origins }: Route): string[] => [...new Set(origins.flatMap((origin) => (origin ? [origin.source] : [])))].sort();

  const needed = new Map<string, Route>();
  const need = (input: string): void => {
    const route = shuffled(input);
    if (!route || needed.has(input) || sourcesOf(route).length === 0) return;
    needed.set(input, route);
    for (const source of sourcesOf(route)) need(source);
  };
  for (const node of graph.nodes) if (!shuffled(`${node.name}:0`)) for (const input of node.inputs) need(input);

  const picks = new Map<string, Pick>();
  const moved = new Map<string, string>();
  const nodes = graph.nodes.flatMap((node): (GraphNode | Pick)[] => {
    const begun = node.outputs.flatMap((own, i): Pick[] => {
      const source = `${node.name}:${i}`;
      const route = needed.get(source);
      if (!route) return [];
      const sources = sourcesOf(route);
      const known = picks.get(sources.join(' '));
      const pick = known ?? new Pick(`channels_${node.name}_${i}`, sources);
      picks.set(sources.join(' '), pick);
      moved.set(source, `${pick.name}:${pick.outputs.length}`);
      pick.outputs.push({ route, signature: own });
      return known ? [] : [pick];
    });
    return [node, ...begun];
  });
  const widths = ({ sources }: Pick): number[] => sources.map((source) => signature(source)!.shape.at(-1)!);
  const finished = nodes.map((node) => (node instanceof Pick ? node.node(widths(node), threads) : node));
  return { ...graph, nodes: finished.map((node) => ({ ...node, inputs: node.inputs.map((input) => moved.get(input) ?? input) })) };
}
