import { evaluationBatches, type TrainingImages } from '@tempered/data';
import { createModel, type Model, type ModelName } from '@tempered/models';
import { EagerProgram, type FunctionSpec, type Tensor4D, type Values } from '@tempered/tensors';
import { compile } from '@tempered/tensors/node';
import { UNTRAINED } from './run-types.js';
import { openSession, type ThreadPlan } from './session-plan.js';
import type { CheckedTeacher } from './taught-by.js';

/** Pictures that its batch normalisations have seen. */
const SEEN = 8;
/** How far a batch moves running statistics: PyTorch's momentum. */
const MOMENTUM = 0.1;

/**
 * A teacher that knows nothing, for the smoke profile where nothing is learned anyway. Its running statistics are those of a batch of
 * these images: with the ones that it is born with, the features of a deep residual network grow by powers of two, and losses with them.
 */
export async function untrainedTeacher(name: ModelName, images: TrainingImages, threads: ThreadPlan): Promise<CheckedTeacher> {
  const model = createModel(name, { numClasses: images.classes });
  const weights = model.init(0);
  for (const [statistic, values] of Object.entries(await statisticsOf(model, weights, images, threads)))
    weights[statistic] = Float32Array.from(values, (value) => value / MOMENTUM);
  return { teacher: { model, weights }, measured: { name, top1: 100 / images.classes, sha256: UNTRAINED }, recorded: null };
}

/** What a batch moves running statistics to that started at 0. */
async function statisticsOf(
  model: Model,
  weights: Readonly<Record<string, Float32Array>>,
  images: TrainingImages,
  threads: ThreadPlan,
): Promise<Record<string, Values>> {
  const state = Object.fromEntries(
    model.tensors.map(({ name, shape, trainable }) => [
      name,
      { shape, values: trainable ? weights[name]! : new Float32Array(weights[name]!.length) },
    ]),
  );
  const look: FunctionSpec = {
    inputs: { images: { shape: [null, model.inputSize, model.inputSize, 3] } },
    run: ({ images }, access) => {
      const live = Object.fromEntries(model.tensors.map(({ name }) => [name, access.read(name)]));
      return model.forward(live, images as Tensor4D, { training: true, dropout: 'off' }).statistics;
    },
  };
  const session = openSession(threads, 'f32');
  const functions = { look };
  const program = session ? await compile({ state, functions, session, scope: 'untrained' }) : new EagerProgram({ state, functions });
  try {
    for await (const { images: batch } of evaluationBatches(images, { batchSize: Math.min(SEEN, images.length) })) {
      const seen = await program.run('look', { images: batch });
      return Object.fromEntries(Object.entries(seen).map(([name, { data }]) => [name, data]));
    }
    return {};
  } finally {
    program.dispose();
    session?.close();
  }
}
