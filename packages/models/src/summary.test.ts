import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createModel, isModelName, type ModelName } from './registry.js';
import { formatSummary, summarize } from './summary.js';

/** The zoo's figures as PyTorch counts them, kept beside the harness. */
const rows = readFileSync(new URL('../../repro/paper/models.csv', import.meta.url), 'utf8')
  .trim()
  .split(/\r?\n/);
const columns = rows[0]!.split(',');
const published = rows.slice(1).map((row) => Object.fromEntries(row.split(',').map((cell, i) => [columns[i]!, cell])));

const names: Record<string, ModelName> = {
  'mdistiller-cifar/ResNet18': 'ResNet18_cifar',
  'mdistiller-imagenet/ResNet18': 'ResNet18_mdistiller',
  'mdistiller-imagenet/ResNet34': 'ResNet34_mdistiller',
  'mdistiller-imagenet/ResNet50': 'ResNet50_imagenet',
  'mdistiller-imagenet/MobileNetV2': 'MobileNetV1',
};

const channelsFirst = (shape: readonly number[]): string => [shape.at(-1), ...shape.slice(0, -1)].join('x');

test.each(published)('$zoo/$model has the published parameters, buffers, MACs, layers and taps', (row) => {
  const name = names[`${row.zoo}/${row.model}`] ?? row.model!;
  if (!isModelName(name)) throw new Error(`the zoo has no ${name}`);
  const model = createModel(name, { numClasses: Number(row.num_classes), inputSize: Number(row.input!.split('x')[1]) });
  const summary = summarize(model);
  const layers = (kind: string): number => summary.layers.filter((layer) => layer.kind === kind).length;
  expect({
    params: summary.parameters,
    buffers: summary.buffers,
    macs: summary.macs,
    conv: layers('conv'),
    norm: layers('norm'),
    linear: layers('linear'),
    keys: model.tensors.length + model.norms.length,
    taps: [...model.featureShapes.stages.map(channelsFirst), model.featureShapes.pooled].join(';'),
  }).toEqual({
    params: Number(row.params),
    buffers: Number(row.buffers),
    macs: Number(row.macs),
    conv: Number(row.conv_layers),
    norm: Number(row.bn_layers),
    linear: Number(row.linear_layers),
    keys: Number(row.state_dict_keys),
    taps: row.feat_shapes,
  });
  expect(summary.layers.reduce((sum, { parameters }) => sum + parameters, 0)).toBe(model.parameterCount);
});

test('the table names every layer with tensors and ends with the totals', () => {
  const lines = formatSummary(summarize(createModel('resnet8'))).split('\n');
  expect(lines[0]).toBe('resnet8: images 32x32x3, 100 classes');
  expect(lines.filter((line) => line.includes(' conv '))).toHaveLength(9);
  expect(lines.find((line) => line.startsWith('layer2.0.conv1'))).toMatch(/16x16x32\s+4,608\s+1,179,648$/);
  expect(lines.at(-3)).toBe('83,892 parameters, 681 buffer values, 12,507,392 MACs an image');
  expect(lines.at(-2)).toMatch(/weights 0\.32 MiB, activations of all layers \d+\.\d\d MiB an image/);
  expect(lines.at(-1)).toMatch(/step of 64 images holds at most \d+\.\d\d MiB/);
  const all = formatSummary(summarize(createModel('resnet8')), { all: true }).split('\n');
  expect(all.filter((line) => line.startsWith('-'))).toHaveLength(7 + 3 + 1);
});

test('a layer is counted by hand: memory too', () => {
  const { layers, bytes } = summarize(createModel('resnet8', { numClasses: 10 }), 2);
  const [conv, norm, relu] = layers;
  expect(conv).toMatchObject({ kind: 'conv', name: 'conv1', output: [32, 32, 16], parameters: 27 * 16, macs: 27 * 16 * 1024 });
  expect(norm).toMatchObject({ kind: 'norm', parameters: 32, macs: 0 });
  expect(relu).toMatchObject({ kind: 'relu', name: '', output: [32, 32, 16] });
  expect(layers.at(-1)).toMatchObject({ kind: 'linear', output: [10], parameters: 650, macs: 640 });
  // Nine convolutions with their normalisations, seven rectifications and three sums, the mean and the logits.
  const maps = 16 * 1024 * (3 + 3 + 3 + 1) + (32 * 256 + 64 * 64) * (3 + 3 + 2 + 1);
  expect(bytes.activations).toBe(4 * (maps + 64 + 10));
  const [parameters, statistics] = [83_892 - 90 * 65, 2 * (3 * 16 + 3 * 32 + 3 * 64)];
  expect(bytes.weights).toBe(4 * (parameters + statistics));
  expect(bytes.training).toBe(4 * (3 * parameters + statistics) + 2 * 2 * bytes.activations);
});
