import type { ConvOptions, Model, Net, Window } from '@tempered/models';

/** One op of a network's description: which values it reads, which it makes, and what it is. */
export interface NetworkOp {
  op: string;
  in: number[];
  out: number;
  [attribute: string]: unknown;
}

/** A network as plain data, in the order in which it computes; value 0 is the batch of images. */
export interface NetworkDescription {
  ops: NetworkOp[];
  /** The value that holds the logits. */
  logits: number;
}

/** A value of the description: its number, and its shape without the batch dimension. */
interface Value {
  id: number;
  shape: readonly number[];
}

/**
 * A model of the zoo as data that another framework can build it from: the benchmark's PyTorch side computes the very networks
 * that ours does.
 */
export function describeNetwork(model: Model): NetworkDescription {
  const ops: NetworkOp[] = [];
  const emit = (op: string, inputs: Value[], shape: readonly number[], attributes: Record<string, unknown> = {}): Value => {
    const out = ops.length + 1;
    ops.push({ op, in: inputs.map(({ id }) => id), out, ...attributes });
    return { id: out, shape };
  };
  const channelsOf = ({ shape }: Value): number => shape.at(-1)!;
  const filled = ({ kernel, stride = 1, padding = 0 }: Window): Required<Window> => ({ kernel, stride, padding });
  const slide = ([height, width]: readonly number[], window: Window): [number, number] => {
    const { kernel, stride, padding } = filled(window);
    const places = (side: number): number => Math.floor((side + 2 * padding - kernel) / stride) + 1;
    return [places(height!), places(width!)];
  };
  const pool = (op: string, x: Value, window: Window): Value =>
    emit(op, [x], [...slide(x.shape, window), channelsOf(x)], { ...filled(window) });
  const conv = (x: Value, name: string, options: ConvOptions): Value => {
    const { filters, groups = 1, bias = false } = options;
    const attributes = { name, channels: channelsOf(x), filters, groups, bias, ...filled(options) };
    return emit('conv', [x], [...slide(x.shape, options), filters], attributes);
  };
  const norm = (x: Value, name: string): Value => emit('norm', [x], x.shape, { name, channels: channelsOf(x) });
  const net: Net<Value> = {
    conv,
    norm,
    convNorm: (x, convName, normName, options) => norm(conv(x, convName, options), normName),
    linear: (x, name, units) => emit('linear', [x], [units], { name, channels: channelsOf(x), units }),
    relu: (x) => emit('relu', [x], x.shape),
    relu6: (x) => emit('relu6', [x], x.shape),
    add: (a, b) => emit('add', [a, b], a.shape),
    concat: (xs) => emit('concat', xs, [...xs[0]!.shape.slice(0, -1), xs.reduce((sum, x) => sum + channelsOf(x), 0)]),
    channels: (x, begin, size) => emit('channels', [x], [...x.shape.slice(0, -1), size], { begin, size }),
    shuffle: (x, groups) => emit('shuffle', [x], x.shape, { groups }),
    maxPool: (x, window) => pool('maxPool', x, window),
    averagePool: (x, window) => pool('averagePool', x, window),
    adaptiveAveragePool: (x, side) => emit('adaptiveAveragePool', [x], [side, side, channelsOf(x)], { side }),
    globalAveragePool: (x) => emit('globalAveragePool', [x], [channelsOf(x)]),
    flatten: (x) => emit('flatten', [x], [x.shape.reduce((product, size) => product * size, 1)]),
    dropout: (x, _name, rate) => emit('dropout', [x], x.shape, { rate }),
    shape: (x) => x.shape,
  };
  const { inputSize } = model;
  const { logits } = model.interpret(net, { id: 0, shape: [inputSize, inputSize, 3] });
  return { ops, logits: logits.id };
}
