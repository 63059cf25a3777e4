import { type Tensor, type Tensor1D, type Tensor2D, type Tensor4D, tf, valueAndGradients } from '@tempered/tensors';
import { evaluateLoss, type FeatureShapes, type InitialTensor, type LossContext, type LossDefinition, type LossOptions } from '../loss.js';
import type { LossName } from '../losses/index.js';
import { plain } from './agreement.js';

const BATCH = 4;
const CLASSES = 6;
const SAMPLES = 12;
const LABELS = Int32Array.of(0, 3, 5, 1);
const INDICES = Int32Array.of(2, 7, 0, 11);

const stages = (widths: number[]): [number, number, number, number][] =>
  widths.map((width, i) => [BATCH, Math.max(8 >> Math.max(i - 1, 0), 2), Math.max(8 >> Math.max(i - 1, 0), 2), width]);

const side = (widths: number[]) => ({
  logits: [BATCH, CLASSES] as const,
  stages: stages(widths),
  preacts: stages(widths),
  pooled: [BATCH, widths.at(-1)!] as const,
});

const SHAPES: FeatureShapes = {
  student: side([2, 3, 4, 5]),
  teacher: side([3, 3, 5, 7]),
  samples: SAMPLES,
  teacherNorms: [3, 5, 7].map((width, i) => ({
    gamma: Float32Array.from(plain(900 + i, [width], 0.5, 0.6).values),
    beta: Float32Array.from(plain(910 + i, [width], 0.5).values),
  })),
};

/** Settings under which a loss fits these small networks. */
const FITTED: Partial<Record<LossName, object>> = {
  crd: { dimension: 4, negatives: 5 },
  locality: { studentStages: [1, 2], teacherStages: [1, 2] },
};

const optionsOf = (name: LossName, definition: LossDefinition): LossOptions => ({ ...definition.defaults, ...FITTED[name] });

/** Everything that the step of a loss is fed with: float inputs, of which the student's and the trainables are differentiated. */
interface Fed {
  features: Record<string, InitialTensor>;
  trainables: Record<string, InitialTensor>;
  buffers: Record<string, InitialTensor>;
  host: Record<string, { shape: number[]; values: Int32Array | Float32Array }>;
}

export function fed(name: LossName, definition: LossDefinition, seed = 5): Fed {
  const options = optionsOf(name, definition);
  const features: Record<string, InitialTensor> = {};
  const add = (key: string, shape: readonly number[], stream: number, amp = 1, offset = 0): void => {
    features[key] = { shape: [...shape], values: Float32Array.from(plain(stream, [...shape], amp, offset).values) };
  };
  (['student', 'teacher'] as const).forEach((who, w) => {
    const shapes = SHAPES[who];
    add(`${who}.logits`, shapes.logits, 100 + w, 4);
    add(`${who}.strong`, shapes.logits, 110 + w, 4);
    add(`${who}.pooled`, shapes.pooled!, 120 + w, 1, 0.5);
    for (const kind of ['stages', 'preacts'] as const) {
      for (const [i, shape] of shapes[kind]!.entries())
        add(`${who}.${kind}.${i}`, shape, 200 + 100 * w + i, 1, kind === 'stages' ? 0.5 : 0);
    }
  });
  add('classifier.weight', [7, CLASSES], 400);
  add('classifier.bias', [CLASSES], 401);
  const step = { indices: INDICES, labels: Int32Array.from({ length: SAMPLES }, (_, i) => i % 3), seed, step: 0 };
  const declared = definition.hostInputs?.(SHAPES, options) ?? {};
  const values = definition.hostValues?.(step, SHAPES, options) ?? {};
  return {
    features,
    trainables: definition.trainables?.(SHAPES, options, seed) ?? {},
    buffers: definition.buffers?.(SHAPES, options, seed) ?? {},
    host: Object.fromEntries(Object.entries(declared).map(([key, { shape }]) => [key, { shape, values: values[key]! }])),
  };
}

type Tensors = Record<string, Tensor>;

/** The context that a trainer would build, out of flat tensors named `part/name`. */
function contextFrom(x: Tensors, extra: Partial<LossContext>): LossContext {
  const part = (prefix: string): Tensors =>
    Object.fromEntries(Object.entries(x).flatMap(([key, tensor]) => (key.startsWith(prefix) ? [[key.slice(prefix.length), tensor]] : [])));
  const features = part('features/');
  const maps = (who: string, kind: string): Tensor4D[] => [0, 1, 2, 3].map((i) => features[`${who}.${kind}.${i}`] as Tensor4D);
  const network = (who: 'student' | 'teacher') => ({
    logits: features[`${who}.logits`] as Tensor2D,
    strong: features[`${who}.strong`] as Tensor2D,
    pooled: features[`${who}.pooled`] as Tensor2D,
    stages: maps(who, 'stages'),
    preacts: maps(who, 'preacts'),
  });
  const classifier = { weight: features['classifier.weight'] as Tensor2D, bias: features['classifier.bias'] as Tensor1D };
  return {
    student: network('student'),
    teacher: { ...network('teacher'), classifier },
    labels: x['int/labels'] as Tensor1D,
    indices: x['int/indices'] as Tensor1D,
    temperature: 3,
    standardize: false,
    trainables: part('trainables/'),
    buffers: part('buffers/'),
    host: part('host/'),
    ...extra,
  };
}

/** Everything that a step is fed with, named `part/name`. */
export type FlatInputs = Record<string, { shape: number[]; values: Float32Array | Int32Array }>;

export function flat({ features, trainables, buffers, host }: Fed): FlatInputs {
  const all = Object.entries({ features, trainables, buffers, host }).flatMap(([part, record]) =>
    Object.entries(record).map(([name, value]) => [`${part}/${name}`, value]),
  );
  const int = { 'int/labels': { shape: [BATCH], values: LABELS }, 'int/indices': { shape: [BATCH], values: INDICES } };
  return { ...Object.fromEntries(all), ...int };
}

const differentiable = (key: string): boolean => key.startsWith('features/student') || key.startsWith('trainables/');

/** Value, gradients and changed buffers of one step, as tensors named by kind. */
export function step(name: LossName, definition: LossDefinition, x: Tensors, extra: Partial<LossContext> = {}): Tensors {
  const wrt = Object.fromEntries(Object.entries(x).filter(([key]) => differentiable(key)));
  const { value, gradients, aux } = valueAndGradients((variables) => {
    const { loss, buffers } = evaluateLoss(definition, contextFrom({ ...x, ...variables }, extra), optionsOf(name, definition));
    return { value: loss, aux: buffers };
  }, wrt);
  const named = (prefix: string, tensors: Tensors): Tensors =>
    Object.fromEntries(Object.entries(tensors).map(([key, tensor]) => [`${prefix}/${key}`, tensor]));
  return { value, ...named('gradient', gradients), ...named('buffer', aux) };
}

export function eagerly(
  name: LossName,
  definition: LossDefinition,
  extra?: Partial<LossContext>,
  change: (inputs: FlatInputs) => FlatInputs = (inputs) => inputs,
): Record<string, number[]> {
  const scope = tf.engine();
  scope.startScope();
  try {
    const x: Tensors = {};
    for (const [key, { shape, values }] of Object.entries(change(flat(fed(name, definition))))) {
      x[key] = tf.tensor(values, shape, values instanceof Int32Array ? 'int32' : 'float32');
    }
    return Object.fromEntries(
      Object.entries(step(name, definition, x, extra)).map(([key, tensor]) => [key, Array.from(tensor.dataSync())]),
    );
  } finally {
    scope.endScope();
  }
}
