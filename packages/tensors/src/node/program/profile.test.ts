import { afterAll, beforeAll, expect, test } from 'vitest';
import { valueAndGradients } from '../../gradients.js';
import { conv2d } from '../../ops/conv2d.js';
import { relu } from '../../ops/relu.js';
import { sgd, velocityOf } from '../../optim/sgd.js';
import { randomUniforms } from '../../random.js';
import type { StateAccess } from '../../state.js';
import { uniformState } from '../../testing/drawn-state.js';
import { type Scalar, type Tensor, type Tensor4D, tf } from '../../tf.js';
import { loadEngine } from '../engine.js';
import { compile } from '../program.js';
import { readProfile, timesByOp } from './profile.js';
import { TensorflowSession } from './session.js';

let session: TensorflowSession;
beforeAll(async () => {
  const { oneDnn } = await loadEngine();
  expect(oneDnn).toBe(true);
  session = new TensorflowSession({ intraOpThreads: 1 });
});
afterAll(() => session.close());

const drawn = (shape: number[], seed: number) => uniformState(shape, seed, 0.3);
/** Channels that none of our own convolutions takes. */
const images = randomUniforms(4 * 8 * 8 * 12, -1, 1, 7);
const inputs = { x: { shape: [null, 8, 8, 12] } };
const state = { kernel: drawn([3, 3, 12, 12], 1), [velocityOf('kernel')]: drawn([3, 3, 12, 12], 2), bias: drawn([12], 3) };
const convolve = (x: Tensor, access: StateAccess): Tensor => conv2d(x as Tensor4D, access.read('kernel') as Tensor4D, { padding: 1 });

test('TensorFlow draws bias, sum and ReLU into a convolution, but no ReLU behind a sum that is read elsewhere: such a tap changes no bit of the result', async () => {
  const block = ({ x }: Record<string, Tensor>, access: StateAccess): { sum: Tensor; y: Tensor } => {
    const layer = (t: Tensor): Tensor => tf.add(convolve(t, access), access.read('bias'));
    const first = relu(layer(x!));
    const sum = tf.add(layer(relu(layer(first))), first);
    return { sum, y: tf.mean(relu(sum), [1, 2]) };
  };
  const functions = {
    plain: { inputs, run: (given: Record<string, Tensor>, access: StateAccess) => ({ y: block(given, access).y }) },
    tapped: { inputs, run: (given: Record<string, Tensor>, access: StateAccess) => ({ ...block(given, access) }) },
  };
  const program = await compile({ state, functions, session, scope: 'inference' });
  for (const name of ['plain', 'tapped'] as const) {
    const { ops } = await program.profile(name, { x: images });
    const convolutions = ops.filter(({ op }) => op.includes('Conv2D')).map(({ op, dtype }) => [op.replace('_MklNative', ''), dtype]);
    expect(convolutions, name).toEqual([
      ['FusedConv2D(BiasAdd, Relu)', 'float32'],
      ['FusedConv2D(BiasAdd, Relu)', 'float32'],
      [name === 'plain' ? 'FusedConv2D(BiasAdd, Add, Relu)' : 'FusedConv2D(BiasAdd, Add)', 'float32'],
    ]);
    expect(ops.every(({ ms }) => ms >= 0)).toBe(true);
  }
  expect((await program.run('tapped', { x: images })).y!.data).toEqual((await program.run('plain', { x: images })).y!.data);
});

test('a profiled step is a step: it moves the state, and its times add up by kind of op', async () => {
  const step = ({ x }: Record<string, Tensor>, access: StateAccess): Record<string, Tensor> => {
    const { value, gradients } = valueAndGradients(
      ({ kernel }) => ({ value: tf.mean(tf.square(relu(conv2d(x as Tensor4D, kernel as Tensor4D, { padding: 1 })))) as Scalar }),
      { kernel: access.read('kernel') },
    );
    sgd(access, gradients, { learningRate: tf.scalar(0.1), momentum: 0.9, weightDecay: 0 });
    return { loss: value };
  };
  const program = await compile({ state, functions: { step: { inputs, run: step } }, session, scope: 'training' });
  const before = (await program.readState(['kernel'])).kernel!.data;
  const profile = await program.profile('step', { x: images });
  expect((await program.readState(['kernel'])).kernel!.data).not.toEqual(before);
  const by = timesByOp(profile);
  const total = by.reduce((sum, { ms }) => sum + ms, 0);
  expect(total).toBeCloseTo(
    profile.ops.reduce((sum, { ms }) => sum + ms, 0),
    6,
  );
  expect(by.find(({ op }) => op === 'ResourceApplyMomentum')).toMatchObject({ count: 1, dtype: 'float32' });
  expect(by.find(({ op }) => op.endsWith('Conv2DBackpropFilter'))).toMatchObject({ count: 1 });
});

test('an account that is no RunMetadata is an error', () => {
  expect(() => readProfile(Uint8Array.of(0x0b))).toThrow(RangeError);
});
