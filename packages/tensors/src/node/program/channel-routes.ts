import { type Graph, type GraphNode, outputOf, sourceNode, type TensorSignature } from './graph.js';
import type { OwnOps } from './own-ops.js';

/** The name of our own op (native/channels.cc). */
const PICK = 'TemperedChannels';

/** Where a channel of a tensor comes from: a channel of another one, or nowhere (zeros). */
type Origin = { source: string; channel: number } | null;

/** A tensor [N, H, W, C] that only rearranges channels of others. */
interface Route {
  origins: readonly Origin[];
  /** Whether a shuffle is part of the way: without one TensorFlow's own ops are as good. */
  shuffled: boolean;
}

/** What a rule may look at: the nodes before it. */
interface Context {
  producer(input: string): GraphNode | undefined;
  signature(input: string): TensorSignature | undefined;
  /** Values of an int32 or float32 constant. */
  constant(input: string): readonly number[] | undefined;
  /** The route to a tensor; of one that is computed, its own channels. */
  route(input: string): Route | undefined;
  /** The same, but one that a shuffle lies in front of counts as computed. */
  fresh(input: string): Route | undefined;
}

const last = (values: readonly number[]): number => values.at(-1)!;
const allZero = (values: readonly number[]): boolean => values.every((value) => value === 0);

function joined(routes: readonly (Route | undefined)[]): Route | undefined {
  if (routes.some((route) => !route)) return undefined;
  return { origins: routes.flatMap((route) => route!.origins), shuffled: routes.some((route) => route!.shuffled) };
}

function part({ origins, shuffled }: Route, begin: number, size: number): Route {
  return { origins: origins.slice(begin, begin + size), shuffled };
}

/** The routes to a node's outputs, by the op; undefined where it computes, or moves more than channels. */
const RULES: Readonly<Record<string, (node: GraphNode, context: Context) => readonly Route[] | undefined>> = {
  ConcatV2({ inputs }, { fresh, constant }) {
    const axis = constant(inputs.at(-1)!)?.[0];
    const all = axis === 3 || axis === -1 ? joined(inputs.slice(0, -1).map(fresh)) : undefined;
    return all && [all];
  },
  Slice({ inputs: [x, begin, size] }, { route, constant, signature }) {
    const [whole, from, sizes] = [route(x!), constant(begin!), constant(size!)];
    if (!whole || !from || !sizes || !allZero(from.slice(0, 3))) return undefined;
    const { shape } = signature(x!)!;
    if (sizes.slice(0, 3).some((extent, axis) => extent !== -1 && extent !== shape[axis])) return undefined;
    return [part(whole, last(from), last(sizes) === -1 ? whole.origins.length : last(sizes))];
  },
  SplitV({ inputs: [x, sizes, axis] }, { route, constant }) {
    const [whole, extents, along] = [route(x!), constant(sizes!), constant(axis!)?.[0]];
    if (!whole || !extents || (along !== 3 && along !== -1) || extents.includes(-1)) return undefined;
    return extents.map((extent, i) =>
      part(
        whole,
        extents.slice(0, i).reduce((sum, size) => sum + size, 0),
        extent,
      ),
    );
  },
  PadV2({ inputs: [x, paddings, value] }, { fresh, constant }) {
    const [inner, sides] = [fresh(x!), constant(paddings!)];
    if (!inner || !sides || !allZero(sides.slice(0, 6)) || constant(value!)?.[0] !== 0) return undefined;
    const zeros = (count: number): null[] => Array.from({ length: count }, () => null);
    return [{ origins: [...zeros(sides[6]!), ...inner.origins, ...zeros(sides[7]!)], shuffled: inner.shuffled }];
  },
  // The gradient of slices: the sum of paddings that leave room for each other.
  AddV2({ inputs: [a, b] }, { fresh, signature }) {
    const [left, right] = [fresh(a!), fresh(b!)];
    if (!left || !right || signature(a!)!.shape.join() !== signature(b!)!.shape.join()) return undefined;
    if (left.origins.some((origin, i) => origin && right.origins[i])) return undefined;
    return [{ origins: left.origins.map((origin, i) => origin ?? right.origins[i]!), shuffled: left.shuffled || right.shuffled }];
  },
  // The end of a shuffle: [N, H, W, C] as [N, H, W, A, B], its last two axes exchanged, as [N, H, W, C] again.
  Reshape({ inputs: [x], outputs }, { producer, signature, constant, fresh }) {
    const exchange = producer(x!);
    if (exchange?.op !== 'Transpose' || constant(exchange.inputs[1]!)?.join() !== '0,1,2,4,3') return undefined;
    const grouped = producer(exchange.inputs[0]!);
    if (grouped?.op !== 'Reshape') return undefined;
    const whole = fresh(grouped.inputs[0]!);
    const shape = signature(grouped.inputs[0]!)?.shape;
    if (!whole || shape?.join() !== outputs[0]!.shape.join()) return undefined;
    const [rows, columns] = grouped.outputs[0]!.shape.slice(3) as [number, number];
    if (grouped.outputs[0]!.shape.slice(0, 3).join() !== shape.slice(0, 3).join()) return undefined;
    const origins = whole.origins.map((_, to) => whole.origins[(to % rows) * columns + Math.floor(to / rows)]!);
    return [{ origins, shuffled: true }];
  },
};

function numbers(node: GraphNode | undefined): readonly number[] | undefined {
  const value = node?.op === 'Const' ? node.attributes.value : undefined;
  if (value?.kind !== 'tensor') return undefined;
  const { dtype, bytes } = value.value;
  const { buffer } = bytes.slice();
  if (dtype === 'int32') return [...new Int32Array(buffer)];
  return dtype === 'float32' ? [...new Float32Array(buffer)] : undefined;
}

/** Results that come from the same tensors: picked by one op. */
class Pick {
  readonly outputs: { source: string; route: Route; signature: TensorSignature }[] = [];

  constructor(
    readonly name: string,
    readonly sources: readonly string[],
  ) {}

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

/** The routes of a graph by 'node:output', each from tensors that are computed or picked. */
function routesOf(graph: Graph, signature: (input: string) => TensorSignature | undefined): Map<string, Route> {
  const known = new Map<string, GraphNode>();
  const routes = new Map<string, Route>();
  const whole = (input: string): Route | undefined => {
    const { dtype, shape } = signature(input)!;
    if (dtype !== 'float32' || shape.length !== 4) return undefined;
    return { origins: Array.from({ length: last(shape) }, (_, channel) => ({ source: input, channel })), shuffled: false };
  };
  const producer = (input: string): GraphNode | undefined => known.get(sourceNode(input));
  const context: Context = {
    producer,
    signature,
    constant: (input) => numbers(producer(input)),
    route: (input) => routes.get(input) ?? whole(input),
    fresh: (input) => (routes.get(input)?.shuffled ? whole(input) : context.route(input)),
  };
  for (const node of graph.nodes) {
    known.set(node.name, node);
    if (node.outputs[0]?.shape.length !== 4) continue;
    RULES[node.op]?.(node, context)?.forEach((route, i) => {
      routes.set(`${node.name}:${i}`, route);
    });
  }
  return routes;
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
  const nodes = graph.nodes.flatMap((node): GraphNode[] => {
    const begun = node.outputs.flatMap((own, i): Pick[] => {
      const source = `${node.name}:${i}`;
      const route = needed.get(source);
      if (!route) return [];
      const sources = sourcesOf(route);
      const known = picks.get(sources.join(' '));
      const pick = known ?? new Pick(`channels_${node.name}`, sources);
      picks.set(sources.join(' '), pick);
      moved.set(source, `${pick.name}:${pick.outputs.length}`);
      pick.outputs.push({ source, route, signature: own });
      return known ? [] : [pick];
    });
    return [node, ...begun.map((pick) => ({ ...node, name: pick.name }))];
  });
  const finished = new Map(
    [...picks.values()].map((pick) => [
      pick.name,
      pick.node(
        pick.sources.map((source) => last(signature(source)!.shape)),
        threads,
      ),
    ]),
  );
  const follow = (input: string): string => moved.get(input) ?? input;
  return {
    ...graph,
    nodes: nodes.map((node) => finished.get(node.name) ?? node).map((node) => ({ ...node, inputs: node.inputs.map(follow) })),
  };
}
