import { torchDefault } from './init.js';
import { type Model, sizeOf } from './model.js';
import type { ConvOptions, Net } from './net.js';
import { type Shape, shapeNet } from './shape-net.js';

/** One layer of a summary. */
export interface LayerSummary {
  kind: keyof Net<unknown>;
  /** PyTorch's name; empty for a layer without tensors. */
  name: string;
  /** Its output for one image, [H, W, C] or [D]. */
  output: readonly number[];
  /** Trainable values. */
  parameters: number;
  /** Multiply-accumulates for one image, of convolutions and linear layers (no bias, no normalisation). */
  macs: number;
}

export interface ModelSummary {
  name: string;
  numClasses: number;
  inputSize: number;
  layers: LayerSummary[];
  parameters: number;
  /** Running means and variances and the batch counters. */
  buffers: number;
  macs: number;
  /**
   * In float32: what the tensors take, what the outputs of all layers take for one image, and what a training step of `batch` images
   * holds at most: tensors, a gradient and a momentum for each parameter, every layer's output and its gradient.
   */
  bytes: { weights: number; activations: number; batch: number; training: number };
}

/**
 * What a model is made of and what it costs.
 *
 * Units    parameters and buffers in values, macs for one image, bytes of float32; `batch` images a training step.
 */
export function summarize(model: Model, batch = 64): ModelSummary {
  const { numClasses, inputSize } = model;
  const layers: LayerSummary[] = [];
  model.interpret(recording(layers), [inputSize, inputSize, 3]);
  const sum = (of: (layer: LayerSummary) => number): number => layers.reduce((total, layer) => total + of(layer), 0);
  const activations = sum(({ output }) => sizeOf(output));
  const values = model.tensors.reduce((total, { shape }) => total + sizeOf(shape), 0);
  return {
    name: model.name,
    numClasses,
    inputSize,
    layers,
    parameters: model.parameterCount,
    buffers: values - model.parameterCount + model.norms.length,
    macs: sum(({ macs }) => macs),
    bytes: {
      weights: 4 * values,
      activations: 4 * activations,
      batch,
      training: 4 * (values + 2 * model.parameterCount + 2 * batch * activations),
    },
  };
}

/** The shape interpretation, noting every layer on its way. */
function recording(layers: LayerSummary[]): Net<Shape> {
  const { net } = shapeNet(torchDefault);
  const note = (kind: LayerSummary['kind'], output: Shape, name = '', parameters = 0, macs = 0): Shape => {
    layers.push({ kind, name, output, parameters, macs });
    return output;
  };
  const conv = (x: Shape, name: string, options: ConvOptions): Shape => {
    const output = net.conv(x, name, options);
    const { filters, kernel, groups = 1, bias } = options;
    const weights = kernel * kernel * (x[2]! / groups) * filters;
    return note('conv', output, name, weights + (bias ? filters : 0), weights * output[0]! * output[1]!);
  };
  const norm = (x: Shape, name: string): Shape => note('norm', net.norm(x, name), name, 2 * x[x.length - 1]!);
  return {
    conv,
    norm,
    convNorm: (x, convName, normName, options) => norm(conv(x, convName, options), normName),
    linear: (x, name, units) => note('linear', net.linear(x, name, units), name, (x[0]! + 1) * units, x[0]! * units),
    relu: (x) => note('relu', net.relu(x)),
    relu6: (x) => note('relu6', net.relu6(x)),
    add: (a, b) => note('add', net.add(a, b)),
    concat: (xs) => note('concat', net.concat(xs)),
    channels: (x, begin, size) => note('channels', net.channels(x, begin, size)),
    shuffle: (x, groups) => note('shuffle', net.shuffle(x, groups)),
    maxPool: (x, window) => note('maxPool', net.maxPool(x, window)),
    averagePool: (x, window) => note('averagePool', net.averagePool(x, window)),
    adaptiveAveragePool: (x, side) => note('adaptiveAveragePool', net.adaptiveAveragePool(x, side)),
    globalAveragePool: (x) => note('globalAveragePool', net.globalAveragePool(x)),
    flatten: (x) => note('flatten', net.flatten(x)),
    dropout: (x, name, rate) => note('dropout', net.dropout(x, name, rate), name),
    shape: net.shape,
  };
}

/** A summary as a table for a terminal: one line a layer that has tensors (or every layer), then the totals. */
export function formatSummary(summary: ModelSummary, { all = false }: { all?: boolean } = {}): string {
  const { name, inputSize, numClasses, layers, parameters, buffers, macs, bytes } = summary;
  const count = (value: number): string => value.toLocaleString('en-US');
  const head = ['layer', 'kind', 'output', 'parameters', 'MACs'];
  const rows = layers
    .filter((layer) => all || layer.parameters > 0)
    .map((layer) => [layer.name || '-', layer.kind, layer.output.join('x'), count(layer.parameters), count(layer.macs)]);
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
  const line = (row: string[]): string => row.map((cell, i) => (i < 3 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ');
  const mebibytes = (value: number): string => `${(value / 2 ** 20).toFixed(2)} MiB`;
  return [
    `${name}: images ${inputSize}x${inputSize}x3, ${numClasses} classes`,
    line(head),
    ...rows.map(line),
    `${count(parameters)} parameters, ${count(buffers)} buffer values, ${count(macs)} MACs an image`,
    `float32: weights ${mebibytes(bytes.weights)}, activations of all layers ${mebibytes(bytes.activations)} an image`,
    `a training step of ${bytes.batch} images holds at most ${mebibytes(bytes.training)} (weights, gradients, momenta, activations)`,
  ].join('\n');
}
