import { defineFamily, type VariantBase } from '../family.js';
import { torchDefault } from '../init.js';
import type { Net, Network } from '../net.js';

interface Variant extends VariantBase {
  /** Channels of the three stages and of the last convolution. */
  widths: readonly [number, number, number, number];
  /** Blocks of each stage, its halving one included. */
  depths: readonly [number, number, number];
}

/** Names of the convolutions and batch normalisations of a block, in the order of the state dict. */
type Pair = [conv: string, norm: string];

/** The half of a block that computes: 1x1, depthwise 3x3, 1x1; gives its output before the last rectification. */
function branch<V>(net: Net<V>, x: V, [first, depthwise, last]: readonly [Pair, Pair, Pair], filters: number, stride: number): V {
  const narrow = net.relu(net.convNorm(x, ...first, { filters, kernel: 1 }));
  const mixed = net.convNorm(narrow, ...depthwise, { filters, kernel: 3, stride, padding: 1, groups: filters });
  return net.convNorm(mixed, ...last, { filters, kernel: 1 });
}

/** The other half of a halving block: depthwise 3x3 in steps of 2, 1x1; before the last rectification. */
function halvingShortcut<V>(net: Net<V>, x: V, [depthwise, last]: readonly [Pair, Pair], filters: number): V {
  const channels = net.shape(x)[2]!;
  const mixed = net.convNorm(x, ...depthwise, { filters: channels, kernel: 3, stride: 2, padding: 1, groups: channels });
  return net.convNorm(mixed, ...last, { filters, kernel: 1 });
}

/** A block's output, and the same before its last rectification and before the channels are shuffled. */
interface Block<V> {
  out: V;
  preact: V;
}

function halving<V>(net: Net<V>, x: V, shortcut: readonly [Pair, Pair], main: readonly [Pair, Pair, Pair], width: number): Block<V> {
  const a = halvingShortcut(net, x, shortcut, width / 2);
  const b = branch(net, x, main, width / 2, 2);
  return { out: net.shuffle(net.concat([net.relu(a), net.relu(b)]), 2), preact: net.concat([a, b]) };
}

function keeping<V>(net: Net<V>, x: V, main: readonly [Pair, Pair, Pair]): Block<V> {
  const half = net.shape(x)[2]! / 2;
  const kept = net.channels(x, 0, half);
  const computed = branch(net, net.channels(x, half, half), main, half, 1);
  return { out: net.shuffle(net.concat([kept, net.relu(computed)]), 2), preact: net.concat([kept, computed]) };
}

const note = 'For 32-pixel images: begins with a 1x1 convolution at full resolution.';

function buildCifar({ widths, depths }: Variant): Network {
  return (net, images, numClasses) => {
    let x = net.relu(net.convNorm(images, 'conv1', 'bn1', { filters: 24, kernel: 1 }));
    const stages = [x];
    const preacts = [x];
    depths.forEach((depth, stage) => {
      let preact = x;
      for (let i = 0; i < depth; i++) {
        const pair = (n: number): Pair => [`layer${stage + 1}.${i}.conv${n}`, `layer${stage + 1}.${i}.bn${n}`];
        ({ out: x, preact } =
          i === 0
            ? halving(net, x, [pair(1), pair(2)], [pair(3), pair(4), pair(5)], widths[stage]!)
            : keeping(net, x, [pair(1), pair(2), pair(3)]));
      }
      stages.push(x);
      preacts.push(preact);
    });
    const pooled = net.globalAveragePool(net.relu(net.convNorm(x, 'conv2', 'bn2', { filters: widths[3], kernel: 1 })));
    return { logits: net.linear(pooled, 'linear', numClasses), stages, preacts, pooled, normsBeforeRelu: [] };
  };
}

/**
 * ShuffleNetV2 for 32-pixel images, its stem a 1x1 convolution at full resolution. The stage taps have their channels shuffled,
 * the pre-activation taps do not.
 *
 * Source   Ma et al. 2018, arXiv:1807.11164; stem, widths and names as in CTKD's models/ShuffleNetv2.py.
 */
export const shufflenetV2 = defineFamily<Variant, 'ShuffleV2'>({
  name: 'shufflenet-v2',
  scheme: torchDefault,
  numClasses: 100,
  inputSize: 32,
  build: buildCifar,
  variants: { ShuffleV2: { widths: [116, 232, 464, 1024], depths: [4, 8, 4], parameters: 1_355_528, note } },
});

function buildImagenet({ widths, depths }: Variant): Network {
  return (net, images, numClasses) => {
    const stem = net.relu(net.convNorm(images, 'conv1.0', 'conv1.1', { filters: 24, kernel: 3, stride: 2, padding: 1 }));
    let x = net.maxPool(stem, { kernel: 3, stride: 2, padding: 1 });
    const stages = [x];
    const preacts = [x];
    depths.forEach((depth, stage) => {
      let preact = x;
      for (let i = 0; i < depth; i++) {
        const name = `stage${stage + 2}.${i}`;
        const pair = (part: number, conv: number): Pair => [`${name}.branch${part}.${conv}`, `${name}.branch${part}.${conv + 1}`];
        const main = [pair(2, 0), pair(2, 3), pair(2, 5)] as const;
        ({ out: x, preact } = i === 0 ? halving(net, x, [pair(1, 0), pair(1, 2)], main, widths[stage]!) : keeping(net, x, main));
      }
      stages.push(x);
      preacts.push(preact);
    });
    const pooled = net.globalAveragePool(net.relu(net.convNorm(x, 'conv5.0', 'conv5.1', { filters: widths[3], kernel: 1 })));
    return { logits: net.linear(pooled, 'fc', numClasses), stages, preacts, pooled, normsBeforeRelu: [] };
  };
}

/**
 * ShuffleNetV2 for ImageNet in three widths; taps as in the CIFAR network, the first behind the pooling.
 *
 * Source   Ma et al. 2018, arXiv:1807.11164; names as in CTKD's models/ShuffleNetv2_Imagenet.py (torchvision's).
 */
export const shufflenetV2Imagenet = defineFamily({
  name: 'shufflenet-v2-imagenet',
  scheme: torchDefault,
  numClasses: 1000,
  inputSize: 224,
  build: buildImagenet,
  variants: {
    ShuffleV2_Imagenet: { widths: [116, 232, 464, 1024], depths: [4, 8, 4], parameters: 2_278_604, slow: true },
    shufflenet_v2_x0_5: { widths: [48, 96, 192, 1024], depths: [4, 8, 4], parameters: 1_366_792, slow: true },
    shufflenet_v2_x2_0: { widths: [244, 488, 976, 2048], depths: [4, 8, 4], parameters: 7_393_996, slow: true },
  },
});
