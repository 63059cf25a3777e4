import { createModel } from '@tempered/models';
import { randomNormals } from '@tempered/tensors';
import { compile, loadEngine, TensorflowSession } from '@tempered/tensors/node';
import { studentFunctions } from '../dist/student-program.js';

const BATCH = 64;
const CLASSES = 100;

/** A step's access to the state that lets everything pass: what the guard against NaN costs shows beside it. */
const unguarded = (access) =>
  new Proxy(access, {
    get: (target, name) => {
      if (name === 'requireFinite') return () => undefined;
      const value = target[name];
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });

/** A vanilla step of resnet8 on one thread, beside the same step without the check of its loss and gradients. */
export default async function open() {
  const { tensorflowVersion } = await loadEngine();
  const session = new TensorflowSession({ intraOpThreads: 1, interOpThreads: 1 });
  const { state, functions } = studentFunctions({
    model: createModel('resnet8', { numClasses: CLASSES }),
    objective: { weights: { ce: 1, kd: 0, method: 0 }, temperature: 1, standardize: false, curriculum: null, loss: null, options: {} },
    optimizer: { momentum: 0.9, weightDecay: 5e-4, nesterov: false },
    seed: 0,
  });
  const labels = Int32Array.from({ length: BATCH }, (_, i) => i % CLASSES);
  const inputs = { images: randomNormals(BATCH * 32 * 32 * 3, 0, 1, 1), labels, learningRate: 0.01, lambda: 0, warmup: 1 };
  const timed = async (name, scope, step) => {
    const program = await compile({ state, functions: { step }, session, scope });
    return { name, run: () => program.run('step', inputs) };
  };
  const { step } = functions;
  const bare = { ...step, run: (values, access) => step.run(values, unguarded(access)) };
  return {
    tensorflow: tensorflowVersion,
    reference: await timed('the step without its guard', 'bare', bare),
    cases: [await timed("resnet8's step with its guard against NaN", 'guarded', step)],
    close: () => session.close(),
  };
}
