import { lossNamed } from '@tempered/kd';
import { didYouMean } from './did-you-mean.js';
import { usageError } from './errors.js';
import { type Recipe, withEpochs } from './recipe.js';

export type FieldValue = number | string | boolean | readonly number[];

/** One field of a recipe that can be set from outside. */
export interface Field {
  /** How a label in a table says it: 'T' in 'KD T=8'. */
  short: string;
  /** Does the recipe read it at all? Setting one that nobody reads is a mistake, not a wish. */
  used(recipe: Recipe): boolean;
  set(recipe: Recipe, value: FieldValue): Recipe;
  kind: Kind;
}

export type Kind = 'positive' | 'number' | 'not negative' | 'count' | 'whole' | 'switch' | 'epochs' | 'schedule';

const matches = ({ loss, weights }: Recipe): boolean => weights.kd > 0 || loss === 'dkd' || loss === 'mlkd';
const learns = ({ curriculum }: Recipe): boolean => curriculum !== null;
const always = (): boolean => true;

const weight = (name: keyof Recipe['weights'], short: string, used: Field['used']): Field => ({
  short,
  used,
  set: (recipe, value) => ({ ...recipe, weights: { ...recipe.weights, [name]: value as number } }),
  kind: 'not negative',
});
const optimizer = (name: keyof Recipe['optimizer'], short: string, kind: Kind): Field => ({
  short,
  used: always,
  set: (recipe, value) => ({ ...recipe, optimizer: { ...recipe.optimizer, [name]: value as never } }),
  kind,
});
const curriculum = (name: keyof NonNullable<Recipe['curriculum']>, kind: Kind): Field => ({
  short: name,
  used: learns,
  set: (recipe, value) => ({ ...recipe, curriculum: recipe.curriculum && { ...recipe.curriculum, [name]: value as never } }),
  kind,
});
const top = (name: keyof Recipe, short: string, kind: Kind, used: Field['used'] = always): Field => ({
  short,
  used,
  set: (recipe, value) => ({ ...recipe, [name]: value }),
  kind,
});

/** Every field, under the name that `--set`, `--grid` and a file of settings take. */
const FIELDS: Readonly<Record<string, Field>> = {
  epochs: { short: 'epochs', used: always, set: (recipe, value) => withEpochs(recipe, value as number), kind: 'count' },
  temperature: top('temperature', 'T', 'positive', (recipe) => matches(recipe) && !learns(recipe)),
  weight: {
    short: 'w',
    used: ({ teacher }) => teacher !== null,
    set: (recipe, value) => ({ ...recipe, weights: { ...recipe.weights, [recipe.loss ? 'method' : 'kd']: value as number } }),
    kind: 'not negative',
  },
  'weights.ce': weight('ce', 'ce', always),
  'weights.kd': weight('kd', 'kd', ({ teacher }) => teacher !== null),
  'weights.method': weight('method', 'w', ({ loss }) => loss !== null),
  warmupEpochs: top('warmupEpochs', 'warmup', 'whole', ({ loss }) => loss === 'dkd' || loss === 'reviewkd'),
  batchSize: top('batchSize', 'batch', 'count'),
  lr: optimizer('lr', 'lr', 'positive'),
  momentum: optimizer('momentum', 'momentum', 'not negative'),
  weightDecay: optimizer('weightDecay', 'decay', 'not negative'),
  nesterov: optimizer('nesterov', 'nesterov', 'switch'),
  lrDecayEpochs: top('lrDecayEpochs', 'decays', 'epochs'),
  lrDecayRate: top('lrDecayRate', 'rate', 'positive'),
  'curriculum.start': curriculum('start', 'positive'),
  'curriculum.range': curriculum('range', 'not negative'),
  'curriculum.schedule': curriculum('schedule', 'schedule'),
  'curriculum.max': curriculum('max', 'number'),
  'curriculum.min': curriculum('min', 'number'),
  'curriculum.loops': curriculum('loops', 'positive'),
};

/** Options of losses: read by the losses that have them, of the type that their defaults have. */
export const OPTION = /^options\.(\w+)$/;

/** The field of a name. Throws a UserError (usage) with the nearest one. */
export function fieldNamed(name: string, where: string): Field {
  const option = OPTION.exec(name)?.[1];
  if (option) return optionField(option);
  const field = FIELDS[name];
  if (field) return field;
  throw usageError({ what: `a recipe has no field '${name}'`, where, mend: didYouMean(name, [...Object.keys(FIELDS), 'options.NAME']) });
}

/** Of the recipe's loss; of the KD term where there is no other. */
function defaultsOf({ loss, weights }: Recipe): Readonly<Record<string, unknown>> {
  const name = loss ?? (weights.kd > 0 ? 'kd' : null);
  return name === null ? {} : ((lossNamed(name)?.defaults ?? {}) as unknown as Record<string, unknown>);
}

/** What a recipe decides itself is no option of its loss. */
const OWN = new Set(['weight', 'temperature', 'warmupEpochs']);

const optionField = (option: string): Field => ({
  short: option,
  used: (recipe) => !OWN.has(option) && Object.hasOwn(defaultsOf(recipe), option),
  set: (recipe, value) => {
    const type = typeof defaultsOf(recipe)[option];
    if (typeof value !== type) throw usageError({ what: `'${String(value)}' is not a ${type}`, where: `options.${option}` });
    return { ...recipe, options: { ...recipe.options, [option]: value } };
  },
  kind: 'number',
});
