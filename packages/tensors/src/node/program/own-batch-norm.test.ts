import { afterAll, beforeAll, expect, test } from 'vitest';
import { EagerProgram } from '../../eager-program.js';
import type { FunctionSpec, StateValue } from '../../functions.js';
import { valueAndGradients } from '../../gradients.js';
import { batchNorm } from '../../ops/batch-norm.js';
import { conv2d } from '../../ops/conv2d.js';
import { relu } from '../../ops/relu.js';
import type { StateAccess } from '../../state.js';
import { normalState } from '../../testing/drawn-state.js';
import { type Scalar, type Tensor, type Tensor4D, tf } from '../../tf.js';
import { loadEngine } from '../engine.js';
import { compile } from '../program.js';
import { TensorflowSession } from './session.js';

// As on a processor that multiplies bfloat16, whatever this one does.
process.env.TEMPERED_BF16 = 'tensorflow';

const sessions: Record<string, TensorflowSession> = {};
beforeAll(async () => {
  await loadEngine();
  sessions.one = new TensorflowSession({ intraOpThreads: 1 });
  sessions.two = new TensorflowSession({ intraOpThreads: 2 });
  sessions.bf16 = new TensorflowSession({ precision: 'bf16' });
});
afterAll(() => {
  for (const session of Object.values(sessions)) session.close();
});

const [BATCH, SIDE] = [8, 16];

function stateOf(channels: number): Record<string, StateValue> {
  return {
    gamma: normalState([channels], 1, 1, 0.3),
    beta: normalState([channels], 2),
    mean: normalState([channels], 3),
    variance: { shape: [channels], values: new Float32Array(channels).fill(2) },
    pull: normalState([BATCH, SIDE, SIDE, channels], 4),
  };
}

/** A norm with or without a ReLU behind it: its result, its gradients, its statistics. */
function normed(channels: number, { rectified, tapped = false }: { rectified: boolean; tapped?: boolean }): FunctionSpec {
  return {
    inputs: { x: { shape: [BATCH, SIDE, SIDE, channels] } },
    run: ({ x }: Record<string, Tensor>, access: StateAccess) => {
      const [mean, variance] = [access.read('mean'), access.read('variance')];
      const pull = access.read('pull');
      const { value, gradients, aux } = valueAndGradients(
        ({ images, gamma, beta }) => {
          const norm = batchNorm(images as Tensor4D, { gamma: gamma!, beta: beta!, mean, variance }, { training: true });
          const y = rectified ? relu(norm.y) : norm.y;
          const tap: Record<string, Tensor> = tapped ? { tap: norm.y } : {};
          return { value: tf.sum(tf.mul(y, pull)) as Scalar, aux: { y, mean: norm.mean, variance: norm.variance, ...tap } };
        },
        { images: x!, gamma: access.read('gamma'), beta: access.read('beta') },
      );
      return { value, dx: gradients.images!, dgamma: gradients.gamma!, dbeta: gradients.beta!, ...aux };
    },
  };
}

async function both(channels: number, spec: FunctionSpec, x: Float32Array, session = sessions.two!) {
  const [state, functions] = [stateOf(channels), { f: spec }];
  const program = await compile({ state, functions, session });
  const eager = new EagerProgram({ state, functions });
  const results = { text: program.print('f', BATCH), compiled: await program.run('f', { x }), eager: await eager.run('f', { x }) };
  eager.dispose();
  return results;
}

const images = (channels: number, mean = 0) => normalState([BATCH, SIDE, SIDE, channels], 9, mean, 2).values;

test.each([1, 2, 3, 5, 8, 19, 24, 58, 64, 67])(
  'of %i channels it is the batch norm that runs eagerly, gradients and statistics included',
  async (channels) => {
    for (const rectified of [true, false]) {
      const { text, compiled, eager } = await both(channels, normed(channels, { rectified }), images(channels, 1));
      expect(text).toContain(`TemperedBatchNorm(`);
      expect(text).not.toMatch(/FusedBatchNorm\w*\(/);
      expect(text.includes('Relu')).toBe(false);
      expect(text.match(new RegExp(`relu=${rectified}`, 'g'))).toHaveLength(2);
      for (const name of ['y', 'dx', 'dgamma', 'dbeta', 'mean', 'variance']) {
        expect(compiled[name]!.data, name).toBeNear(eager[name]!.data, { relative: 1e-4, absolute: 2e-4 });
      }
    }
  },
);

test('what lies in front of the ReLU stays where somebody reads it; the gradient takes the ReLU along all the same', async () => {
  const { text, compiled, eager } = await both(5, normed(5, { rectified: true, tapped: true }), images(5));
  expect(text).toMatch(/= TemperedBatchNorm\(.*relu=false/);
  expect(text).toMatch(/= Relu\(/);
  expect(text).toMatch(/= TemperedBatchNormGrad\(.*relu=true/);
  for (const name of ['y', 'tap', 'dx']) expect(compiled[name]!.data, name).toBeNear(eager[name]!.data, { relative: 1e-4, absolute: 2e-4 });
});

test('one thread and two give the same bits', async () => {
  const [one, two] = await Promise.all(
    [sessions.one!, sessions.two!].map(async (session) => (await both(58, normed(58, { rectified: true }), images(58), session)).compiled),
  );
  for (const [name, { data }] of Object.entries(one!)) if (name !== 'value') expect(data, name).toEqual(two![name]!.data);
});

test('a deviation far below the mean is not lost', async () => {
  const values = images(3, 3000);
  const { compiled } = await both(3, normed(3, { rectified: false }), values);
  const { data } = compiled.variance!;
  for (let channel = 0; channel < 3; channel++) {
    const own = values.filter((_, i) => i % 3 === channel);
    const mean = own.reduce((sum, value) => sum + value, 0) / own.length;
    const variance = own.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (own.length - 1);
    expect(data[channel]).toBeNear(0.9 * 2 + 0.1 * variance, { relative: 1e-5 });
  }
});

test('what is no number stays so in its channel, and in no other', async () => {
  const values = images(5);
  values[7] = Number.NaN;
  const { compiled } = await both(5, normed(5, { rectified: true }), values);
  const lost = (name: string): number[] => [...compiled[name]!.data].flatMap((value, i) => (Number.isNaN(value) ? [i % 5] : []));
  expect(new Set(lost('y'))).toEqual(new Set([2]));
  expect(lost('y')).toHaveLength(BATCH * SIDE * SIDE);
  expect(lost('variance')).toEqual([2]);
});

test('in bf16 it takes and gives bfloat16 between convolutions, and keeps statistics and the gradients of gamma and beta in float32', async () => {
  const CHANNELS = 19;
  const functions = {
    f: {
      inputs: { x: { shape: [BATCH, SIDE, SIDE, CHANNELS] } },
      run: ({ x }: Record<string, Tensor>, access: StateAccess) => {
        const [mean, variance] = [access.read('mean'), access.read('variance')];
        const parameters = Object.fromEntries(['kernel', 'gamma', 'beta'].map((name) => [name, access.read(name)]));
        const { gradients, aux } = valueAndGradients(({ kernel, gamma, beta }) => {
          const convolve = (images: Tensor) => conv2d(images as Tensor4D, kernel as Tensor4D, { padding: 1 });
          const norm = batchNorm(convolve(x!), { gamma: gamma!, beta: beta!, mean, variance }, { training: true });
          const value = tf.mean(tf.mul(convolve(relu(norm.y)), access.read('pull'))) as Scalar;
          return { value, aux: { variance: norm.variance } };
        }, parameters);
        return { ...gradients, ...aux };
      },
    },
  };
  const state = { ...stateOf(CHANNELS), kernel: normalState([3, 3, CHANNELS, CHANNELS], 7, 0, 0.1) };
  const program = await compile({ state, functions, session: sessions.bf16! });
  const x = images(CHANNELS);
  const { ops } = await program.profile('f', { x });
  const norms = ops.filter(({ op }) => op.includes('BatchNorm')).map(({ op, dtype }) => `${op} ${dtype}`);
  expect(norms.toSorted()).toEqual(['TemperedBatchNorm bfloat16', 'TemperedBatchNormGrad bfloat16']);
  const got = await program.run('f', { x });
  const eager = new EagerProgram({ state, functions });
  const exact = await eager.run('f', { x });
  for (const [name, { data }] of Object.entries(got)) {
    const largest = Array.from(exact[name]!.data).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    expect(data, name).toBeNear(exact[name]!.data, { absolute: 0.06 * largest });
  }
  const inBfloat16 = (name: string): number => {
    const { buffer, byteOffset, length } = got[name]!.data as Float32Array;
    return new Uint32Array(buffer, byteOffset, length).filter((bits) => (bits & 0xffff) === 0).length / length;
  };
  for (const name of ['variance', 'gamma', 'beta']) expect(inBfloat16(name), name).toBeLessThan(0.2);
  eager.dispose();
});

test('what is no number stays so in bf16 too', async () => {
  const values = images(16);
  values[7] = Number.NaN;
  const functions = {
    f: {
      inputs: { x: { shape: [BATCH, SIDE, SIDE, 16] } },
      run: ({ x }: Record<string, Tensor>, access: StateAccess) => {
        const one = conv2d(x as Tensor4D, access.read('kernel') as Tensor4D, {});
        const norm = batchNorm(
          one,
          { gamma: access.read('gamma'), beta: access.read('beta'), mean: access.read('mean'), variance: access.read('variance') },
          { training: true },
        );
        return { y: conv2d(norm.y, access.read('kernel') as Tensor4D, {}) };
      },
    },
  };
  const unit = { shape: [1, 1, 16, 16], values: Float32Array.from({ length: 256 }, (_, i) => (i % 17 === 0 ? 1 : 0)) };
  const program = await compile({ state: { ...stateOf(16), kernel: unit }, functions, session: sessions.bf16! });
  const { ops } = await program.profile('f', { x: values });
  expect(ops.map(({ op, dtype }) => `${op} ${dtype}`)).toContain('TemperedBatchNorm bfloat16');
  expect([...(await program.run('f', { x: values })).y!.data].some((value) => Number.isFinite(value) && value !== 0)).toBe(false);
});
