import { defineFamily, type VariantBase } from '../family.js';
import { heThenSmall } from '../init.js';
import type { Net, Network } from '../net.js';

/** Channels at full width, blocks and first stride of each stage. */
const STAGES = [
  [16, 1, 1],
  [24, 2, 1],
  [32, 3, 2],
  [64, 4, 2],
  [96, 3, 1],
  [160, 3, 2],
  [320, 1, 1],
] as const;

/** The stages behind which a tap stands. */
const TAPPED = [1, 2, 4, 6];

/** Names of the convolutions and batch normalisations of a block, in order. */
interface BlockNames {
  /** Absent where the block does not widen its input. */
  widen?: [string, string];
  depthwise: [string, string];
  narrow: [string, string];
}

/** One inverted residual: wider by a 1x1, depthwise 3x3, narrower by a 1x1 without rectification. */
function block<V>(net: Net<V>, x: V, names: BlockNames, filters: number, stride: number, widening: number, relu: (x: V) => V): V {
  const channels = net.shape(x)[2]!;
  const hidden = channels * widening;
  const wide = names.widen ? relu(net.convNorm(x, ...names.widen, { filters: hidden, kernel: 1 })) : x;
  const mixed = relu(net.convNorm(wide, ...names.depthwise, { filters: hidden, kernel: 3, stride, padding: 1, groups: hidden }));
  const out = net.convNorm(mixed, ...names.narrow, { filters, kernel: 1 });
  return stride === 1 && channels === filters ? net.add(x, out) : out;
}

const cifar: Network = (net, images, numClasses) => {
  const stem = { filters: 16, kernel: 3, stride: 2, padding: 1 };
  let x = net.relu(net.convNorm(images, 'conv1.0', 'conv1.1', stem));
  const stages = [x];
  STAGES.forEach(([filters, depth, firstStride], stage) => {
    for (let i = 0; i < depth; i++) {
      const name = `blocks.${stage}.${i}.conv`;
      const names: BlockNames = {
        widen: [`${name}.0`, `${name}.1`],
        depthwise: [`${name}.3`, `${name}.4`],
        narrow: [`${name}.6`, `${name}.7`],
      };
      x = block(net, x, names, filters / 2, i === 0 ? firstStride : 1, stage === 0 ? 1 : 6, net.relu);
    }
    if (TAPPED.includes(stage)) stages.push(x);
  });
  const pooled = net.globalAveragePool(net.relu(net.convNorm(x, 'conv2.0', 'conv2.1', { filters: 1280, kernel: 1 })));
  const normsBeforeRelu = TAPPED.map((stage) => `blocks.${stage}.${STAGES[stage]![1] - 1}.conv.7`);
  return { logits: net.linear(pooled, 'classifier.0', numClasses), stages, preacts: stages, pooled, normsBeforeRelu };
};

/**
 * MobileNetV2 at half width for 32-pixel images, its first convolution in steps of 2. Its taps end linear blocks, so the
 * pre-activation taps are the same.
 *
 * Source   Sandler et al. 2018, arXiv:1801.04381; widths, strides and names as in CTKD's models/mobilenetv2.py.
 */
export const mobilenetV2 = defineFamily<VariantBase, 'MobileNetV2'>({
  name: 'mobilenet-v2',
  scheme: heThenSmall,
  numClasses: 100,
  inputSize: 32,
  build: () => cifar,
  variants: { MobileNetV2: { parameters: 812_836, note: 'Half the width of the paper, and a first convolution in steps of 2.' } },
});

const imagenet: Network = (net, images, numClasses) => {
  let x = net.relu6(net.convNorm(images, 'features.0.0', 'features.0.1', { filters: 32, kernel: 3, stride: 2, padding: 1 }));
  const stages = [x];
  let index = 1;
  STAGES.forEach(([filters, depth, firstStride], stage) => {
    for (let i = 0; i < depth; i++, index++) {
      const name = `features.${index}.conv`;
      const wide = stage > 0;
      const names: BlockNames = {
        ...(wide ? { widen: [`${name}.0.0`, `${name}.0.1`] } : {}),
        depthwise: [`${name}.${wide ? 1 : 0}.0`, `${name}.${wide ? 1 : 0}.1`],
        narrow: [`${name}.${wide ? 2 : 1}`, `${name}.${wide ? 3 : 2}`],
      };
      // Unlike the CIFAR network's, the second stage halves the map.
      const stride = stage === 1 ? 2 : firstStride;
      x = block(net, x, names, filters, i === 0 ? stride : 1, wide ? 6 : 1, net.relu6);
    }
    if (TAPPED.includes(stage)) stages.push(x);
  });
  const pooled = net.globalAveragePool(net.relu6(net.convNorm(x, 'features.18.0', 'features.18.1', { filters: 1280, kernel: 1 })));
  const kept = net.dropout(pooled, 'classifier.0', 0.2);
  return { logits: net.linear(kept, 'classifier.1', numClasses), stages, preacts: stages, pooled, normsBeforeRelu: [] };
};

/**
 * MobileNetV2 for ImageNet, with ReLU6 and a dropout in front of the classifier. Its taps end linear blocks, so the
 * pre-activation taps are the same.
 *
 * Source   Sandler et al. 2018, arXiv:1801.04381; names as in CTKD's models/mobilenetv2_imagenet.py (torchvision's).
 */
export const mobilenetV2Imagenet = defineFamily<VariantBase, 'MobileNetV2_Imagenet'>({
  name: 'mobilenet-v2-imagenet',
  scheme: heThenSmall,
  numClasses: 1000,
  inputSize: 224,
  build: () => imagenet,
  variants: { MobileNetV2_Imagenet: { parameters: 3_504_872, slow: true } },
});
