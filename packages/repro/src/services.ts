import type { TrainingImages } from '@tempered/data';
import type { AnalysisEvents } from './analysis/analyse.js';
import type { PendingAnalysis } from './analysis/pending.js';
import type { Cell, Precision } from './cell.js';
import type { WeightsFile } from './evaluate-weights.js';
import type { Predictions } from './evaluation/predictions.js';
import type { ImageRequest } from './images.js';
import type { Recipe } from './recipe.js';
import type { EngineAbout, RunGroup, RunImages } from './run-types.js';
import type { StepTiming } from './timings.js';
import { runWorker } from './worker-process.js';

/** What the command line calls to get work done; tests put their own in its place. Heavy modules load when they are needed. */
export interface Services {
  openImages(request: ImageRequest): Promise<RunImages>;
  loadEngine(precision: Precision): Promise<EngineAbout>;
  /** Throws a UserError where a recipe asks for what the trainer does not have. */
  checkRecipe(recipe: Recipe): Promise<void>;
  /** Throws a UserError where a teacher is missing or does not fit. */
  checkTeacher(name: string, dataset: string, classes: number, out: string): Promise<void>;
  /** What files of weights say to a set of images. */
  predict(files: readonly WeightsFile[], images: TrainingImages, signal: AbortSignal): Promise<Predictions[]>;
  /** Makes the figures of finished cells that were tested on these images. */
  analyse(out: string, pending: readonly PendingAnalysis[], images: RunImages, events: AnalysisEvents, signal: AbortSignal): Promise<void>;
  /** Times a few steps; null where it was stopped. */
  timeSteps(cell: Cell, images: RunImages, engine: EngineAbout, signal: AbortSignal): Promise<StepTiming | null>;
  /** Runs a group in a process of its own. */
  runGroup: RunGroup;
  /** Runs a group in this process. */
  trainGroup: RunGroup;
}

export const services: Services = {
  openImages: async (request) => await (await import('./images.js')).loadRunImages(request),
  loadEngine: async (precision) => await (await import('./engine-about.js')).engineAbout(precision),
  checkRecipe: async (recipe) => {
    (await import('./objective.js')).lossOf(recipe);
  },
  checkTeacher: async (name, dataset, classes, out) => {
    const [{ loadTeacher }, { isModelName }] = await Promise.all([import('./teacher-record.js'), import('@tempered/models')]);
    if (isModelName(name)) await loadTeacher(name, dataset, classes, out);
  },
  predict: async (files, images, signal) => await (await import('./evaluate-weights.js')).predictWeights(files, images, signal),
  analyse: async (...given) => await (await import('./analysis/analyse.js')).analyseCells(...given),
  timeSteps: async (...given) => await (await import('./time-steps.js')).timeSteps(...given),
  runGroup: async (cells, context) => [
    ...(await runWorker(
      cells.map(({ id }) => id),
      context,
    )),
  ],
  trainGroup: async (cells, context) => await (await import('./group.js')).runGroup(cells, context),
};
