import type { LossName } from '@tempered/kd';
import type { ModelName } from '@tempered/models';

/** The curriculum's lambda over epochs and the range of its temperature: T = start + range * sigmoid(p), p starting at 1. */
export interface Curriculum {
  start: number;
  /** The width of the range, not its end. */
  range: number;
  schedule: 'cosine' | 'linear';
  /** lambda before the first epoch and after `loops` of them; the minus sign of the reversal lives here. */
  max: number;
  min: number;
  /** Epochs over which lambda goes from max to min. */
  loops: number;
}

export interface Optimizer {
  lr: number;
  momentum: number;
  weightDecay: number;
  nesterov: boolean;
}

/**
 * Everything that decides how a student is trained, apart from images, seed and precision: fully resolved, plain JSON.
 *
 *   L = weights.ce * CE + weights.kd * KD + ramp(epoch) * weights.method * loss,   ramp(e) = min(1, e / warmupEpochs)
 *
 * Units    epochs count from 1; the rate falls after each of lrDecayEpochs.
 */
export interface Recipe {
  dataset: string;
  /** Whose logits are matched; null where nothing teaches (method 'vanilla'). */
  teacher: ModelName | null;
  student: ModelName;
  /** What the row of a table is called, without LS and curriculum: 'vanilla', 'kd', 'dkd', 'pkt', ... */
  method: string;
  /** The registered loss beside the KD term, weighted by weights.method; null for 'vanilla' and 'kd'. */
  loss: LossName | null;
  /** The fixed temperature of logit-matching terms; unused where there is a curriculum. */
  temperature: number;
  /** Logit standardization of the logit-matching term. */
  standardize: boolean;
  /** The learned temperature of the logit-matching term; null: the fixed one. */
  curriculum: Curriculum | null;
  weights: { ce: number; kd: number; method: number };
  /** Epochs over which weights.method ramps up as epoch / warmupEpochs; 0: from the start. */
  warmupEpochs: number;
  /** What is particular to `loss` (dkd: { alpha, beta }), handed to it as it stands; where there is none, to the KD term (asRun). */
  options: Record<string, number | string | boolean | readonly number[]>;
  optimizer: Optimizer;
  batchSize: number;
  epochs: number;
  lrDecayEpochs: readonly number[];
  lrDecayRate: number;
  /** Which rows of paper/recipes.csv, or which departure from them, say so. Not part of a cell's identity. */
  source: string;
}

/**
 * The same recipe over fewer or more epochs: decay epochs, warm-up and curriculum loops keep their share of the whole.
 *
 * Shares round to whole epochs, halves down; decays that fall together, or beyond the last epoch, are one or none.
 *
 * Throws   RangeError where `epochs` is not a whole number above 0.
 */
export function withEpochs(recipe: Recipe, epochs: number): Recipe {
  if (!Number.isInteger(epochs) || epochs < 1) throw new RangeError(`withEpochs: epochs must be a whole number above 0, got ${epochs}`);
  if (epochs === recipe.epochs) return recipe;
  const scaled = (epoch: number): number => Math.max(0, Math.ceil((epoch * epochs) / recipe.epochs - 0.5));
  const decays = recipe.lrDecayEpochs.map(scaled).filter((epoch) => epoch >= 1 && epoch < epochs);
  return {
    ...recipe,
    epochs,
    lrDecayEpochs: [...new Set(decays)],
    warmupEpochs: scaled(recipe.warmupEpochs),
    curriculum: recipe.curriculum && { ...recipe.curriculum, loops: Math.max(1, scaled(recipe.curriculum.loops)) },
    source: `${recipe.source}; shortened from ${recipe.epochs} to ${epochs} ${epochs === 1 ? 'epoch' : 'epochs'}`,
  };
}
