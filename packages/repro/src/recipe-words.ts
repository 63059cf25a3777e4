import type { Recipe } from './recipe.js';

const epochsOf = (n: number): string => `${n} epoch${n === 1 ? '' : 's'}`;

const entries = (options: Readonly<Record<string, unknown>>): string[] =>
  Object.entries(options).map(([name, value]) => `${name} ${String(value)}`);

/** A recipe in one line for people: loss, schedule, optimizer. */
export const recipeWords = (recipe: Recipe): string => `${lossWords(recipe)}; ${scheduleWords(recipe)}`;

/** What a recipe minimises: 'CE 0.1, KD 9, T 2, standardized'. */
export function lossWords(recipe: Recipe): string {
  const { weights, loss, method, curriculum, warmupEpochs } = recipe;
  const matches = weights.kd > 0 || loss === 'dkd' || loss === 'mlkd';
  const temperature = curriculum
    ? `T ${curriculum.start} + ${curriculum.range} sigmoid(p), lambda ${curriculum.max} to ${curriculum.min} over ${epochsOf(curriculum.loops)} (${curriculum.schedule})`
    : `T ${recipe.temperature}`;
  const terms = [
    `CE ${weights.ce}`,
    ...(weights.kd > 0 ? [`KD ${weights.kd}`] : []),
    ...(loss ? [`${method} ${weights.method}${warmupEpochs > 0 ? ` (ramp over ${epochsOf(warmupEpochs)})` : ''}`] : []),
    ...entries(recipe.options),
  ];
  return [...terms, ...(matches ? [temperature] : []), ...(recipe.standardize ? ['standardized'] : [])].join(', ');
}

/** For how long and how fast: '240 epochs of batches of 64, lr 0.05 x 0.1 after 150, 180, 210, momentum 0.9, decay 0.0005'. */
export function scheduleWords(recipe: Recipe): string {
  const { optimizer, lrDecayEpochs, lrDecayRate } = recipe;
  const rate = `lr ${optimizer.lr}${lrDecayEpochs.length > 0 ? ` x ${lrDecayRate} after ${lrDecayEpochs.join(', ')}` : ''}`;
  const rest = `momentum ${optimizer.momentum}${optimizer.nesterov ? ' (Nesterov)' : ''}, decay ${optimizer.weightDecay}`;
  return `${epochsOf(recipe.epochs)} of batches of ${recipe.batchSize}, ${rate}, ${rest}`;
}
