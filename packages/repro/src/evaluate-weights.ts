import type { TrainingImages } from '@tempered/data';
import { createModel, type ModelName } from '@tempered/models';
import { type BatchReader, readTestImages } from './evaluate.js';
import { PredictionCollector, type Predictions } from './evaluation/predictions.js';
import { openSession, soloThreads } from './session-plan.js';
import { createTeacherProgram, type TeacherProgram } from './teacher-program.js';
import { readWeights } from './weights-file.js';

/** A file of weights and the model that they belong to. */
export interface WeightsFile {
  model: ModelName;
  path: string;
}

/**
 * What files of weights say to a set of images, in float32; each batch is made once for all of them.
 *
 * Throws   UserError where a file is damaged or holds the weights of another model.
 */
export async function predictWeights(files: readonly WeightsFile[], images: TrainingImages, signal?: AbortSignal): Promise<Predictions[]> {
  const networks = [];
  for (const { model: name, path } of files) {
    const model = createModel(name, { numClasses: images.classes });
    networks.push({ model, weights: await readWeights(path, model) });
  }
  const session = openSession(soloThreads(), 'f32');
  const programs: TeacherProgram[] = [];
  try {
    for (const [i, { model, weights }] of networks.entries()) {
      programs.push(await createTeacherProgram({ model, weights, outputs: [], session, scope: `evaluated${i}` }));
    }
    const collectors = programs.map(() => new PredictionCollector(images.classes));
    const readers = programs.map(
      (program, i): BatchReader =>
        async (batch, labels) =>
          collectors[i]!.add(await program.logits(batch), labels),
    );
    await readTestImages(readers, images, { signal });
    return collectors.map((collector) => collector.result());
  } finally {
    for (const program of programs) program.dispose();
    session?.close();
  }
}
