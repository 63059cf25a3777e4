import { defineFamily, type VariantBase } from '../family.js';
import { heThenTorch } from '../init.js';
import type { Net, Network } from '../net.js';

interface Variant extends VariantBase {
  /** Blocks in each of the four stages. */
  depths: readonly [number, number, number, number];
  /** Two 3x3 convolutions, or 1x1, 3x3, 1x1 with four times the channels at the end. */
  block: 'basic' | 'bottleneck';
  /** Groups of a bottleneck's 3x3 convolution, and its channels in units of a quarter of the block's output. */
  groups?: number;
  inner?: number;
  /** Where the first tap of an ImageNet network is: behind the pooling, as CTKD has it, or in front of it, as mdistiller has it. */
  firstTap?: 'pooled' | 'unpooled';
}

/** Names that differ between the two originals. */
interface Names {
  shortcut: string;
  classifier: string;
}

/** One residual block; gives its sum before the rectification. */
function block<V>(net: Net<V>, x: V, name: string, planes: number, stride: number, variant: Variant, names: Names): V {
  const { block, groups = 1, inner = 1 } = variant;
  const filters = block === 'basic' ? planes : 4 * planes;
  let out = x;
  if (block === 'basic') {
    out = net.relu(net.convNorm(out, `${name}.conv1`, `${name}.bn1`, { filters, kernel: 3, stride, padding: 1 }));
    out = net.convNorm(out, `${name}.conv2`, `${name}.bn2`, { filters, kernel: 3, padding: 1 });
  } else {
    const width = planes * inner;
    out = net.relu(net.convNorm(out, `${name}.conv1`, `${name}.bn1`, { filters: width, kernel: 1 }));
    out = net.relu(net.convNorm(out, `${name}.conv2`, `${name}.bn2`, { filters: width, kernel: 3, stride, padding: 1, groups }));
    out = net.convNorm(out, `${name}.conv3`, `${name}.bn3`, { filters, kernel: 1 });
  }
  const projects = stride !== 1 || net.shape(x)[2] !== filters;
  const shortcut = `${name}.${names.shortcut}`;
  return net.add(out, projects ? net.convNorm(x, `${shortcut}.0`, `${shortcut}.1`, { filters, kernel: 1, stride }) : x);
}

/** The stem: 3x3 for 32-pixel images, else 7x7 in steps of 2 and a pooling. Gives the first tap and what the first stage sees. */
function stem<V>(net: Net<V>, images: V, kind: 'cifar' | 'imagenet', firstTap: Variant['firstTap']): { tap: V; x: V } {
  const large = kind === 'imagenet';
  const options = { filters: 64, kernel: large ? 7 : 3, stride: large ? 2 : 1, padding: large ? 3 : 1 };
  const unpooled = net.relu(net.convNorm(images, 'conv1', 'bn1', options));
  const x = large ? net.maxPool(unpooled, { kernel: 3, stride: 2, padding: 1 }) : unpooled;
  return { tap: firstTap === 'unpooled' ? unpooled : x, x };
}

function build(kind: 'cifar' | 'imagenet', names: Names): (variant: Variant) => Network {
  return (variant) => (net, images, numClasses) => {
    let { tap, x } = stem(net, images, kind, variant.firstTap);
    const stages = [tap];
    const preacts = [tap];
    variant.depths.forEach((depth, i) => {
      let sum = x;
      for (let layer = 0; layer < depth; layer++) {
        sum = block(net, x, `layer${i + 1}.${layer}`, 64 << i, i > 0 && layer === 0 ? 2 : 1, variant, names);
        x = net.relu(sum);
      }
      stages.push(x);
      preacts.push(sum);
    });
    const pooled = net.globalAveragePool(x);
    const lastNorm = variant.block === 'basic' ? 'bn2' : 'bn3';
    const normsBeforeRelu = variant.depths.map((depth, i) => `layer${i + 1}.${depth - 1}.${lastNorm}`);
    return { logits: net.linear(pooled, names.classifier, numClasses), stages, preacts, pooled, normsBeforeRelu };
  };
}

const two = [2, 2, 2, 2] as const;
const deep = [3, 4, 6, 3] as const;
const resnet18 = { depths: two, block: 'basic', parameters: 11_689_512, slow: true } as const;
const unpooled = "mdistiller's taps: the first one in front of the pooling.";
const resnet34 = { depths: deep, block: 'basic', parameters: 21_797_672, slow: true } as const;

/**
 * The residual networks of ImageNet.
 *
 * `ResNet18Double` and `resnet34x4` are ResNet18 and ResNet34: their constructor overwrites the width multiplier that they are
 * given with 1, so this is what ran under those names. `_mdistiller` and `_imagenet` take the first tap in front of the pooling,
 * as mdistiller does. The first tap counts as rectified in both lists.
 *
 * Source   He et al. 2016, arXiv:1512.03385; Xie et al. 2017, arXiv:1611.05431; wrn_50_2: arXiv:1605.07146; names and
 *          initialisation as in CTKD's models/resnetv2.py and mdistiller's imagenet/resnet.py.
 */
export const resnetImagenet = defineFamily({
  name: 'resnet-imagenet',
  scheme: heThenTorch,
  numClasses: 1000,
  inputSize: 224,
  build: build('imagenet', { shortcut: 'downsample', classifier: 'fc' }),
  variants: {
    ResNet18: resnet18,
    ResNet18Double: { ...resnet18, note: 'ResNet18 under another name: the width multiplier that it is given is overwritten with 1.' },
    ResNet18_mdistiller: { ...resnet18, firstTap: 'unpooled', note: unpooled },
    ResNet34: resnet34,
    ResNet34_mdistiller: { ...resnet34, firstTap: 'unpooled', note: unpooled },
    resnet34x4: { ...resnet34, note: 'ResNet34 under another name: the width multiplier that it is given is overwritten with 1.' },
    ResNet50_imagenet: {
      depths: deep,
      block: 'bottleneck',
      firstTap: 'unpooled',
      parameters: 25_557_032,
      slow: true,
      note: "mdistiller's ImageNet ResNet50, its first tap in front of the pooling; ResNet50 alone is the CIFAR one.",
    },
    ResNet101: {
      depths: [3, 4, 23, 3],
      block: 'bottleneck',
      firstTap: 'unpooled',
      parameters: 44_549_160,
      slow: true,
      note: "mdistiller's, its first tap in front of the pooling.",
    },
    resnext50_32x4d: { depths: deep, block: 'bottleneck', groups: 32, inner: 2, parameters: 25_028_904, slow: true },
    wrn_50_2: { depths: deep, block: 'bottleneck', inner: 2, parameters: 68_883_240, slow: true },
  },
});

/**
 * The four-stage residual networks with a 3x3 stem and no pooling, for 32-pixel images: `ResNet50` of CTKD's table, `ResNet18`
 * of mdistiller's.
 *
 * Source   He et al. 2016, arXiv:1512.03385; names as in CTKD's models/resnetv2_org.py and mdistiller's cifar/resnetv2.py.
 */
export const resnetFourStage = defineFamily({
  name: 'resnet-four-stage',
  scheme: heThenTorch,
  numClasses: 100,
  inputSize: 32,
  build: build('cifar', { shortcut: 'shortcut', classifier: 'linear' }),
  variants: {
    ResNet18_cifar: {
      depths: two,
      block: 'basic',
      parameters: 11_220_132,
      slow: true,
      note: "The ResNet18 of mdistiller's CIFAR table, with a 3x3 stem; ResNet18 alone is the ImageNet one.",
    },
    ResNet50: {
      depths: deep,
      block: 'bottleneck',
      parameters: 23_705_252,
      slow: true,
      note: 'The CIFAR one, with a 3x3 stem and no pooling; the ImageNet one is ResNet50_imagenet.',
    },
  },
});
