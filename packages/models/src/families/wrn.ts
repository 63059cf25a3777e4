import { defineFamily, type VariantBase } from '../family.js';
import { heThenTorchNoBias } from '../init.js';
import type { Net, Network } from '../net.js';

interface Variant extends VariantBase {
  /** 6 n + 4 layers: three stages of n blocks of two convolutions. */
  depth: number;
  /** How many times the channels of the plain network. */
  width: number;
  /** As mdistiller runs it: its taps call three batch normalisations a second time, so a training step moves them twice. */
  movedTwice?: boolean;
}

/** One pre-activation block; `normed` is its input behind the first batch normalisation. */
function block<V>(net: Net<V>, x: V, normed: V, name: string, filters: number, stride: number): V {
  const active = net.relu(normed);
  const projects = net.shape(x)[2] !== filters;
  const inner = net.convNorm(active, `${name}.conv1`, `${name}.bn2`, { filters, kernel: 3, stride, padding: 1 });
  const out = net.conv(net.relu(inner), `${name}.conv2`, { filters, kernel: 3, padding: 1 });
  return net.add(projects ? net.conv(active, `${name}.convShortcut`, { filters, kernel: 1, stride }) : x, out);
}

function build({ depth, width, movedTwice = false }: Variant): Network {
  const blocks = (depth - 4) / 6;
  return (net, images, numClasses) => {
    let x = net.conv(images, 'conv1', { filters: 16, kernel: 3, padding: 1 });
    const stages = [x];
    const preacts = [x];
    const normsBeforeRelu: string[] = [];
    for (let stage = 1; stage <= 3; stage++) {
      for (let i = 0; i < blocks; i++) {
        const name = `block${stage}.layer.${i}`;
        const normed = net.norm(x, `${name}.bn1`);
        if (stage > 1 && i === 0) {
          preacts.push(normed);
          normsBeforeRelu.push(`${name}.bn1`);
        }
        x = block(net, x, normed, name, (8 << stage) * width, stage > 1 && i === 0 ? 2 : 1);
      }
      stages.push(x);
    }
    const normed = net.norm(x, 'bn1');
    preacts.push(normed);
    normsBeforeRelu.push('bn1');
    const pooled = net.globalAveragePool(net.relu(normed));
    const outputs = { logits: net.linear(pooled, 'fc', numClasses), stages, preacts, pooled, normsBeforeRelu };
    return movedTwice ? { ...outputs, movedTwice: normsBeforeRelu } : outputs;
  };
}

const variants = {
  wrn_16_1: { depth: 16, width: 1, parameters: 180_916 },
  wrn_16_2: { depth: 16, width: 2, parameters: 703_284 },
  wrn_40_1: { depth: 40, width: 1, parameters: 569_780, slow: true },
  wrn_40_2: { depth: 40, width: 2, parameters: 2_255_156, slow: true },
} satisfies Record<string, Variant>;

const note = "mdistiller's: a training step moves the running statistics of three normalisations twice.";
const family = { name: 'wrn', scheme: heThenTorchNoBias, numClasses: 100, inputSize: 32, build };

/**
 * Wide residual networks for 32-pixel images: batch normalisation and rectification in front of each convolution, stage taps
 * that are raw sums, pre-activation taps behind the batch normalisation that reads them next.
 *
 * Source   Zagoruyko and Komodakis 2016, arXiv:1605.07146; names and initialisation as in CTKD's models/wrn.py.
 */
export const wrn = defineFamily({ ...family, variants });

/**
 * The same networks with the running statistics of mdistiller, where one training forward moves the batch normalisations of the
 * pre-activation taps twice. Logits and gradients of a step are equal; evaluation differs until the statistics settle.
 */
export const wrnMdistiller = defineFamily<Variant, `${keyof typeof variants}_mdistiller`>({
  ...family,
  variants: {
    wrn_16_1_mdistiller: { ...variants.wrn_16_1, movedTwice: true, note },
    wrn_16_2_mdistiller: { ...variants.wrn_16_2, movedTwice: true, note },
    wrn_40_1_mdistiller: { ...variants.wrn_40_1, movedTwice: true, note },
    wrn_40_2_mdistiller: { ...variants.wrn_40_2, movedTwice: true, note },
  },
});
