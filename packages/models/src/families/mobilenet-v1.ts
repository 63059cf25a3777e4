import { defineFamily, type VariantBase } from '../family.js';
import { torchDefault } from '../init.js';
import type { Network } from '../net.js';

/** Output channels and stride of each depthwise-separable block. */
const BLOCKS = [
  [64, 1],
  [128, 2],
  [128, 1],
  [256, 2],
  [256, 1],
  [512, 2],
  [512, 1],
  [512, 1],
  [512, 1],
  [512, 1],
  [512, 1],
  [1024, 2],
  [1024, 1],
] as const;

/** The blocks that are tapped, counted from 1 behind the stem. */
const TAPS = [3, 5, 11, 13];

const network: Network = (net, images, numClasses) => {
  let x = net.relu(net.convNorm(images, 'model.0.0', 'model.0.1', { filters: 32, kernel: 3, stride: 2, padding: 1 }));
  const stages: (typeof x)[] = [];
  const preacts: (typeof x)[] = [];
  BLOCKS.forEach(([filters, stride], i) => {
    const name = `model.${i + 1}`;
    const channels = net.shape(x)[2]!;
    const depthwise = { filters: channels, kernel: 3, stride, padding: 1, groups: channels };
    const mixed = net.relu(net.convNorm(x, `${name}.0`, `${name}.1`, depthwise));
    const preact = net.convNorm(mixed, `${name}.3`, `${name}.4`, { filters, kernel: 1 });
    x = net.relu(preact);
    if (!TAPS.includes(i + 1)) return;
    stages.push(x);
    preacts.push(preact);
  });
  const pooled = net.globalAveragePool(x);
  return { logits: net.linear(pooled, 'fc', numClasses), stages, preacts, pooled, normsBeforeRelu: TAPS.map((tap) => `model.${tap}.4`) };
};

/**
 * MobileNetV1 for ImageNet: the network that mdistiller's ImageNet table calls MobileNetV2, and to which the accuracies printed
 * under that name belong. It has no tap at its stem.
 *
 * Source   Howard et al. 2017, arXiv:1704.04861; names as in mdistiller's imagenet/mobilenetv2.py.
 */
export const mobilenetV1 = defineFamily<VariantBase, 'MobileNetV1'>({
  name: 'mobilenet-v1',
  scheme: torchDefault,
  numClasses: 1000,
  inputSize: 224,
  build: () => network,
  variants: {
    MobileNetV1: { parameters: 4_231_976, slow: true, note: "What mdistiller's ImageNet table calls MobileNetV2; no tap at its stem." },
  },
});
