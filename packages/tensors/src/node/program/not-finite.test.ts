import { afterAll, beforeAll, expect, test } from 'vitest';
import { EagerProgram } from '../../eager-program.js';
import type { FunctionSpec } from '../../functions.js';
import { sgd, velocityOf } from '../../optim/sgd.js';
import { NotFiniteError } from '../../state.js';
import { type Scalar, tf } from '../../tf.js';
import { loadEngine } from '../engine.js';
import { compile } from '../program.js';
import { TensorflowSession } from './session.js';

let session: TensorflowSession;
beforeAll(async () => {
  await loadEngine();
  session = new TensorflowSession({ intraOpThreads: 1, interOpThreads: 2 });
});
afterAll(() => session.close());

const state = {
  w: { shape: [2], values: Float32Array.of(1, -1) },
  [velocityOf('w')]: { shape: [2], values: new Float32Array(2) },
  count: { shape: [], values: Float32Array.of(0) },
};
const step: FunctionSpec = {
  inputs: { x: { shape: [2] } },
  run: ({ x }, access) => {
    const gradient = tf.log(x!);
    access.requireFinite('gradient', tf.sum(gradient) as Scalar);
    sgd(access, { w: gradient }, { learningRate: tf.scalar(0.5), momentum: 0.9, weightDecay: 0 });
    access.assign('count', tf.add(access.read('count'), 1));
    return { gradient };
  },
};

test.each(['compiled', 'eager'])(
  '%s: a call whose required number is not finite changes nothing, and the next one goes on',
  async (mode) => {
    const functions = { step };
    const program =
      mode === 'eager' ? new EagerProgram({ state, functions }) : await compile({ state, functions, session, scope: 'finite' });
    await program.run('step', { x: Float32Array.of(1, Math.E) });
    const before = await program.readState();
    const tensors = tf.memory().numTensors;
    for (const bad of [-1, 0, Number.NaN, Number.POSITIVE_INFINITY]) {
      const failure = program.run('step', { x: Float32Array.of(1, bad) });
      await expect(failure).rejects.toThrow(NotFiniteError);
      await expect(failure).rejects.toThrow('gradient is not a finite number');
      expect(await program.readState()).toEqual(before);
    }
    expect(tf.memory().numTensors).toBe(tensors);
    await program.run('step', { x: Float32Array.of(1, 2) });
    expect((await program.readState(['count'])).count!.data[0]).toBe(2);
    program.dispose();
  },
);
