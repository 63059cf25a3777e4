import { beforeAll, expect, test } from 'vitest';
import { EagerProgram } from '../../eager-program.js';
import { valueAndGradients } from '../../gradients.js';
import { conv2d } from '../../ops/conv2d.js';
import { relu } from '../../ops/relu.js';
import type { StateAccess } from '../../state.js';
import { uniformState } from '../../testing/drawn-state.js';
import { type Scalar, type Tensor, type Tensor4D, tf } from '../../tf.js';
import { loadEngine } from '../engine.js';
import { compile } from '../program.js';

// As on a processor that multiplies bfloat16, whatever this one does.
process.env.TEMPERED_BF16 = 'tensorflow';
beforeAll(async () => void (await loadEngine()));

test.each([
  [8, 'TemperedConvolutionKernelGradient float32'],
  [9, 'Conv2DBackpropFilter bfloat16'],
])(
  'only the gradients of 3x3 kernels of small pictures are ours, and all else is in bfloat16 (%d points a side)',
  async (side, gradient) => {
    const functions = {
      step: {
        inputs: { x: { shape: [null, side, side, 16] } },
        run: ({ x }: Record<string, Tensor>, access: StateAccess) => {
          const { gradients } = valueAndGradients(
            ({ a, b }) => {
              const first = relu(conv2d(x as Tensor4D, a as Tensor4D, { padding: 1 }));
              return { value: tf.mean(tf.square(conv2d(first, b as Tensor4D, { padding: 1, stride: 2 }))) as Scalar };
            },
            { a: access.read('a'), b: access.read('b') },
          );
          return gradients;
        },
      },
    };
    const state = { a: uniformState([3, 3, 16, 32], 1), b: uniformState([3, 3, 32, 16], 2) };
    const rounded = await compile({ state, functions, sessionOptions: { precision: 'bf16', intraOpThreads: 1 } });
    const x = uniformState([2, side, side, 16], 5).values;
    const { ops } = await rounded.profile('step', { x });
    const kinds = ops.filter(({ op }) => /Conv|Window/.test(op)).map(({ op, dtype }) => `${op.replace('_MklNative', '')} ${dtype}`);
    const others = ['Conv2D bfloat16', 'Conv2D bfloat16', 'Conv2DBackpropFilter bfloat16', 'Conv2DBackpropInput bfloat16'];
    expect(kinds.toSorted()).toEqual([...others, gradient].toSorted());
    const got = await rounded.run('step', { x });
    const eager = await new EagerProgram({ state, functions }).run('step', { x });
    for (const name of ['a', 'b']) {
      const exact = eager[name]!.data as Float32Array;
      const largest = exact.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      expect(got[name]!.data, name).toBeNear(exact, { absolute: 0.08 * largest });
    }
    rounded.dispose();
  },
);
