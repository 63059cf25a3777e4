import { makeBatch, makeStrongViews, syntheticImages } from '@tempered/data';
import { createModel } from '@tempered/models';
import { EagerProgram, NotFiniteError } from '@tempered/tensors';
import { compile, loadEngine, TensorflowSession } from '@tempered/tensors/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CURRICULUM_PARAMETER, type Objective } from './objective.js';
import { methodNames, recipeFor } from './recipes/index.js';
import { studentFunctions } from './student-program.js';
import { classifierOf } from './teacher-facts.js';
import { featureShapes } from './teacher-outputs.js';

const CLASSES = 5;
const model = createModel('resnet8', { numClasses: CLASSES });
const { train } = syntheticImages({ seed: 2, classes: CLASSES, trainPerClass: 2, testPerClass: 1 });
const batch = makeBatch(train, Uint32Array.from([0, 1, 2, 3, 4, 5]), new Uint8Array(6).fill(80));

const curriculum = { start: 1, range: 20, schedule: 'cosine', max: 0, min: -1, loops: 10 } as const;
const kdOnly: Objective = {
  weights: { ce: 0.1, kd: 0.9, method: 0 },
  temperature: 4,
  standardize: false,
  curriculum: null,
  loss: null,
  options: {},
};
const dkdOnly: Objective = { ...kdOnly, weights: { ce: 1, kd: 0, method: 1 }, loss: 'dkd', options: { alpha: 1, beta: 2 } };
const OBJECTIVES: Record<string, Objective> = {
  vanilla: { ...kdOnly, weights: { ce: 1, kd: 0, method: 0 } },
  KD: kdOnly,
  'KD+LS': { ...kdOnly, temperature: 2, standardize: true, weights: { ce: 0.1, kd: 9, method: 0 } },
  CTKD: { ...kdOnly, curriculum },
  'CTKD+LS': { ...kdOnly, curriculum, standardize: true },
  DKD: dkdOnly,
  'DKD+CT+LS': { ...dkdOnly, curriculum, standardize: true },
};
const request = { dataset: 'cifar100', teacher: 'resnet56', student: 'resnet20', standardize: false, curriculum: false } as const;
/**
 * A method's objective on these few made-up images: as many negatives as they can give, and its term no heavier than CE, since three
 * steps at a published weight of thousands magnify the last digit beyond any tolerance.
 */
const onFewImages = (objective: Objective): Objective => ({
  ...objective,
  weights: { ...objective.weights, method: Math.min(1, objective.weights.method) },
  options: objective.loss === 'crd' ? { negatives: 6 } : objective.options,
});
for (const name of methodNames) {
  if (name !== 'vanilla')
    OBJECTIVES[`method ${name} + CT + LS`] = onFewImages(recipeFor(name, { ...request, standardize: true, curriculum: true }));
}

const teacherWeights = model.init(7);
const functionsOf = (objective: Objective) =>
  studentFunctions({
    model,
    objective,
    optimizer: { momentum: 0.9, weightDecay: 5e-4, nesterov: false },
    seed: 1,
    shapes: featureShapes(model, model, 6, train.length, teacherWeights),
    classifier: classifierOf(model, teacherWeights),
  });

const labels = Int32Array.from({ length: train.length }, (_, i) => train.label(i));
/** What host and second view give a step; the teacher's logits of that view are those of no network. */
const extraFor = (functions: ReturnType<typeof functionsOf>, step: number) => {
  const strong = {
    images: makeStrongViews(train, batch.indices, { seed: 1, epoch: 1 }),
    logits: Float32Array.from({ length: 6 * CLASSES }, (_, i) => 2 * Math.sin(i)),
  };
  return functions.extra.values({ seed: 1, epoch: 1, step, stepsPerEpoch: steps.length, batch, labels, strong });
};

let session: TensorflowSession;
beforeAll(async () => {
  await loadEngine();
  session = new TensorflowSession({ intraOpThreads: 1, interOpThreads: 2 });
});
afterAll(() => session.close());

/** Something for every output that a step wants of the teacher; the same in every call. */
const taughtFor = (functions: ReturnType<typeof functionsOf>): Record<string, Float32Array> =>
  Object.fromEntries(
    functions.teacherInputs.map(({ name, shape }, k) => {
      const size = shape.reduce((a, b) => a * b, 6);
      return [name, Float32Array.from({ length: size }, (_, i) => Math.sin(1.7 * i + k) + (name.includes('logits') ? 2 * Math.cos(i) : 1))];
    }),
  );

const steps = [
  { learningRate: 0.005, lambda: -0.2, warmup: 0.5 },
  { learningRate: 0.001, lambda: -1, warmup: 1 },
  { learningRate: 0.01, lambda: 0, warmup: 0.25 },
];

describe.each(Object.entries(OBJECTIVES))('%s', (name, objective) => {
  test('compiled, the step gives what it gives eagerly, while rate, lambda and ramp change between calls', async () => {
    const functions = functionsOf(objective);
    const compiled = await compile({ ...functions, session, scope: `agree ${name}`.replace(/[^\w]/g, '-') });
    const eager = new EagerProgram(functions);
    const { images, labels } = batch;
    for (const [step, rates] of steps.entries()) {
      const inputs = { images, labels, ...taughtFor(functions), ...extraFor(functions, step), ...rates };
      const [a, b] = [await compiled.run('step', inputs), await eager.run('step', inputs)];
      for (const output of ['loss', 'crossEntropy', 'temperature'])
        expect(a[output]!.data, output).toBeNear(b[output]!.data, { relative: 2e-4 });
      expect(a.correct!.data).toEqual(b.correct!.data);
    }
    const [a, b] = [await compiled.run('evaluate', { images }), await eager.run('evaluate', { images })];
    expect(a.logits!.data).toBeNear(b.logits!.data, { absolute: 2e-3, relative: 2e-3 });
    eager.dispose();
  });
});

/** The temperature's parameter and the head's weights after one step with these numbers. */
async function afterOneStep(objective: Objective, rates: (typeof steps)[number]): Promise<{ temperature: number; head: Float32Array }> {
  const functions = functionsOf(objective);
  const program = new EagerProgram(functions);
  await program.run('step', { images: batch.images, labels: batch.labels, ...taughtFor(functions), ...rates });
  const names = ['fc.weight', ...(objective.curriculum ? [CURRICULUM_PARAMETER] : [])];
  const state = await program.readState(names);
  program.dispose();
  return { temperature: state[CURRICULUM_PARAMETER]?.data[0] ?? Number.NaN, head: state['fc.weight']!.data as Float32Array };
}

test('the sign of lambda turns the temperature the other way; at 0 only weight decay moves it', async () => {
  const move = async (lambda: number): Promise<number> =>
    (await afterOneStep(OBJECTIVES['CTKD+LS']!, { learningRate: 0.05, lambda, warmup: 1 })).temperature - 1;
  const decay = -0.05 * 5e-4;
  expect(await move(0)).toBeCloseTo(decay, 6);
  const [down, up] = [(await move(1)) - decay, (await move(-1)) - decay];
  expect(down).not.toBe(0);
  // A parameter of 1 moves by 1e-5, of which float32 keeps two digits.
  expect(up / down).toBeCloseTo(-1, 2);
});

test('rate and ramp reach the weights', async () => {
  const head = async (learningRate: number, warmup: number): Promise<Float32Array> =>
    (await afterOneStep(OBJECTIVES.DKD!, { learningRate, lambda: 0, warmup })).head;
  const start = model.init(1)['fc.weight']!;
  expect(await head(0, 1)).toEqual(start);
  expect((await head(0.1, 1))[0]! - start[0]!).toBeCloseTo(2 * ((await head(0.05, 1))[0]! - start[0]!), 6);
  expect(await head(0.05, 0.1)).not.toEqual(await head(0.05, 1));
});

test('a loss that needs to know the teacher says so where it was not told', () => {
  const bare = { model, optimizer: { momentum: 0.9, weightDecay: 5e-4, nesterov: false }, seed: 1 };
  const objective: Objective = { ...dkdOnly, loss: 'srrl', options: {} };
  expect(() => studentFunctions({ ...bare, objective })).toThrow(/the loss 'srrl' has tensors of its own/);
  const shapes = featureShapes(model, model, 6, train.length);
  expect(() => studentFunctions({ ...bare, objective, shapes })).toThrow(/the loss 'srrl' reads the teacher's last layer/);
});

test('a step whose gradient is no number fails before it moves anything', async () => {
  const functions = functionsOf(kdOnly);
  const program = await compile({ ...functions, session, scope: 'sick' });
  const inputs = { images: batch.images, labels: batch.labels, ...taughtFor(functions), ...steps[0]! };
  await program.run('step', inputs);
  const before = await program.readState();
  const overflown = before['conv1.weight']!.data.map(() => 3e38) as Float32Array;
  await program.writeState({ 'conv1.weight': overflown });
  await expect(program.run('step', inputs)).rejects.toThrow(NotFiniteError);
  const { 'conv1.weight': _, ...rest } = await program.readState();
  const { 'conv1.weight': __, ...expected } = before;
  expect(rest).toEqual(expected);
});
