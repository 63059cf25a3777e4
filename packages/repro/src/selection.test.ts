import { expect, test } from 'vitest';
import { type Profile, profiles } from './profile.js';
import { methodNames, methods } from './recipes/index.js';
import { DEFAULT_METHODS, DEFAULT_PAIRS, defaultPairs, type Selection, selectCells } from './selection.js';
import { parseMethods, parsePairs, parseSeeds } from './selection-words.js';
import { parseSetting } from './settings.js';

const images = { dataset: 'cifar100', source: 'a folder', trainImages: 5000, testImages: 10_000, fingerprint: 'f' };
const quick: Selection = { pairs: DEFAULT_PAIRS, methods: DEFAULT_METHODS, ls: 'both', curriculum: null, seeds: [0] };
const labels = (changes: Partial<Selection>, profile: Profile = profiles.quick): string[] =>
  selectCells({ ...quick, ...changes }, profile, images).map(({ label, seed }) => (seed ? `${label} s${seed}` : label));

test('the quick profile has its eight cells in their order', () => {
  expect(labels({})).toEqual(['vanilla', 'KD', 'KD T=2 w=9', 'KD+LS', 'CTKD', 'CTKD+LS', 'DKD', 'DKD+LS']);
});

test('its recipes are shortened to twelve epochs', () => {
  for (const { recipe, precision } of selectCells(quick, profiles.quick, images)) {
    expect(recipe).toMatchObject({ epochs: 12, lrDecayEpochs: [7, 9, 10], batchSize: 64 });
    expect(precision).toBe('bf16');
  }
});

test('switches choose cells', () => {
  expect(labels({ ls: 'off' })).toEqual(['vanilla', 'KD', 'CTKD', 'DKD']);
  expect(labels({ methods: ['kd'], ls: 'on' })).toEqual(['KD+LS']);
  expect(labels({ methods: ['kd', 'dkd'], ls: 'off', curriculum: 'on' })).toEqual(['CTKD', 'DKD+CT']);
  expect(labels({ methods: ['kd'], ls: 'both', curriculum: 'both' })).toEqual(['KD', 'KD T=2 w=9', 'KD+LS', 'CTKD', 'CTKD+LS']);
  expect(labels({ methods: ['kd', 'ctkd'], ls: 'off', curriculum: 'both' })).toEqual(['KD', 'CTKD']);
  expect(labels({ curriculum: 'off' })).toEqual(['vanilla', 'KD', 'KD T=2 w=9', 'KD+LS', 'DKD', 'DKD+LS']);
  expect(() => labels({ methods: ['ctkd'], curriculum: 'off' })).toThrow("'ctkd' is KD with the curriculum on");
});

test('seeds repeat the cells; a student alone is one cell under several teachers', () => {
  expect(labels({ methods: ['kd'], ls: 'off', seeds: [0, 1] })).toEqual(['KD', 'KD s1']);
  const pairs = parsePairs('resnet56:resnet20, resnet110:resnet20');
  expect(labels({ pairs, methods: ['vanilla'] })).toEqual(['vanilla']);
});

test('the smoke profile takes batches of eight and says so', () => {
  const [cell] = selectCells(quick, profiles.smoke, images);
  expect(cell!.recipe).toMatchObject({ epochs: 1, batchSize: 8, source: expect.stringContaining('batches of 8, not 64') });
});

test('the smoke profile tries every setting of a method on the first of several pairs, and each method once on the others', () => {
  const pairs = parsePairs('all');
  const cells = selectCells({ ...quick, pairs, methods: parseMethods('all') }, profiles.smoke, images);
  const of = ({ teacher, student }: { teacher: string; student: string }): string[] =>
    cells.filter(({ recipe }) => recipe.student === student && recipe.teacher === teacher).map(({ label }) => label);
  const taught = methodNames.filter((name) => name !== 'vanilla');
  for (const method of taught.filter((name) => name !== 'kd' && name !== 'ctkd')) {
    const { title } = methods[method];
    expect(of(pairs[0]!)).toEqual(expect.arrayContaining([title, `${title}+LS`, `${title}+CT`, `${title}+CT+LS`]));
  }
  expect(of(pairs[0]!)).toEqual(expect.arrayContaining(['KD', 'KD T=2 w=9', 'KD+LS', 'CTKD', 'CTKD+LS']));
  for (const pair of pairs.slice(1)) expect(of(pair)).toEqual(taught.map((name) => methods[name].title));
  expect(labels({ pairs, methods: ['pkt'], ls: 'on' }, profiles.smoke)).toEqual(pairs.map(() => 'PKT+LS'));
});

test('the paper profile keeps the recipe', () => {
  const [, kd] = selectCells(quick, profiles.paper, images);
  expect(kd!.recipe).toMatchObject({ epochs: 240, batchSize: 64, lrDecayEpochs: [150, 180, 210], temperature: 4 });
});

test('pairs are read, and a misspelt one is met with the nearest', () => {
  expect(parsePairs('resnet56:resnet20')).toEqual([{ teacher: 'resnet56', student: 'resnet20' }]);
  expect(parsePairs('resnet56->resnet20')).toEqual([{ teacher: 'resnet56', student: 'resnet20' }]);
  expect(parsePairs('all').length).toBeGreaterThan(3);
  expect(() => parsePairs('resnet65:resnet20')).toThrow(/no model 'resnet65'\n {2}did you mean 'resnet56'\?/);
  expect(() => parsePairs('resnet56')).toThrow("'resnet56' is not a pair");
  expect(() => parsePairs(' , ')).toThrow('nothing is named');
});

test('methods are read, and a misspelt one is met with the nearest', () => {
  expect(parseMethods('kd, dkd')).toEqual(['kd', 'dkd']);
  expect(parseMethods('all')).toContain('vanilla');
  expect(() => parseMethods('kdd')).toThrow("did you mean 'kd'?");
});

test('seeds are a count, a list or a range', () => {
  expect(parseSeeds('3')).toEqual([0, 1, 2]);
  expect(parseSeeds('0,')).toEqual([0]);
  expect(parseSeeds('5,1,5')).toEqual([5, 1]);
  expect(parseSeeds('4..6')).toEqual([4, 5, 6]);
  for (const text of ['0', '-1', 'one', '1.5', '6..4', '', '4294967296,']) expect(() => parseSeeds(text)).toThrow(/--seeds/);
});

test('settings and grids make cells of their own, for the recipes that read them', () => {
  const settings = [parseSetting('temperature=1,2', '--grid'), parseSetting('weight=9', '--set')];
  expect(labels({ methods: ['vanilla', 'kd'], ls: 'on', settings })).toEqual(['vanilla', 'KD+LS T=1 w=9', 'KD+LS T=2 w=9']);
  expect(labels({ methods: ['kd', 'ctkd'], ls: 'off', settings: settings.slice(0, 1) })).toEqual(['KD T=1', 'KD T=2', 'CTKD']);
  const [cell] = selectCells(
    { ...quick, methods: ['dkd'], ls: 'off', settings: [parseSetting('options.beta=3', '--set')] },
    profiles.quick,
    images,
  );
  expect(cell).toMatchObject({
    label: 'DKD beta=3',
    recipe: { options: { alpha: 1, beta: 3 }, source: expect.stringContaining('set: options.beta=3') },
  });
});

test('a setting that no cell reads is a mistake', () => {
  const select = (text: string, changes: Partial<Selection>): string[] => labels({ ...changes, settings: [parseSetting(text, '--set')] });
  expect(() => select('temperature=2', { methods: ['ctkd'] })).toThrow("no cell of this selection reads 'temperature'");
  expect(() => select('options.beta=2', { methods: ['kd'] })).toThrow("no cell of this selection reads 'options.beta'");
  expect(() => select('curriculum.loops=2', { methods: ['kd'], curriculum: 'off' })).toThrow('curriculum.loops');
});

test('without a pair: one that the set of images has', () => {
  expect(defaultPairs('imagenet')).toEqual([{ teacher: 'ResNet34', student: 'ResNet18' }]);
  expect(parsePairs('all', 'imagenet')).toContainEqual(defaultPairs('imagenet')[0]);
  for (const dataset of [undefined, 'cifar100', 'cifar10']) expect(parsePairs('all', dataset)).toContainEqual(defaultPairs(dataset)[0]);
});
