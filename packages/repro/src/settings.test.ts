import { expect, test } from 'vitest';
import { recipeFor } from './recipes/index.js';
import { parseSetting, parseSettingsFile, variantsOf } from './settings.js';

const pair = { dataset: 'cifar100', teacher: 'resnet56', student: 'resnet20', standardize: false, curriculum: false } as const;
const kd = recipeFor('kd', pair);
const set = (text: string, recipe = kd) => variantsOf(recipe, [parseSetting(text, '--set')]);

test.each([
  ['temperature=2', { temperature: 2 }],
  ['weight=9', { weights: { ce: 0.1, kd: 9, method: 0 } }],
  ['weights.ce=0', { weights: { ce: 0, kd: 0.9, method: 0 } }],
  ['lr=0.1', { optimizer: { lr: 0.1 } }],
  ['nesterov=true', { optimizer: { nesterov: true } }],
  ['batchSize=128', { batchSize: 128 }],
  ['lrDecayEpochs=10+20', { lrDecayEpochs: [10, 20] }],
  ['epochs=24', { epochs: 24, lrDecayEpochs: [15, 18, 21] }],
] as const)('%s changes that field and no other', (text, expected) => {
  const [variant, ...others] = set(text);
  expect(others).toEqual([]);
  expect(variant!.recipe).toMatchObject(expected);
  expect(variant!.recipe.source).toContain(`set: ${text}`);
});

test('weight is the one of the term that the method is about', () => {
  expect(set('weight=5', recipeFor('pkt', pair))[0]!.recipe.weights).toEqual({ ce: 1, kd: 0, method: 5 });
  expect(set('curriculum.loops=3', recipeFor('ctkd', pair))[0]!.recipe.curriculum).toMatchObject({ loops: 3, start: 1 });
  expect(set('options.asRun=true', recipeFor('dkd', pair))[0]!.recipe.options).toEqual({ alpha: 1, beta: 2, asRun: true });
  expect(set('options.asRun=true')[0]!.recipe.options).toEqual({ asRun: true });
});

test('what a recipe does not read leaves it alone', () => {
  const vanilla = recipeFor('vanilla', pair);
  for (const text of ['temperature=2', 'weight=2', 'weights.kd=1', 'curriculum.max=1', 'options.alpha=2', 'warmupEpochs=3']) {
    expect(set(text, vanilla)).toEqual([{ recipe: vanilla, suffix: '', used: [] }]);
  }
  expect(set('temperature=2', recipeFor('ctkd', pair))[0]!.used).toEqual([]);
  expect(set('options.weight=2', recipeFor('dkd', pair))[0]!.used).toEqual([]);
});

test('a grid is every combination, epochs before decay epochs', () => {
  const grid = ['temperature=1,2', 'weight=1,9,18'].map((text) => parseSetting(text, '--grid'));
  const variants = variantsOf(kd, grid);
  expect(variants.map(({ suffix }) => suffix)).toEqual([' T=1 w=1', ' T=1 w=9', ' T=1 w=18', ' T=2 w=1', ' T=2 w=9', ' T=2 w=18']);
  expect(variants.map(({ recipe }) => [recipe.temperature, recipe.weights.kd])).toEqual([
    [1, 1],
    [1, 9],
    [1, 18],
    [2, 1],
    [2, 9],
    [2, 18],
  ]);
  const both = ['lrDecayEpochs=5', 'epochs=10'].map((text) => parseSetting(text, '--set'));
  expect(variantsOf(kd, both)[0]!.recipe).toMatchObject({ epochs: 10, lrDecayEpochs: [5] });
});

test.each([
  ['temperture=2', "did you mean 'temperature'?"],
  ['temperature', 'is not FIELD=VALUE'],
  ['temperature=hot', "'hot' is not a number"],
  ['temperature=', 'is not a number'],
  ['temperature=0', "'0' is not above 0"],
  ['weight=-1', 'is not 0 or above'],
  ['batchSize=1.5', 'is not a whole number'],
  ['nesterov=perhaps', 'is not true or false'],
  ['lrDecayEpochs=0', 'is not a list of epochs'],
  ['curriculum.schedule=square', 'is not cosine or linear'],
  ['temperature=1,2', 'gives several values'],
])('%s is wrong usage', (text, mend) => {
  expect(() => parseSetting(text, '--set')).toThrow(mend);
});

test('an option of the wrong type is wrong usage', () => {
  expect(() => set('options.beta=much', recipeFor('dkd', pair))).toThrow("options.beta: 'much' is not a number");
});

test('a file of settings is an object of fields', () => {
  expect(
    parseSettingsFile('{"temperature": 2, "nesterov": true, "lrDecayEpochs": [3, 4]}', 'f.json').map(({ field, values }) => [
      field,
      values,
    ]),
  ).toEqual([
    ['temperature', [2]],
    ['nesterov', [true]],
    ['lrDecayEpochs', [[3, 4]]],
  ]);
  expect(() => parseSettingsFile('{', 'f.json')).toThrow('f.json: it is not JSON');
  expect(() => parseSettingsFile('[]', 'f.json')).toThrow('not an object of fields');
  expect(() => parseSettingsFile('{"tmperature": 1}', 'f.json')).toThrow("did you mean 'temperature'?");
});
