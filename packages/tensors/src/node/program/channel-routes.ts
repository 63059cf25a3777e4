import { type Graph, type GraphNode, sourceNode, type TensorSignature } from './graph.js';

/** Where a channel of a tensor comes from: a channel of another one, or nowhere (zeros). */
export type Origin = { source: string; channel: number } | null;

/** A tensor [N, H, W, C] that only rearranges channels of others. */
export interface Route {
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

/** The routes of a graph by 'node:output', each from tensors that are computed or picked. */
export function routesOf(graph: Graph, signature: (input: string) => TensorSignature | undefined): Map<string, Route> {
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
