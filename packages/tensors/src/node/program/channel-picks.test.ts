import { afterAll, beforeAll, expect, test } from 'vitest';
import { EagerProgram } from '../../eager-program.js';
import type { FunctionSpec } from '../../functions.js';
import { valueAndGradients } from '../../gradients.js';
import { randomNormals } from '../../random.js';
import type { StateAccess } from '../../state.js';
import { type Scalar, type Tensor, type Tensor4D, tf } from '../../tf.js';
import { loadEngine } from '../engine.js';
import { compile } from '../program.js';
import { TensorflowSession } from './session.js';

let session: TensorflowSession;
beforeAll(async () => {
  await loadEngine();
  session = new TensorflowSession({ intraOpThreads: 2 });
});
afterAll(() => session.close());

const [BATCH, SIDE, CHANNELS] = [2, 3, 12];
const size = BATCH * SIDE * SIDE * CHANNELS;
const state = { pull: { shape: [BATCH, SIDE, SIDE, CHANNELS], values: randomNormals(size, 0, 1, 4) } };

function shuffle(x: Tensor, groups: number): Tensor {
  const grouped = tf.reshape(x, [BATCH, SIDE, SIDE, groups, x.shape[3]! / groups]);
  return tf.reshape(tf.transpose(grouped, [0, 1, 2, 4, 3]), x.shape);
}

const channels = (x: Tensor, begin: number, count: number): Tensor => tf.slice(x as Tensor4D, [0, 0, 0, begin], [-1, -1, -1, count]);

/** A function of x with the gradient that a weighted sum of its result has. */
function differentiated(f: (x: Tensor) => Tensor): FunctionSpec {
  return {
    inputs: { x: { shape: [BATCH, SIDE, SIDE, CHANNELS] } },
    run: ({ x }: Record<string, Tensor>, access: StateAccess) => {
      const pull = access.read('pull');
      const { gradients, aux } = valueAndGradients(
        (xs) => {
          const y = f(xs.x!);
          return { value: tf.sum(tf.mul(y, pull)) as Scalar, aux: { y } };
        },
        { x: x! },
      );
      return { y: aux.y!, dx: gradients.x! };
    },
  };
}

async function both(f: (x: Tensor) => Tensor) {
  const functions = { f: differentiated(f) };
  const program = await compile({ state, functions, session });
  const eager = new EagerProgram({ state, functions });
  const x = randomNormals(size, 0, 1, 5);
  const [compiled, plain] = [await program.run('f', { x }), await eager.run('f', { x })];
  eager.dispose();
  for (const name of ['y', 'dx']) expect(compiled[name]!.data, name).toEqual(plain[name]!.data);
  return program.print('f', BATCH);
}

const picks = (text: string): string[] => text.split('\n').filter((line) => line.includes('TemperedChannels'));

test('blocks that keep half of the channels, compute the other half and shuffle: one op between two blocks, forward and back', async () => {
  const block = (x: Tensor): Tensor => {
    const half = CHANNELS / 2;
    return shuffle(tf.concat([channels(x, 0, half), tf.square(channels(x, half, half))], 3), 2);
  };
  const text = await both((x) => block(block(block(tf.tanh(x)))));
  expect(picks(text)).toHaveLength(6);
  expect(picks(text)[0]).toMatch(/float32\[2,3,3,6\], float32\[2,3,3,6\] = TemperedChannels\(Square_\d+:0, Tanh_\d+:0\)/);
  expect(picks(text)[0]).toContain('sizes=[6,6]');
  expect(text).not.toMatch(/ = (Transpose|SplitV)\(/);
});

test.each([2, 3, 4, 6])('a shuffle in %i groups', async (groups) => {
  const text = await both((x) => shuffle(tf.square(x), groups));
  expect(picks(text)).toHaveLength(2);
});

test('a result that is read at both sides of a shuffle', async () => {
  const text = await both((x) => {
    const joined = tf.concat([channels(tf.square(x), 4, 8), channels(x, 0, 4)], 3);
    return tf.add(shuffle(joined, 3), joined);
  });
  expect(picks(text).length).toBeGreaterThan(0);
  expect(text).toMatch(/ = ConcatV2\(/);
});

test('a split behind a shuffle whose parts come from different tensors: an op for each', async () => {
  const half = CHANNELS / 2;
  const text = await both((x) => {
    const [left, right] = [tf.square(x), tf.tanh(x)];
    const pieces = Array.from({ length: half }, (_, i) => [channels(left, i, 1), channels(right, i, 1)]).flat();
    const [a, b] = tf.split(shuffle(tf.concat(pieces, 3), half), 2, 3) as [Tensor, Tensor];
    return tf.concat([tf.neg(a), tf.sin(b)], 3);
  });
  expect(picks(text).map((line) => /TemperedChannels\((\w+?)_\d+:0\)/.exec(line)?.[1])).toEqual(expect.arrayContaining(['Square', 'Tanh']));
});

test('without a shuffle, or with axes exchanged in another way, nothing changes', async () => {
  const text = await both((x) => tf.concat([channels(x, 6, 6), channels(x, 0, 6)], 3));
  expect(picks(text)).toEqual([]);
  const turned = await both((x) => tf.reshape(tf.transpose(tf.reshape(x, [BATCH, SIDE, SIDE, 3, 4]), [0, 2, 1, 3, 4]), x.shape));
  expect(picks(turned)).toEqual([]);
});
