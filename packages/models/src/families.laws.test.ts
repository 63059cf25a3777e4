import { type Scalar, type Tensor, type Tensor4D, tf, valueAndGradients } from '@tempered/tensors';
import { compile, loadEngine, TensorflowSession } from '@tempered/tensors/node';
import { hashedValues } from '@tempered/tensors/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { foldBatchNorm } from './fold.js';
import type { Model } from './model.js';
import { createModel, MODEL_NAMES, MODELS, type ModelName } from './registry.js';
import { loadStateDict, toStateDict } from './state-dict.js';

/** The laws of the zoo, on TensorFlow; on tfjs' plain backend, where TensorFlow is missing, the smallest only. */
const engine = await loadEngine();

/** `nx run models:laws` sets TEMPERED_SLOW: then the large and deep networks join in. */
const names = MODEL_NAMES.filter(
  (name) => process.env.TEMPERED_SLOW || (!MODELS[name].slow && (engine.backend === 'tensorflow' || MODELS[name].parameters < 100_000)),
);

/** One change tips other ReLUs over than the next: how far a network wanders is the farthest of a few. */
const NUDGES = [1 + 1e-6, 1 - 1e-6, 1 + 2e-6];

/** The largest has 129 million weights, and two cores may have other work. */
const LONG_ENOUGH = 300_000;

/** A network, and how many images it is tried on: the laws do not depend on classes and sizes, the time does. */
function subject(name: ModelName): { model: Model; batch: number } {
  const { inputSize, slow } = MODELS[name];
  return { model: createModel(name, { numClasses: 7, inputSize: Math.min(inputSize, 64) }), batch: slow ? 2 : 3 };
}

type Values = Record<string, Float32Array>;

/** A forward pass in training and the gradients of a scalar that every output of the model reaches. */
function step(model: Model, weights: Record<string, Tensor>, images: Tensor4D): Record<string, Tensor> {
  const trainable = model.tensors.filter((spec) => spec.trainable).map(({ name }) => name);
  const { value, gradients, aux } = valueAndGradients(
    (live) => {
      const { logits, features, statistics } = model.forward({ ...weights, ...live }, images, { training: true, dropout: 'off' });
      return { value: tf.mean(tf.square(tf.sub(logits, 1))) as Scalar, aux: { logits, pooled: features.pooled, ...statistics } };
    },
    Object.fromEntries(trainable.map((name) => [name, weights[name]!])),
  );
  return { value, ...aux, ...Object.fromEntries(trainable.map((name) => [`gradient/${name}`, gradients[name]!])) };
}

const tensorsOf = (model: Model, values: Values): Record<string, Tensor> =>
  Object.fromEntries(model.tensors.map(({ name, shape }) => [name, tf.tensor(values[name]!, [...shape])]));

const pixelsOf = ({ inputSize }: Model, batch: number): Float32Array => hashedValues(77, batch * inputSize * inputSize * 3, 2);

const imagesOf = (model: Model, batch: number, brightness = 1): Tensor4D =>
  tf.tensor4d(
    pixelsOf(model, batch).map((value) => value * brightness),
    [batch, model.inputSize, model.inputSize, 3],
  );

function eagerStep(model: Model, batch: number, values: Values, brightness = 1): Values {
  const outputs = tf.tidy(() => step(model, tensorsOf(model, values), imagesOf(model, batch, brightness)));
  // Read outside: tidy looks for tensors in every element of what leaves it, and arrays of millions are too many for that.
  const read = Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, tensor.dataSync() as Float32Array]));
  tf.dispose(outputs);
  return read;
}

async function compiledStep(model: Model, batch: number, values: Values, kernels: Kernels): Promise<Values> {
  const session = new TensorflowSession({ kernels });
  const program = await compile({
    session,
    state: Object.fromEntries(model.tensors.map(({ name, shape }) => [name, { shape, values: values[name]! }])),
    functions: {
      step: {
        inputs: { images: { shape: [null, model.inputSize, model.inputSize, 3] } },
        run: ({ images }, state) =>
          step(model, Object.fromEntries(model.tensors.map(({ name }) => [name, state.read(name)])), images as Tensor4D),
      },
    },
  });
  const outputs = await program.run('step', { images: pixelsOf(model, batch) });
  program.dispose();
  session.close();
  return Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, data as Float32Array]));
}

/** Names of outputs that share a scale: all gradients, all running statistics, and each of the others by itself. */
function groups(outputs: Values): Map<string, string[]> {
  const grouped = new Map<string, string[]>();
  for (const name of Object.keys(outputs)) {
    const group = name.startsWith('gradient/') ? 'gradients' : name.includes('.running_') ? 'statistics' : name;
    grouped.set(group, [...(grouped.get(group) ?? []), name]);
  }
  return grouped;
}

type Kernels = 'own' | 'tensorflow';

/**
 * What a compiled step says otherwise than the eager one, in words; null where they agree, 'chaos' where the smallest change of the
 * images changes so much that nothing can be said.
 */
async function disagreement(model: Model, batch: number, values: Values, eager: Values, kernels: Kernels = 'own'): Promise<string | null> {
  const compiled = await compiledStep(model, batch, values, kernels);
  expect(Object.keys(compiled).sort()).toEqual(Object.keys(eager).sort());
  let nudged: Values[] | undefined;
  for (const [, outputs] of groups(eager)) {
    const scale = Math.max(...outputs.map((output) => largest(eager[output]!)));
    const distances = outputs.map((output) => distance(compiled[output]!, eager[output]!));
    if (Math.max(...distances) <= 1e-4 * scale) continue;
    // What a change of the images by one part in a million does: deep nets with ReLUs tip over, and no two ways of computing agree better.
    nudged ??= NUDGES.map((brightness) => eagerStep(model, batch, values, brightness));
    const allowed = 10 * Math.max(...nudged.flatMap((other) => outputs.map((output) => distance(eager[output]!, other[output]!))));
    if (!(allowed < 0.5 * scale)) return 'chaos';
    const worst = distances.indexOf(Math.max(...distances));
    if (!(distances[worst]! <= allowed)) return `${outputs[worst]}: ${distances[worst]} apart, ${allowed} allowed, of ${scale}`;
  }
  return null;
}

const bytes = ({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array => new Uint8Array(buffer, byteOffset, byteLength);

const distance = (a: Float32Array, b: Float32Array): number => a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);

const largest = (values: Float32Array): number => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

describe.each(names)('%s', { timeout: LONG_ENOUGH }, (name) => {
  const { model, batch } = subject(name);
  let values: Values;
  let eager: Values;
  let leaked: number;
  beforeAll(() => {
    values = model.init(11);
    const before = tf.memory().numTensors;
    eager = eagerStep(model, batch, values);
    leaked = tf.memory().numTensors - before;
  }, LONG_ENOUGH);
  // The largest take gigabytes: what one model computed must not be held while the next one does.
  afterAll(() => {
    values = {};
    eager = {};
  });

  test('has its published number of parameters', () => {
    const { numClasses, inputSize, parameters } = MODELS[name];
    expect(createModel(name).parameterCount).toBe(parameters);
    expect(createModel(name)).toMatchObject({ numClasses, inputSize });
  });

  test('gives outputs of the declared shapes', () => {
    tf.tidy(() => {
      const images = imagesOf(model, batch);
      const { logits, features, statistics } = model.forward(tensorsOf(model, values), images, { training: false });
      expect(logits.shape).toEqual([batch, model.numClasses]);
      expect(features.stages.map(({ shape }) => shape)).toEqual(model.featureShapes.stages.map((shape) => [batch, ...shape]));
      expect(features.preacts.map(({ shape }) => shape)).toEqual(model.featureShapes.preacts.map((shape) => [batch, ...shape]));
      expect(features.pooled.shape).toEqual([batch, model.featureShapes.pooled]);
      expect(statistics).toEqual({});
    });
  });

  test('reaches every parameter with a finite gradient, and moves every running statistic', () => {
    for (const [output, data] of Object.entries(eager)) expect(data.every(Number.isFinite), output).toBe(true);
    // A bias in front of a batch normalisation, and a ReLU's dead channel, have gradient 0; a whole dead tensor would be a missing edge.
    const biased = new Set(model.foldable.filter(({ bias }) => bias).map(({ conv }) => `${conv}.bias`));
    const dead = model.tensors.filter((spec) => spec.trainable && !biased.has(spec.name) && largest(eager[`gradient/${spec.name}`]!) === 0);
    expect(dead.map((spec) => spec.name)).toEqual([]);
    for (const norm of model.norms) {
      expect(eager[`${norm}.running_mean`], norm).not.toEqual(values[`${norm}.running_mean`]);
      expect(eager[`${norm}.running_var`], norm).not.toEqual(values[`${norm}.running_var`]);
    }
  });

  test('leaves no tensor behind', () => {
    expect(leaked).toBe(0);
    expect(() => tf.tidy(() => void foldBatchNorm(model, tensorsOf(model, values)))).toLeakNothing();
  });

  test('computes the same compiled as eagerly', async (context) => {
    if (!engine.addon) return context.skip();
    const first = await disagreement(model, batch, values, eager);
    if (first === null) return;
    // Our own kernels round otherwise than the eager ops; TensorFlow's are the same ones, whatever they are put through.
    if (first === 'chaos') return expect(await disagreement(model, batch, values, eager, 'tensorflow')).toBeNull();
    // A ReLU on the verge tips over by the last digit of its input, whatever computes it: weights drawn anew have others, if any.
    const others = model.init(12);
    expect([first, await disagreement(model, batch, others, eagerStep(model, batch, others))]).toContain(null);
  });

  test('evaluates the same with batch normalisation folded in', () => {
    tf.tidy(() => {
      const weights = tensorsOf(model, {
        ...values,
        ...Object.fromEntries(Object.entries(eager).filter(([output]) => output.includes('running'))),
      });
      const images = imagesOf(model, batch);
      const plain = model.forward(weights, images, { training: false }).logits.dataSync() as Float32Array;
      const folded = model.forward(foldBatchNorm(model, weights), images, { training: false, folded: true }).logits.dataSync();
      expect(folded).toBeNear(plain, { absolute: 2e-5 * largest(plain), relative: 0 });
    });
  });

  test('comes back from its state dict byte for byte', () => {
    const { weights } = loadStateDict(model, toStateDict(model, values));
    expect(Object.keys(weights)).toEqual(Object.keys(values));
    // Not toEqual: it walks millions of values one by one.
    for (const [tensor, data] of Object.entries(values)) expect(Buffer.compare(bytes(weights[tensor]!), bytes(data)), tensor).toBe(0);
  });
});
