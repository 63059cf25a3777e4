import { afterAll, beforeAll, expect, test } from 'vitest';
import { EagerProgram } from '../../eager-program.js';
import { conv2d } from '../../ops/conv2d.js';
import { relu } from '../../ops/relu.js';
import { randomUniforms } from '../../random.js';
import type { StateAccess } from '../../state.js';
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

const drawn = (shape: number[], seed: number) => ({
  shape,
  values: randomUniforms(
    shape.reduce((a, b) => a * b, 1),
    -1,
    1,
    seed,
  ),
});

test('a bias behind a convolution or a matrix product is a BiasAdd, a ReLU behind a sum with one a Maximum, and the values are those of the eager run', async () => {
  const state = {
    kernel: drawn([3, 3, 4, 4], 1),
    bias: drawn([4], 2),
    dense: drawn([4, 5], 3),
    shift: drawn([5], 4),
    rows: drawn([2, 1], 5),
  };
  const functions = {
    f: {
      inputs: { x: { shape: [null, 6, 6, 4] } },
      run: ({ x }: Record<string, Tensor>, access: StateAccess) => {
        const convolved = tf.add(conv2d(x as Tensor4D, access.read('kernel') as Tensor4D, { padding: 1 }), access.read('bias'));
        const block = relu(tf.add(convolved, x!));
        const logits = tf.add(
          tf.matMul(tf.mean(block, [1, 2]) as Tensor2D, access.read('dense') as Tensor2D),
          access.read('shift') as Tensor1D,
        );
        return { logits: tf.mul(logits, access.read('rows')) };
      },
    },
  };
  const program = await compile({ state, functions, session, scope: 'fusable' });
  const text = program.print('f', 2);
  expect(text).toMatch(/= BiasAdd\(Conv2D_\d+:0, read\/bias:0\)/);
  expect(text).toMatch(/= BiasAdd\(BatchMatMulV2_\d+:0, read\/shift:0\)/);
  expect(text).toMatch(/= MatMul\(Mean_\d+:0, read\/dense:0\) \{transpose_a=false transpose_b=false\}/);
  expect(text.match(/ = AddV2\(/g)).toHaveLength(1);
  expect(text).toMatch(/= Maximum\(\w+:0, relu_zero:0\)/);
  expect(text).not.toMatch(/ = Relu\(/);
  const images = { x: randomUniforms(2 * 6 * 6 * 4, -1, 1, 9) };
  const eager = new EagerProgram({ state, functions });
  expect((await program.run('f', images)).logits!.data).toBeNear((await eager.run('f', images)).logits!.data);
  eager.dispose();
});

test('a ReLU behind a sum keeps what is no number', async () => {
  const shape = [1, 5, 5, 3];
  const state = { kernel: drawn([3, 3, 3, 3], 1), bias: drawn([3], 2) };
  const run = ({ x }: Record<string, Tensor>, access: StateAccess): Record<string, Tensor> => {
    const convolved = tf.add(conv2d(x as Tensor4D, access.read('kernel') as Tensor4D, { padding: 1 }), access.read('bias'));
    return { y: relu(tf.add(convolved, x!)) };
  };
  const program = await compile({ state, functions: { f: { inputs: { x: { shape } }, run } }, session, scope: 'numbers' });
  expect(program.print('f', 1)).toContain('Maximum');
  const { data } = (await program.run('f', { x: new Float32Array(75).fill(Number.NaN) })).y!;
  expect([...data].every(Number.isNaN)).toBe(true);
});
