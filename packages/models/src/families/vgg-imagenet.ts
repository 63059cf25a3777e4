import { defineFamily, type VariantBase } from '../family.js';
import { heThenSmall } from '../init.js';
import type { Network } from '../net.js';

interface Variant extends VariantBase {
  /** Convolutions in each of the five blocks; a pooling follows each block. */
  depths: readonly [number, number, number, number, number];
  /** The first four taps: behind which convolution (counted from 1), and whether behind the pooling that follows it. */
  taps: readonly { conv: number; pooled?: boolean }[];
}

const note = 'Its taps stand at odd places: the original counts them in the layer list without batch normalisation.';
const WIDTHS = [64, 128, 256, 512, 512];

function build({ depths, taps }: Variant): Network {
  return (net, images, numClasses) => {
    let x = images;
    const stages: (typeof images)[] = [];
    const preacts: (typeof images)[] = [];
    let index = 0;
    let conv = 0;
    depths.forEach((depth, i) => {
      for (let layer = 0; layer < depth; layer++, index += 3) {
        const options = { filters: WIDTHS[i]!, kernel: 3, padding: 1, bias: true };
        const preact = net.convNorm(x, `features.${index}`, `features.${index + 1}`, options);
        x = net.relu(preact);
        conv++;
        if (!taps.some((tap) => tap.conv === conv && !tap.pooled)) continue;
        stages.push(x);
        preacts.push(preact);
      }
      x = net.maxPool(x, { kernel: 2, stride: 2 });
      index++;
      if (i < 4 && !taps.some((tap) => tap.conv === conv && tap.pooled)) return;
      stages.push(x);
      preacts.push(x);
    });
    const pooled = net.flatten(net.adaptiveAveragePool(x, 7));
    let hidden = net.dropout(net.relu(net.linear(pooled, 'classifier.0', 4096)), 'classifier.2', 0.5);
    hidden = net.dropout(net.relu(net.linear(hidden, 'classifier.3', 4096)), 'classifier.5', 0.5);
    return { logits: net.linear(hidden, 'classifier.6', numClasses), stages, preacts, pooled, normsBeforeRelu: [] };
  };
}

/**
 * VGG with batch normalisation for ImageNet, three linear layers and two dropouts.
 *
 * The taps stand where CTKD's code takes them: its positions were counted in the layer list without batch normalisation, so with
 * it they fall at odd places, and two of them sit behind a batch normalisation but read as rectified (the next ReLU works in place).
 *
 * Source   Simonyan and Zisserman 2014, arXiv:1409.1556; names as in CTKD's models/vggv2.py.
 */
export const vggImagenet = defineFamily({
  name: 'vgg-imagenet',
  scheme: heThenSmall,
  numClasses: 1000,
  inputSize: 224,
  build,
  variants: {
    vgg11_imagenet: {
      depths: [1, 1, 2, 2, 2],
      taps: [{ conv: 1 }, { conv: 1, pooled: true }, { conv: 2 }, { conv: 3 }],
      parameters: 132_868_840,
      slow: true,
      note,
    },
    vgg13_imagenet: {
      depths: [2, 2, 2, 2, 2],
      taps: [{ conv: 1 }, { conv: 2 }, { conv: 3 }, { conv: 4 }],
      parameters: 133_053_736,
      slow: true,
      note,
    },
  },
});
