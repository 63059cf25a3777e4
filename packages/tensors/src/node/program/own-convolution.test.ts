import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EagerProgram } from '../../eager-program.js';
import { valueAndGradients } from '../../gradients.js';
import { conv2d } from '../../ops/conv2d.js';
import { relu } from '../../ops/relu.js';
import { randomUniforms } from '../../random.js';
import type { StateAccess } from '../../state.js';
import { type Scalar, type Tensor, type Tensor4D, tf } from '../../tf.js';
import { loadEngine } from '../engine.js';
import { compile } from '../program.js';
import { TensorflowSession } from './session.js';

// Over bfloat16 too, whatever the processor.
process.env.TEMPERED_BF16 = 'own';

const sessions: Record<number, TensorflowSession> = {};
const rounding: Record<number, TensorflowSession> = {};
beforeAll(async () => {
  await loadEngine();
  for (const threads of [1, 3]) {
    sessions[threads] = new TensorflowSession({ intraOpThreads: threads });
    rounding[threads] = new TensorflowSession({ intraOpThreads: threads, precision: 'bf16' });
  }
  expect(sessions[1]!.own.ops).toContain('TemperedConvolution');
});
afterAll(() => {
  for (const session of [...Object.values(sessions), ...Object.values(rounding)]) session.close();
});

/** Products of matrices are ours where they pay: not with AVX-512. */
const hasWindows = (): boolean => sessions[1]!.own.ops.includes('TemperedWindowConvolution');

const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
const uniform = (shape: readonly number[], seed: number): Float32Array => randomUniforms(sizeOf(shape), -1, 1, seed);

let scopes = 0;
const program = <F extends Parameters<typeof compile>[0]['functions']>(
  state: Record<string, number[]>,
  functions: F,
  session = sessions[1]!,
) => compile({ state: valuesOf(state), functions, session, scope: `own${scopes++}` });
const valuesOf = (state: Record<string, number[]>) =>
  Object.fromEntries(Object.entries(state).map(([name, shape], i) => [name, { shape, values: uniform(shape, i + 1) }]));

/** The nearest values that bfloat16 holds, halves to the even one. */
function inBfloat16(values: Float32Array): Float32Array {
  const bits = new Uint32Array(Float32Array.from(values).buffer).map((word) => (word + 0x7fff + ((word >>> 16) & 1)) & 0xffff0000);
  return new Float32Array(bits.buffer);
}

const largestOf = (values: Float32Array): number => values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);

/** The largest difference, relative to the largest value. */
function apart(got: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(got.length).toBe(expected.length);
  let [difference, largest] = [0, 0];
  for (let i = 0; i < got.length; i++) {
    difference = Math.max(difference, Math.abs(got[i]! - expected[i]!));
    largest = Math.max(largest, Math.abs(expected[i]!));
  }
  return difference / largest;
}

const CASES: [pictures: number, height: number, width: number, from: number, to: number, window: number, stride: 1 | 2][] = [
  [5, 8, 8, 16, 32, 3, 1],
  [2, 7, 9, 48, 16, 3, 1],
  [1, 1, 1, 16, 16, 3, 1],
  [3, 2, 5, 128, 144, 3, 1],
  [9, 32, 32, 16, 16, 3, 1],
  [5, 9, 8, 16, 32, 3, 2],
  [2, 7, 12, 64, 144, 3, 2],
  [3, 8, 6, 32, 16, 1, 2],
  [2, 6, 7, 12, 16, 3, 1],
  [2, 9, 5, 16, 32, 5, 1],
  [1, 21, 17, 16, 16, 7, 2],
];

describe.each(CASES)(
  '%d pictures of %dx%d, %d to %d channels, window %d, stride %d',
  (pictures, height, width, from, to, window, stride) => {
    const padding = stride === 1 ? (window - 1) / 2 : 0;
    const [down, across] = stride === 1 ? [height, width] : [height, width].map((size) => Math.floor((size - window) / 2) + 1);
    const functions = {
      step: {
        inputs: { x: { shape: [null, height, width, from] }, dy: { shape: [null, down!, across!, to] } },
        run: ({ x, dy }: Record<string, Tensor>, access: StateAccess) => {
          const convolved = (given: Record<string, Tensor>): Tensor =>
            conv2d(given.x as Tensor4D, given.w as Tensor4D, { padding, stride });
          const { gradients } = valueAndGradients((given) => ({ value: tf.sum(tf.mul(convolved(given), dy!)) as Scalar }), {
            x: x!,
            w: access.read('w'),
          });
          return { y: convolved({ x: x!, w: access.read('w') }), dx: gradients.x!, dw: gradients.w! };
        },
      },
    };
    const state = { w: [window, window, from, to] };
    const ours = (): boolean => (window === 3 && stride === 1 && from % 16 === 0) || hasWindows();
    /** The input's gradient wants whole groups of values in a window. */
    const ownInput = (window * window * from) % 16 === 0;
    const inputs = { x: uniform([pictures, height, width, from], 7), dy: uniform([pictures, down!, across!, to], 8) };

    test('output and gradients are those of the eager ops, whatever the threads', async () => {
      const eager = await new EagerProgram({ state: valuesOf(state), functions }).run('step', inputs);
      const outcomes = [];
      for (const threads of [1, 3]) {
        const compiled = await program(state, functions, sessions[threads]);
        if (ours()) expect(compiled.print('step', pictures)).not.toMatch(/ = Conv2D(\(|BackpropFilter)/);
        else expect(compiled.print('step', pictures)).toContain(' = Conv2D(');
        const outcome = await compiled.run('step', inputs);
        for (const name of ['y', 'dx', 'dw']) {
          const got = outcome[name]!.data as Float32Array;
          expect(apart(got, eager[name]!.data as Float32Array), name).toBeLessThan(1e-5);
        }
        outcomes.push(outcome);
      }
      if (!ours()) return;
      expect(outcomes[0]!.y!.data).toEqual(outcomes[1]!.y!.data);
      expect(outcomes[0]!.dx!.data).toEqual(outcomes[1]!.dx!.data);
    });

    test('over bfloat16 they are those of the values that it holds, rounded once; the gradient of the kernel is not rounded', async () => {
      if (!ours()) return;
      const held = { x: inBfloat16(inputs.x), dy: inBfloat16(inputs.dy) };
      const eager = await new EagerProgram({ state: valuesOf(state), functions }).run('step', held);
      const outcomes = [];
      for (const threads of [1, 3]) {
        const compiled = await program(state, functions, rounding[threads]);
        const { ops } = await compiled.profile('step', held);
        const convolutions = ops.filter(({ op }) => /Conv|Window/.test(op)).map(({ op, dtype }) => `${op} ${dtype}`);
        const left = convolutions.filter((kind) => !/^Tempered\w+ bfloat16$/.test(kind));
        expect(left).toEqual(ownInput ? [] : ['_MklNativeConv2DBackpropInput float32']);
        const outcome = await compiled.run('step', held);
        for (const name of ownInput ? ['y', 'dx'] : ['y']) {
          const [got, exact] = [outcome[name]!.data as Float32Array, eager[name]!.data as Float32Array];
          expect(inBfloat16(got), name).toEqual(got);
          // Half a unit in the last of eight binary digits, and what float32 adds to it.
          expect(got, name).toBeNear(exact, { relative: 2 ** -8, absolute: 1e-5 * largestOf(exact) });
        }
        expect(apart(outcome.dw!.data as Float32Array, eager.dw!.data as Float32Array)).toBeLessThan(1e-5);
        outcomes.push(outcome);
      }
      expect(outcomes[0]!.y!.data).toEqual(outcomes[1]!.y!.data);
      expect(outcomes[0]!.dx!.data).toEqual(outcomes[1]!.dx!.data);
    });
  },
);

test('what is said of a picture depends on no other one', async () => {
  const functions = {
    f: {
      inputs: { x: { shape: [null, 8, 8, 16] } },
      run: ({ x }: Record<string, Tensor>, access: StateAccess) => ({
        y: conv2d(x as Tensor4D, access.read('w') as Tensor4D, { padding: 1 }),
      }),
    },
  };
  const compiled = await program({ w: [3, 3, 16, 16] }, functions, sessions[3]);
  const all = uniform([7, 8, 8, 16], 3);
  const size = 8 * 8 * 16;
  const whole = (await compiled.run('f', { x: all })).y!.data as Float32Array;
  const third = (await compiled.run('f', { x: all.slice(2 * size, 3 * size) })).y!.data;
  expect(third).toEqual(whole.slice(2 * size, 3 * size));
});

describe('what stands behind a convolution', () => {
  const state = { a: [3, 3, 16, 16], b: [3, 3, 16, 16], bias: [16] };
  const inputs = { x: { shape: [null, 6, 6, 16] } };
  const block = ({ x }: Record<string, Tensor>, access: StateAccess): Record<string, Tensor> => {
    const layer = (t: Tensor, kernel: string): Tensor =>
      tf.add(conv2d(t as Tensor4D, access.read(kernel) as Tensor4D, { padding: 1 }), access.read('bias'));
    const first = relu(layer(x!, 'a'));
    const unbiased = conv2d(x as Tensor4D, access.read('b') as Tensor4D, { padding: 1 });
    const sum = tf.add(tf.add(unbiased, first), layer(first, 'b'));
    return { y: relu(sum), sum, first, unbiased };
  };
  const outputs = (...names: string[]) => ({
    inputs,
    run: (given: Record<string, Tensor>, access: StateAccess) => {
      const all = block(given, access);
      return Object.fromEntries(names.map((name) => [name, all[name]!]));
    },
  });
  const functions = { plain: outputs('y'), tapped: outputs('y', 'sum', 'first', 'unbiased') };

  test('is drawn in: bias, sum and ReLU; a tap keeps it outside and changes no bit', async () => {
    const compiled = await program(state, functions);
    const plain = compiled.print('plain', 2);
    expect(plain.match(/TemperedConvolution\(.*/g)).toEqual([
      'TemperedConvolution(input/x:0, read/a:0, read/bias:0) {biases=1 sums=0 relu=true}',
      expect.stringMatching(/^TemperedConvolution\(input\/x:0, read\/b:0, \w+:0\) \{biases=0 sums=1 relu=false\}$/),
      expect.stringMatching(/^TemperedConvolution\(\w+:0, read\/b:0, read\/bias:0, \w+:0\) \{biases=1 sums=1 relu=true\}$/),
    ]);
    expect(plain).not.toMatch(/ = (AddV2|BiasAdd|Relu|Maximum)\(/);
    const tapped = compiled.print('tapped', 2);
    expect(tapped.match(/ = (AddV2|Relu)\(/g)).toEqual([' = AddV2(', ' = Relu(']);
    const x = uniform([2, 6, 6, 16], 5);
    const [a, b] = [await compiled.run('plain', { x }), await compiled.run('tapped', { x })];
    expect(a.y!.data).toEqual(b.y!.data);
    const eager = await new EagerProgram({ state: valuesOf(state), functions }).run('tapped', { x });
    for (const name of ['y', 'sum', 'first', 'unbiased']) {
      expect(apart(b[name]!.data as Float32Array, eager[name]!.data as Float32Array), name).toBeLessThan(2e-6);
    }
  });

  test('is drawn in over bfloat16 too: one rounding a convolution', async () => {
    const compiled = await program(state, functions, rounding[3]);
    const x = inBfloat16(uniform([2, 6, 6, 16], 5));
    const { ops } = await compiled.profile('plain', { x });
    const computing = ops.filter(({ op }) => /Conv|Add|Relu|Maximum/.test(op)).map(({ op, dtype }) => `${op} ${dtype}`);
    expect(computing).toEqual(Array(3).fill('TemperedConvolution bfloat16'));
    const { y } = await compiled.run('plain', { x });
    const eager = await new EagerProgram({ state: valuesOf(state), functions }).run('plain', { x });
    expect(apart(y!.data as Float32Array, eager.y!.data as Float32Array)).toBeLessThan(0.01);
  });

  test.each(['float32', 'bfloat16'])('keeps what is no number, in %s', async (dtype) => {
    const compiled = await program(state, functions, (dtype === 'float32' ? sessions : rounding)[1]);
    const x = uniform([1, 6, 6, 16], 5).fill(Number.NaN, 0, 1);
    const { y } = await compiled.run('plain', { x });
    expect((y!.data as Float32Array)[0]).toBeNaN();
  });
});

test('left to TensorFlow are other kernels, strides, groups and numbers of channels, and all where a session says so', async () => {
  const convolved = (options: Parameters<typeof conv2d>[2], from = 16) => ({
    inputs: { x: { shape: [null, 8, 8, from] } },
    run: ({ x }: Record<string, Tensor>, access: StateAccess) => ({
      y: conv2d(x as Tensor4D, access.read(`${from}`) as Tensor4D, options),
    }),
  });
  const functions = {
    strided: convolved({ padding: 1, stride: 3 }),
    uncommon: convolved({ padding: 1 }, 24),
    grouped: convolved({ padding: 1, groups: 2 }, 32),
    cut: convolved({ padding: 0 }),
    taken: convolved({ padding: 1 }),
    halving: convolved({ padding: 1, stride: 2 }),
  };
  const state = { 16: [3, 3, 16, 16], 24: [3, 3, 24, 24], 32: [3, 3, 16, 32] };
  const compiled = await program(state, functions);
  for (const name of ['strided', 'uncommon', 'grouped', 'cut'] as const) expect(compiled.print(name), name).not.toContain('Tempered');
  expect(compiled.print('taken')).toContain('TemperedConvolution(');
  if (hasWindows()) expect(compiled.print('halving')).toContain('TemperedHalvingConvolution(');
  const without = await compile({ state: valuesOf(state), functions, sessionOptions: { kernels: 'tensorflow' } });
  expect(without.print('taken')).not.toContain('Tempered');
  without.dispose();
});

test('a session that asks for bfloat16 of ours and for none of our ops is an error that names both', () => {
  expect(() => new TensorflowSession({ precision: 'bf16', kernels: 'tensorflow' })).toThrow(/bf16.*TEMPERED_BF16=tensorflow/);
});
