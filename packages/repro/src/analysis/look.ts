import type { TrainingImages } from '@tempered/data';
import type { Model } from '@tempered/models';
import type { TensorflowSession } from '@tempered/tensors/node';
import { readTestImages } from '../evaluate.js';
import { PredictionCollector } from '../evaluation/predictions.js';
import { createTeacherProgram } from '../teacher-program.js';
import type { NetworkOutputs } from './figures.js';

/** Comparing N images of K classes takes N K^2 steps: at most so many, so that 1,000 classes take seconds too. */
const MOST_STEPS = 2e9;
const LOGITS = 'teacher.logits';
const POOLED = 'teacher.pooled';

/** Every how manieth test image is looked at closely. */
export const strideFor = (images: number, classes: number): number =>
  Math.max(1, Math.ceil(images / Math.max(1, Math.floor(MOST_STEPS / classes ** 2))));

/** Shows a network all test images and keeps what figures are made from. */
export async function lookAt(
  { model, weights }: { model: Model; weights: Readonly<Record<string, Float32Array>> },
  images: TrainingImages,
  { session, scope, signal }: { session: TensorflowSession | null; scope: string; signal: AbortSignal },
): Promise<NetworkOutputs> {
  const outputs = [
    { name: LOGITS, shape: [images.classes] },
    { name: POOLED, shape: [model.featureShapes.pooled] },
  ];
  const program = await createTeacherProgram({ model, weights, outputs, session, scope });
  const stride = strideFor(images.length, images.classes);
  const kept = Math.ceil(images.length / stride);
  const logits = new Float32Array(kept * images.classes);
  const pooled = new Float32Array(kept * model.featureShapes.pooled);
  const chosen = new Int32Array(kept);
  const collector = new PredictionCollector(images.classes);
  let seen = 0;
  const keep = (into: Float32Array, values: Float32Array, n: number): void => {
    const width = into.length / kept;
    into.set(values.subarray(n * width, (n + 1) * width), ((seen + n) / stride) * width);
  };
  try {
    const read = async (batch: Float32Array, labels: Int32Array): Promise<void> => {
      const found = await program.outputs(batch);
      const [said, features] = [found[LOGITS] as Float32Array, found[POOLED] as Float32Array];
      collector.add(said, labels);
      for (let n = 0; n < labels.length; n++) {
        if ((seen + n) % stride !== 0) continue;
        keep(logits, said, n);
        keep(pooled, features, n);
        chosen[(seen + n) / stride] = labels[n]!;
      }
      seen += labels.length;
    };
    await readTestImages([read], images, { signal });
  } finally {
    program.dispose();
  }
  return { predictions: collector.result(), logits, pooled, labels: chosen };
}
