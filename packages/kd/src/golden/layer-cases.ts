import { type Scalar, type Tensor, type Tensor1D, type Tensor2D, type Tensor4D, tf } from '@tempered/tensors';
import type { Layers } from '../features/layers.js';
import { crossEntropy } from '../losses/ce.js';
import { crd, embed } from '../losses/crd.js';
import { fitnet } from '../losses/fitnet.js';
import { ofd } from '../losses/ofd.js';
import { hierarchicalContext, reviewKd } from '../losses/review-kd.js';
import { srrl } from '../losses/srrl.js';
import { vid } from '../losses/vid.js';
import type { LossFixture } from './fixture.js';
import { kernel, map, maps } from './layout.js';
import type { Adapted } from './trial.js';

type Inputs = Record<string, Tensor>;

/** The fixture's tensors under a prefix as our layers: kernels in our layout, running statistics apart. */
function layersUnder(x: Inputs, prefix: string): Layers {
  const layers: Layers = { weights: {}, buffers: {}, updated: {} };
  for (const [name, tensor] of Object.entries(x)) {
    if (!name.startsWith(prefix)) continue;
    const into = (name.includes('running_') ? layers.buffers : layers.weights) as Record<string, Tensor>;
    into[name.slice(prefix.length)] = tensor.shape.length === 4 ? kernel(tensor) : tensor;
  }
  return layers;
}

/** The running statistics after the step, by the fixture's names. */
const after = ({ updated }: Layers, prefix: string): Inputs =>
  Object.fromEntries(Object.entries(updated).map(([name, tensor]) => [`after.${prefix}${name}`, tensor]));

/** Losses with extra layers or a memory; `integers` are inputs that the fixture gives among its parameters. */
export function layerCase(fixture: LossFixture): { adapted: Adapted; integers?: Record<string, number[] | number[][]> } | undefined {
  const { ref } = fixture;
  const params = (fixture.params ?? {}) as Record<string, number>;
  if (/VID/.test(ref) && fixture.inputs) {
    return { adapted: (x) => ({ loss: vid(map(x.s), map(x.t), layersUnder(x, '').weights, { epsilon: params.eps! }) }) };
  }
  if (ref.startsWith('CTKD models.util.SRRL')) return { adapted: srrlCase };
  if (ref.includes('ConvReg')) {
    return {
      adapted: (x) => {
        const layers = layersUnder(x, 'reg.');
        return { loss: fitnet(map(x.s), map(x.t), layers), outputs: after(layers, 'reg.') };
      },
    };
  }
  if (ref.startsWith('mdistiller OFD')) return { adapted: (x) => ofdCase(x, fixture) };
  if (ref.startsWith('mdistiller ReviewKD.hcl')) return { adapted: (x) => ({ loss: hierarchicalContext(maps(x, 's'), maps(x, 't')) }) };
  if (ref.startsWith('mdistiller ReviewKD')) return { adapted: (x) => reviewCase(x, params) };
  if (/^(CTKD CRDLoss|mdistiller CRD)/.test(ref)) return crdCase(fixture);
  return undefined;
}

const srrlCase: Adapted = (x) => {
  const layers = layersUnder(x, 'srrl.');
  const classifier = { weight: tf.transpose(x['cls.weight'] as Tensor2D), bias: x['cls.bias'] as Tensor1D };
  const teacher = { pooled: x.t as Tensor2D, logits: x.logits_t as Tensor2D, classifier };
  const { loss, moved, reading } = srrl(x.s as Tensor2D, teacher, layers);
  return { loss, outputs: { trans: moved, pred: reading, ...after(layers, 'srrl.') } };
};

function ofdCase(x: Inputs, fixture: LossFixture): ReturnType<Adapted> {
  const prefix = 'ofd.connectors.';
  const layers = layersUnder(x, prefix);
  const margins = [0, 1].map((i) => tf.tensor1d((fixture.out[`margin${i}`] as { values: number[] }).values));
  return { loss: ofd([map(x.s1), map(x.s2)], [map(x.t1), map(x.t2)], margins, layers), outputs: after(layers, prefix) };
}

function reviewCase(x: Inputs, { weight, epoch, warmup }: Record<string, number>): ReturnType<Adapted> {
  const layers = layersUnder(x, '');
  const pooled = (v: Tensor | undefined): Tensor4D => tf.reshape(v!, [v!.shape[0]!, 1, 1, -1]);
  const loss = reviewKd([...maps(x, 's').slice(1), pooled(x.s_pooled)], [...maps(x, 't').slice(1), pooled(x.t_pooled)], layers);
  const loss_ce = crossEntropy(x.logits_s as Tensor2D, x.labels as Tensor1D);
  return { loss: tf.mul(loss, weight! * Math.min(epoch! / warmup!, 1)) as Scalar, outputs: { loss_ce, ...after(layers, '') } };
}

function crdCase(fixture: LossFixture): { adapted: Adapted; integers: Record<string, number[] | number[][]> } {
  const { nceT, nceM, idx1, contrast1, idx2, contrast2 } = fixture.params as { nceT: number; nceM: number } & Record<
    string,
    number[] & number[][]
  >;
  const options = { temperature: nceT, momentum: nceM };
  const integers: Record<string, number[] | number[][]> = { idx1: idx1!, contrast1: contrast1! };
  if (idx2) Object.assign(integers, { idx2, contrast2 });
  const adapted: Adapted = (x) => {
    const weights = Object.fromEntries(
      Object.entries(x).flatMap(([name, tensor]) =>
        name.startsWith('embed_') ? [[name, tensor.shape.length === 2 ? tf.transpose(tensor as Tensor2D) : tensor]] : [],
      ),
    ) as Inputs;
    const step = (call: 1 | 2, memory: Parameters<typeof crd>[4]): ReturnType<typeof crd> => {
      const [s, t] = [embed(weights, 'embed_s', x[`s${call}`] as Tensor2D), embed(weights, 'embed_t', x[`t${call}`] as Tensor2D)];
      return crd(s, t, x[`contrast${call}`] as Tensor2D, x[`idx${call}`] as Tensor1D, memory, options);
    };
    const start = {
      student: x.memory_v1 as Tensor2D,
      teacher: x.memory_v2 as Tensor2D,
      studentScale: tf.scalar(-1),
      teacherScale: tf.scalar(-1),
    };
    const first = step(1, start);
    const last = idx2 ? step(2, first.memory) : first;
    const call = idx2 ? 2 : 1;
    const outputs: Inputs = {
      loss1: first.loss,
      [`memory_v1_after${call}`]: last.memory.student,
      [`memory_v2_after${call}`]: last.memory.teacher,
    };
    if (!idx2) Object.assign(outputs, { Z1: last.memory.studentScale, Z2: last.memory.teacherScale });
    return { loss: last.loss, outputs };
  };
  return { adapted, integers };
}
