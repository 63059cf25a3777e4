import { afterAll, beforeAll, expect, test } from 'vitest';
import { valueAndGradients } from '../../gradients.js';
import { batchNorm } from '../../ops/batch-norm.js';
import { conv2d } from '../../ops/conv2d.js';
import { relu } from '../../ops/relu.js';
import { sgd, velocityOf } from '../../optim/sgd.js';
import { randomUniforms } from '../../random.js';
import { uniformState } from '../../testing/drawn-state.js';
import { type Scalar, type Tensor2D, type Tensor4D, tf } from '../../tf.js';
import { loadEngine } from '../engine.js';
import { compile } from '../program.js';
import { TensorflowSession } from './session.js';

// Shown by the values that TensorFlow returns: what went through bfloat16 has nothing in the lower half of its bits.
let session: TensorflowSession;
beforeAll(async () => {
  await loadEngine();
  session = new TensorflowSession({ intraOpThreads: 1, precision: 'bf16' });
});
afterAll(() => session.close());

const [BATCH, SIDE, IN, OUT, CLASSES] = [8, 8, 16, 32, 10];
const drawn = (shape: number[], seed: number) => uniformState(shape, seed, 0.3);

const inputs = { images: { shape: [null, SIDE, SIDE, IN] } };

function network() {
  const weights = {
    kernel: drawn([3, 3, IN, OUT], 1),
    second: drawn([3, 3, OUT, OUT], 5),
    gamma: drawn([OUT], 2),
    beta: drawn([OUT], 3),
    dense: drawn([OUT, CLASSES], 4),
  };
  const velocities = Object.entries(weights).map(
    ([name, { shape, values }]) => [velocityOf(name), { shape, values: new Float32Array(values.length) }] as const,
  );
  const statistics = { mean: drawn([OUT], 6), variance: { shape: [OUT], values: new Float32Array(OUT).fill(1) } };
  return { weights, state: { ...weights, ...Object.fromEntries(velocities), ...statistics } };
}

/** The share of values that bfloat16 holds exactly. */
function shareInBfloat16(values: Float32Array): number {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  return bits.filter((word) => (word & 0xffff) === 0).length / values.length;
}

test('in bf16 convolutions are; statistics, softmax, loss, velocities and master weights stay f32', async () => {
  const { weights, state } = network();
  const program = await compile({
    state,
    session,
    scope: 'bf16',
    functions: {
      step: {
        inputs,
        run: ({ images }, access) => {
          const xs = Object.fromEntries(Object.keys(weights).map((name) => [name, access.read(name)]));
          const fixed = { mean: access.read('mean'), variance: access.read('variance') };
          const { value, gradients, aux } = valueAndGradients((w) => {
            const first = conv2d(images as Tensor4D, w.kernel as Tensor4D, { stride: 1, padding: 1 });
            const normed = batchNorm(first, { gamma: w.gamma!, beta: w.beta!, ...fixed }, { training: true });
            const second = conv2d(relu(normed.y), w.second as Tensor4D, { stride: 1, padding: 1 });
            const logits = tf.matMul(tf.mean(second, [1, 2]) as Tensor2D, w.dense as Tensor2D);
            const probabilities = tf.softmax(logits);
            const loss = tf.neg(tf.mean(tf.slice(tf.logSoftmax(logits), [0, 0], [-1, 1]))) as Scalar;
            return { value: loss, aux: { second, probabilities, mean: normed.mean, variance: normed.variance } };
          }, xs);
          access.assign('mean', aux.mean!);
          access.assign('variance', aux.variance!);
          sgd(access, gradients, { learningRate: tf.scalar(0.1), momentum: 0.9, weightDecay: 1e-3 });
          return { convolution: aux.second!, probabilities: aux.probabilities!, loss: value };
        },
      },
    },
  });
  const out = await program.run('step', { images: randomUniforms(BATCH * SIDE * SIDE * IN, -1, 1, 9) });
  const after = await program.readState();
  const share = (name: string): number => shareInBfloat16((after[name] ?? out[name])!.data as Float32Array);
  expect(share('convolution')).toBe(1);
  const kept = [
    'loss',
    'probabilities',
    'mean',
    'variance',
    'kernel',
    'second',
    'gamma',
    'dense',
    velocityOf('kernel'),
    velocityOf('second'),
  ];
  for (const name of kept) {
    expect(share(name), name).toBeLessThan(0.1);
  }
});
