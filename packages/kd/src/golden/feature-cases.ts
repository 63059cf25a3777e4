import { type Scalar, type Tensor, type Tensor1D, type Tensor2D, type Tensor3D, tf } from '@tempered/tensors';
import { at } from '../losses/at.js';
import { crossEntropy } from '../losses/ce.js';
import { kdsvdTowards, teacherVectors } from '../losses/kdsvd.js';
import { correlationGap, mlkdParts } from '../losses/mlkd.js';
import { nst } from '../losses/nst.js';
import { pkt } from '../losses/pkt.js';
import { rkd } from '../losses/rkd.js';
import { sp } from '../losses/sp.js';
import { hardLogits, type IntermediateKind, intermediate, softLogits } from '../losses/vit.js';
import { soften } from '../soften.js';
import type { LossFixture } from './fixture.js';
import { map, maps } from './layout.js';
import type { Adapted } from './trial.js';

type Inputs = Record<string, Tensor>;

const stagesOf = (x: Inputs, side: 's' | 't') => (x[side] ? [map(x[side])] : maps(x, side));

/** Losses without extra layers: by the beginning of the case's `ref`. */
export function featureCase(name: string, fixture: LossFixture): Adapted | undefined {
  const { ref, params = {} } = fixture;
  const vector = (x: Inputs): [Tensor2D, Tensor2D] => [x.s as Tensor2D, x.t as Tensor2D];
  if (/^(CTKD PKT|mdistiller PKT)/.test(ref)) return (x) => ({ loss: pkt(...vector(x)) });
  if (/^(CTKD Similarity|mdistiller SP)/.test(ref)) return (x) => ({ loss: sp(x.s!, x.t!) });
  if (ref.startsWith('mdistiller AT')) return (x) => ({ loss: at(stagesOf(x, 's'), stagesOf(x, 't'), { p: params.p as number }) });
  if (ref.startsWith('mdistiller NST')) return (x) => ({ loss: nst(stagesOf(x, 's'), stagesOf(x, 't')) });
  if (ref.startsWith('mdistiller RKD')) {
    const { distanceWeight, angleWeight, eps: epsilon, squared } = params as Record<string, number> & { squared: boolean };
    return (x) => ({ loss: rkd(...vector(x), { distanceWeight, angleWeight, epsilon, squared } as Parameters<typeof rkd>[2]) });
  }
  if (ref.startsWith('mdistiller KDSVD')) return kdsvdCase(fixture);
  if (ref.startsWith('tiny-transformers inter')) {
    const kind = name.split('/').at(-1) as IntermediateKind;
    return (x) => ({ loss: intermediate(map(x.s), map(x.t), kind) });
  }
  if (ref.endsWith('loss(hard)')) return (x) => ({ loss: hardLogits(...vector(x)) });
  if (ref.endsWith('loss(soft)')) {
    const { T: temperature, standardize, extraWeight } = params as unknown as { T: number; standardize: boolean; extraWeight: number };
    return (x) => ({ loss: softLogits(...vector(x), { temperature, standardize, extraWeight }) });
  }
  if (ref.startsWith('mdistiller MLKD')) return mlkdCase(ref, params as Record<string, number>);
  return undefined;
}

function mlkdCase(ref: string, params: Record<string, number>): Adapted {
  const part = /\.(cc|bc)_loss/.exec(ref)?.[1];
  if (part) {
    return (x) => {
      const [q, p] = [x.s, x.t].map((z) => tf.softmax(soften(z as Tensor2D, params.T!, false)));
      return { loss: tf.mean(correlationGap(p!, q!, part === 'cc')) };
    };
  }
  const { T, ce, kd, otherT, standardize } = params as unknown as {
    T: number;
    ce: number;
    kd: number;
    otherT: number[];
    standardize: boolean;
  };
  return (x) => {
    const [sw, ss, tw, ts] = [x.sw, x.ss, x.tw, x.ts] as Tensor2D[];
    const labels = x.labels as Tensor1D;
    const options = { temperature: T, otherTemperatures: otherT, standardize, asRun: true };
    const parts = mlkdParts({ weak: sw!, strong: ss! }, { weak: tw!, strong: ts! }, options);
    const terms = {
      loss_ce: tf.mul(tf.add(crossEntropy(sw!, labels), crossEntropy(ss!, labels)), ce),
      loss_kd: tf.mul(parts.instance, kd),
      loss_cc: tf.mul(parts.classes, kd),
      loss_bc: tf.mul(parts.batch, kd),
    };
    const { sampleMask, classMask } = parts;
    return { loss: tf.addN(Object.values(terms)) as Scalar, outputs: { ...terms, sampleMask, classMask } };
  };
}

/** The vectors that the fixture exports decide the signs of ours: each is turned to agree before the loss is taken. */
function kdsvdCase({ out, params }: LossFixture): Adapted {
  const { k } = params as { k: number };
  return (x) => {
    const targets = maps(x, 't').map((teacher, i) => {
      const { vectors, weights } = teacherVectors(teacher, k);
      const { shape, values } = out[`teacherV${i}`] as { shape: [number, number, number]; values: number[] };
      const exported = tf.tensor3d(values, shape);
      const turned: Tensor3D = tf.mul(vectors, tf.sign(tf.sum(tf.mul(vectors, exported), 1, true)));
      return { vectors: turned, weights };
    });
    const outputs = Object.fromEntries(targets.map(({ vectors }, i) => [`teacherV${i}`, vectors]));
    return { loss: kdsvdTowards(maps(x, 's'), targets), outputs };
  };
}
