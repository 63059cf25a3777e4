import { defineFamily, type VariantBase } from '../family.js';
import { torchDefault } from '../init.js';
import type { Net, Network } from '../net.js';

interface Variant extends VariantBase {
  /** Channels and blocks of the three stages. */
  widths: readonly [number, number, number];
  depths: readonly [number, number, number];
  groups: number;
}

const STEM = 24;
const note = 'For 32-pixel images: begins with a 1x1 convolution at full resolution.';

/** One block; gives its output before the rectification. The first of a stage halves the map and lays its input beside its output. */
function block<V>(net: Net<V>, x: V, name: string, width: number, halves: boolean, groups: number): V {
  const channels = net.shape(x)[2]!;
  const filters = halves ? width - channels : width;
  const middle = Math.floor(filters / 4);
  const firstGroups = channels === STEM ? 1 : groups;
  const narrow = net.relu(net.convNorm(x, `${name}.conv1`, `${name}.bn1`, { filters: middle, kernel: 1, groups: firstGroups }));
  const depthwise = { filters: middle, kernel: 3, stride: halves ? 2 : 1, padding: 1, groups: middle };
  const mixed = net.relu(net.convNorm(net.shuffle(narrow, firstGroups), `${name}.conv2`, `${name}.bn2`, depthwise));
  const out = net.convNorm(mixed, `${name}.conv3`, `${name}.bn3`, { filters, kernel: 1, groups });
  return halves ? net.concat([out, net.averagePool(x, { kernel: 3, stride: 2, padding: 1 })]) : net.add(out, x);
}

function build({ widths, depths, groups }: Variant): Network {
  return (net, images, numClasses) => {
    let x = net.relu(net.convNorm(images, 'conv1', 'bn1', { filters: STEM, kernel: 1 }));
    const stages = [x];
    const preacts = [x];
    depths.forEach((depth, stage) => {
      let preact = x;
      for (let i = 0; i < depth; i++) {
        preact = block(net, x, `layer${stage + 1}.${i}`, widths[stage]!, i === 0, groups);
        x = net.relu(preact);
      }
      stages.push(x);
      preacts.push(preact);
    });
    const pooled = net.globalAveragePool(x);
    return { logits: net.linear(pooled, 'linear', numClasses), stages, preacts, pooled, normsBeforeRelu: [] };
  };
}

/**
 * ShuffleNet for 32-pixel images: grouped 1x1 convolutions with their channels shuffled between, a 1x1 stem at full resolution.
 *
 * Source   Zhang et al. 2018, arXiv:1707.01083; stem, widths and names as in CTKD's models/ShuffleNetv1.py.
 */
export const shufflenetV1 = defineFamily<Variant, 'ShuffleV1'>({
  name: 'shufflenet-v1',
  scheme: torchDefault,
  numClasses: 100,
  inputSize: 32,
  build,
  variants: { ShuffleV1: { widths: [240, 480, 960], depths: [4, 8, 4], groups: 3, parameters: 949_258, note } },
});
