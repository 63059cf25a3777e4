import { afterAll, beforeAll, expect, test } from 'vitest';
import { EagerProgram } from '../../eager-program.js';
import type { FunctionSpec } from '../../functions.js';
import { valueAndGradients } from '../../gradients.js';
import { conv2d } from '../../ops/conv2d.js';
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
  sessions.f32 = new TensorflowSession({ intraOpThreads: 2 });
  sessions.bf16 = new TensorflowSession({ precision: 'bf16' });
});
afterAll(() => {
  for (const session of Object.values(sessions)) session.close();
});

interface Layer {
  pictures: [batch: number, height: number, width: number, channels: number];
  kernel: [height: number, width: number, from: number, to: number];
  stride?: number;
  groups?: number;
}

/** A convolution's gradients, each square of its output pulling. */
function convolution({ pictures, kernel, stride = 1, groups = 1 }: Layer) {
  const state = { kernel: normalState(kernel, 1) };
  const f: FunctionSpec = {
    inputs: { x: { shape: pictures } },
    run: ({ x }: Record<string, Tensor>, access: StateAccess) => {
      const { gradients } = valueAndGradients(
        (xs) => {
          const y = conv2d(xs.x as Tensor4D, xs.kernel as Tensor4D, { stride, groups });
          return { value: tf.sum(tf.square(y)) as Scalar };
        },
        { x: x!, kernel: access.read('kernel') },
      );
      return { dx: gradients.x!, dkernel: gradients.kernel! };
    },
  };
  return { state, functions: { f } };
}

async function gradients(layer: Layer) {
  const spec = convolution(layer);
  const program = await compile({ ...spec, session: sessions.f32! });
  const eager = new EagerProgram(spec);
  const x = normalState(layer.pictures, 2).values;
  const [compiled, plain] = [await program.run('f', { x }), await eager.run('f', { x })];
  eager.dispose();
  const largest = Math.max(...[...plain.dkernel!.data].map(Math.abs));
  expect(compiled.dkernel!.shape).toEqual(layer.kernel);
  expect(compiled.dkernel!.data).toBeNear(plain.dkernel!.data, { relative: 1e-5, absolute: 1e-5 * largest });
  return program.print('f', layer.pictures[0]);
}

test("the gradient of a 1x1 convolution's kernel is a product of two matrices", async () => {
  const text = await gradients({ pictures: [4, 5, 3, 7], kernel: [1, 1, 7, 9] });
  expect(text).toMatch(/: float32\[7,9\] = MatMul\(.*transpose_a=true transpose_b=false/);
  expect(text).toContain('float32[60,7] = Reshape(input/x:0');
  expect(text).not.toContain('Conv2DBackpropFilter(');
});

test.each<[string, Layer]>([
  ['a larger kernel', { pictures: [2, 6, 6, 4], kernel: [3, 3, 4, 5] }],
  ['steps of 2', { pictures: [2, 6, 6, 4], kernel: [1, 1, 4, 5], stride: 2 }],
  ['several groups', { pictures: [2, 6, 6, 4], kernel: [1, 1, 2, 6], groups: 2 }],
  ['more rows than pay', { pictures: [2, 128, 65, 2], kernel: [1, 1, 2, 2] }],
])('%s: TensorFlow computes it', async (_, layer) => {
  const text = await gradients(layer);
  expect(text).toContain('Conv2DBackpropFilter(');
  expect(text).not.toContain('MatMul(');
});

test('in bf16 it stays a convolution, which TensorFlow rewrites', async () => {
  const program = await compile({ ...convolution({ pictures: [4, 5, 3, 7], kernel: [1, 1, 7, 9] }), session: sessions.bf16! });
  expect(program.print('f', 4)).toContain('Conv2DBackpropFilter(');
});
