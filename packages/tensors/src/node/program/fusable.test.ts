import { afterAll, beforeAll, expect, test } from 'vitest';
import { EagerProgram } from '../../eager-program.js';
import { conv2d } from '../../ops/conv2d.js';
import { relu } from '../../ops/relu.js';
import { randomUniforms } from '../../random.js';
import type { StateAccess } from '../../state.js';
import { uniformState } from '../../testing/drawn-state.js';
import { type Tensor, type Tensor1D, type Tensor2D, type Tensor4D, tf } from '../../tf.js';
import { loadEngine } from '../engine.js';
import { compile } from '../program.js';
import { TensorflowSession } from './session.js';

let session: TensorflowSession;
beforeAll(async () => {
  await loadEngine();
  session = new TensorflowSession({ intraOpThreads: 1 });
});
afterAll(() => session.close());

test('a bias behind a convolution or a matrix product is a BiasAdd, a ReLU behind a tapped sum with one a Maximum, and the values are those of the eager run', async () => {
  const state = {
    kernel: uniformState([3, 3, 4, 4], 1),
    bias: uniformState([4], 2),
    dense: uniformState([4, 5], 3),
    shift: uniformState([5], 4),
    rows: uniformState([2, 1], 5),
  };
  const network = ({ x }: Record<string, Tensor>, access: StateAccess): { sum: Tensor; logits: Tensor } => {
    const convolved = tf.add(conv2d(x as Tensor4D, access.read('kernel') as Tensor4D, { padding: 1 }), access.read('bias'));
    const sum = tf.add(convolved, x!);
    const logits = tf.add(
      tf.matMul(tf.mean(relu(sum), [1, 2]) as Tensor2D, access.read('dense') as Tensor2D),
      access.read('shift') as Tensor1D,
    );
    return { sum, logits: tf.mul(logits, access.read('rows')) };
  };
  const inputs = { x: { shape: [null, 6, 6, 4] } };
  const functions = {
    f: { inputs, run: (given: Record<string, Tensor>, access: StateAccess) => ({ logits: network(given, access).logits }) },
    tapped: { inputs, run: (given: Record<string, Tensor>, access: StateAccess) => ({ ...network(given, access) }) },
  };
  const program = await compile({ state, functions, session, scope: 'fusable' });
  const text = program.print('f', 2);
  expect(text).toMatch(/= BiasAdd\(Conv2D_\d+:0, read\/bias:0\)/);
  expect(text).toMatch(/= BiasAdd\(BatchMatMulV2_\d+:0, read\/shift:0\)/);
  expect(text).toMatch(/= MatMul\(Mean_\d+:0, read\/dense:0\) \{transpose_a=false transpose_b=false\}/);
  expect(text.match(/ = AddV2\(/g)).toHaveLength(1);
  expect(text.match(/ = (Relu|Maximum)\(/g)).toEqual([' = Relu(']);
  const tapped = program.print('tapped', 2);
  expect(tapped).toMatch(/= Maximum\(\w+:0, relu_zero:0\)/);
  expect(tapped).not.toMatch(/ = Relu\(/);
  const images = { x: randomUniforms(2 * 6 * 6 * 4, -1, 1, 9) };
  const eager = new EagerProgram({ state, functions });
  expect((await program.run('f', images)).logits!.data).toBeNear((await eager.run('f', images)).logits!.data);
  eager.dispose();
});

/** Channels that none of our own convolutions takes, so that TensorFlow's fusions are what runs. */
const CHANNELS = 12;

test.each([false, true])('a ReLU behind a sum keeps what is no number (tapped: %s)', async (tapped) => {
  const shape = [1, 5, 5, CHANNELS];
  const state = { kernel: uniformState([3, 3, CHANNELS, CHANNELS], 1), bias: uniformState([CHANNELS], 2) };
  const run = ({ x }: Record<string, Tensor>, access: StateAccess): Record<string, Tensor> => {
    const convolve = (t: Tensor): Tensor =>
      tf.add(conv2d(t as Tensor4D, access.read('kernel') as Tensor4D, { padding: 1 }), access.read('bias'));
    const first = relu(convolve(x!));
    const sum = tf.add(convolve(first), first);
    return { y: relu(sum), ...(tapped ? { sum } : {}) };
  };
  const program = await compile({ state, functions: { f: { inputs: { x: { shape } }, run } }, session, scope: `numbers${tapped}` });
  const x = new Float32Array(25 * CHANNELS).fill(Number.NaN);
  const { ops } = await program.profile('f', { x });
  expect(ops.map(({ op }) => op).filter((op) => /Add|Maximum/.test(op))).toEqual([
    '_MklNativeFusedConv2D(BiasAdd, Relu)',
    ...(tapped ? ['_MklNativeFusedConv2D(BiasAdd, Add)', 'Maximum'] : ['_MklNativeFusedConv2D(BiasAdd, Add, Relu)']),
  ]);
  const { data } = (await program.run('f', { x })).y!;
  expect([...data].every(Number.isNaN)).toBe(true);
});
