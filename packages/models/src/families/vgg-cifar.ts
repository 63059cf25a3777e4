import { defineFamily, type VariantBase } from '../family.js';
import { heThenSmall } from '../init.js';
import type { Network } from '../net.js';

interface Variant extends VariantBase {
  /** Convolutions in each of the five blocks. */
  depths: readonly [number, number, number, number, number];
}

const note = 'One linear layer; the pooling in front of the last block is left out unless images have 64 pixels.';
const WIDTHS = [64, 128, 256, 512, 512];

function build({ depths }: Variant): Network {
  return (net, images, numClasses) => {
    const sidePixels = net.shape(images)[0];
    let x = images;
    const stages: (typeof images)[] = [];
    const preacts: (typeof images)[] = [];
    depths.forEach((depth, i) => {
      // The pooling in front of the last block is left out unless images have 64 pixels, so that its maps stay at 4x4.
      if (i > 0 && (i < 4 || sidePixels === 64)) x = net.maxPool(x, { kernel: 2, stride: 2 });
      let preact = x;
      for (let layer = 0; layer < depth; layer++) {
        const options = { filters: WIDTHS[i]!, kernel: 3, padding: 1, bias: true };
        preact = net.convNorm(x, `block${i}.${3 * layer}`, `block${i}.${3 * layer + 1}`, options);
        x = net.relu(preact);
      }
      stages.push(x);
      preacts.push(i === 0 ? x : preact);
    });
    const pooled = net.globalAveragePool(x);
    const normsBeforeRelu = depths.slice(1).map((depth, i) => `block${i + 1}.${3 * depth - 2}`);
    return { logits: net.linear(pooled, 'classifier', numClasses), stages, preacts, pooled, normsBeforeRelu };
  };
}

/**
 * VGG with batch normalisation for 32-pixel images: five blocks of 3x3 convolutions (with biases of their own), one linear layer.
 *
 * Source   Simonyan and Zisserman 2014, arXiv:1409.1556; depths and names as in CTKD's models/vgg.py.
 */
export const vggCifar = defineFamily({
  name: 'vgg-cifar',
  scheme: heThenSmall,
  numClasses: 100,
  inputSize: 32,
  build,
  variants: {
    vgg8: { depths: [1, 1, 1, 1, 1], parameters: 3_965_028, note },
    vgg11: { depths: [1, 1, 2, 2, 2], parameters: 9_277_284, slow: true, note },
    vgg13: { depths: [2, 2, 2, 2, 2], parameters: 9_462_180, slow: true, note },
    vgg16: { depths: [2, 2, 3, 3, 3], parameters: 14_774_436, slow: true, note },
    vgg19: { depths: [2, 2, 4, 4, 4], parameters: 20_086_692, slow: true, note },
  },
});
