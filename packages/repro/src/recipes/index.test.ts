import { MODEL_NAMES } from '@tempered/models';
import { expect, test } from 'vitest';
import { readPaperTable } from '../paper.js';
import type { Recipe } from '../recipe.js';
import { labelFor, methodNames, type methods, recipeFor } from './index.js';
import { cifarPairs } from './pairs.js';

const pair = { dataset: 'cifar100', teacher: 'resnet56', student: 'resnet20', standardize: false, curriculum: false } as const;
const rows = readPaperTable('recipes');

/** A row of recipes.csv by what it is about. */
function row(repo: string, about: Record<string, string>): Record<string, string> {
  const found = rows.filter((entry) => entry.repo === repo && Object.entries(about).every(([key, value]) => entry[key] === value));
  expect(found.length, JSON.stringify(about)).toBeGreaterThan(0);
  return found[0]!;
}

/** Compares what a row says (blank: nothing) with a recipe. */
function expectAgreement(recipe: Recipe, entry: Record<string, string>): void {
  const ours: Record<string, unknown> = {
    epochs: recipe.epochs,
    batch: recipe.batchSize,
    lr: recipe.optimizer.lr,
    momentum: recipe.optimizer.momentum,
    weight_decay: recipe.optimizer.weightDecay,
    nesterov: recipe.optimizer.nesterov ? 1 : 0,
    lr_decay_epochs: recipe.lrDecayEpochs.join(';'),
    lr_decay_rate: recipe.lrDecayRate,
    ce_weight: recipe.weights.ce,
    ...(recipe.curriculum
      ? {}
      : recipe.method === 'vanilla' || (recipe.loss && recipe.weights.kd === 0 && !['dkd', 'mlkd'].includes(recipe.loss))
        ? {}
        : { temperature: recipe.temperature }),
    ...(recipe.method === 'vanilla' || recipe.loss === 'dkd' || recipe.loss === 'mlkd' ? {} : { kd_weight: recipe.weights.kd }),
    ...(recipe.loss && recipe.loss !== 'dkd' ? { method_weight: recipe.weights.method } : {}),
    ...(recipe.loss === 'reviewkd'
      ? { reviewkd_warmup_epochs: recipe.warmupEpochs, reviewkd_stu_preact: Number(recipe.options.studentPreact ?? 0) }
      : {}),
    ...(recipe.loss === 'dkd'
      ? { dkd_alpha: recipe.options.alpha, dkd_beta: recipe.options.beta, dkd_warmup_epochs: recipe.warmupEpochs }
      : {}),
    ...(recipe.curriculum && {
      ctkd_t_start: recipe.curriculum.start,
      ctkd_t_end: recipe.curriculum.range,
      ctkd_schedule: recipe.curriculum.schedule,
      ctkd_decay_max: recipe.curriculum.max,
      ctkd_decay_min: recipe.curriculum.min,
      ctkd_decay_loops: recipe.curriculum.loops,
    }),
  };
  for (const [column, value] of Object.entries(ours)) {
    if (entry[column] === '') continue;
    expect(`${column} ${Number.isNaN(Number(entry[column])) ? entry[column] : Number(entry[column])}`).toBe(`${column} ${value}`);
  }
}

const logitStandardization = 'sunshangquan/logit-standardization-KD';
const mdistiller = 'megvii-research/mdistiller';
const repDistiller = 'HobbitLong/RepDistiller';
/** Rows of recipes.csv by source; undefined where the source has none. */
const find = (repo: string, about: Record<string, string>): Record<string, string> | undefined =>
  rows.find((entry) => entry.repo === repo && Object.entries(about).every(([key, value]) => entry[key] === value));

const pairs = cifarPairs.map(({ teacher, student }) => [teacher, student] as const);

test.each(pairs)('%s to %s is set as the sources set it', (teacher, student) => {
  const request = { ...pair, teacher, student };
  const slow = ['MobileNetV2', 'ShuffleV1', 'ShuffleV2'].includes(student);
  const forced = (entry: Record<string, string>): Record<string, string> => (slow ? { ...entry, lr: '0.01' } : entry);
  expectAgreement(recipeFor('vanilla', request), forced(row(repDistiller, { method: 'vanilla', student: 'resnet56' })));
  expectAgreement(recipeFor('kd', request), forced(row(repDistiller, { method: 'kd' })));
  for (const standardize of [false, true]) {
    const about = { teacher, student, logit_stand: standardize ? '1' : '0', dataset: 'cifar100' };
    for (const method of ['kd', 'dkd', 'mlkd'] as const) {
      if (method === 'kd' && !standardize) continue; // the LS repository's plain-KD files are not what made the printed numbers
      const entry = find(logitStandardization, { method, ...about }) ?? find(mdistiller, { method, ...about });
      if (entry) expectAgreement(recipeFor(method, { ...request, standardize }), entry);
    }
  }
});

test('which settings of pairs no source has', () => {
  const missing = pairs.flatMap(([teacher, student]) =>
    (['kd 1', 'dkd 0', 'dkd 1', 'mlkd 0', 'mlkd 1'] as const)
      .filter((key) => {
        const [method, logit_stand] = key.split(' ') as [string, string];
        const about = { method, logit_stand, teacher, student, dataset: 'cifar100' };
        return !find(logitStandardization, about) && !find(mdistiller, about);
      })
      .map((key) => `${teacher} ${student} ${key}`),
  );
  expect(missing).toEqual([
    'resnet110 resnet20 dkd 0',
    'resnet32x4 wrn_16_2 dkd 0',
    'resnet32x4 wrn_40_2 dkd 0',
    'wrn_40_2 resnet8x4 dkd 0',
    'wrn_40_2 MobileNetV2 dkd 0',
    'ResNet50 vgg8 kd 1',
    'ResNet50 vgg8 dkd 0',
    'ResNet50 vgg8 dkd 1',
    'ResNet50 vgg8 mlkd 0',
    'ResNet50 vgg8 mlkd 1',
    'resnet32x4 vgg8 dkd 0',
    'resnet32x4 vgg8 dkd 1',
  ]);
});

const featureNames = ['pkt', 'sp', 'vid', 'crd', 'at', 'fitnet', 'rkd', 'nst', 'cc', 'kdsvd', 'ofd', 'reviewkd'] as const;

test.each(featureNames)('%s is set as RepDistiller or mdistiller sets it', (method) => {
  const request = { ...pair, teacher: 'resnet32x4', student: 'resnet8x4' } as const;
  const entry = find(repDistiller, { method }) ?? row(mdistiller, { method, dataset: 'cifar100' });
  expectAgreement(recipeFor(method, request), entry);
});

test.each(['pkt', 'sp', 'vid', 'crd', 'srrl', 'dkd'] as const)(
  "%s with the curriculum has the weights of CTKD's script, batch and rate of its active command",
  (method) => {
    const entry = row('zhengli97/CTKD', { method, dataset: 'cifar100' });
    const recipe = recipeFor(method, { ...pair, curriculum: true });
    expectAgreement(recipe, { ...entry, batch: '64', lr: '0.05' });
    expect([entry.batch, entry.lr]).toEqual(['128', '0.1']);
    expectAgreement(recipeFor(method, { ...pair, curriculum: true, asWritten: true }), entry);
    expect(recipe.curriculum).toEqual(recipeFor('ctkd', pair).curriculum);
  },
);

test('ImageNet is set as the sources set it', () => {
  const about = { dataset: 'imagenet', teacher: 'ResNet34', student: 'ResNet18' };
  const request = { ...pair, ...about } as Parameters<typeof recipeFor>[1];
  const standardized = { ...request, standardize: true };
  for (const method of ['kd', 'dkd', 'at', 'crd', 'reviewkd'] as const)
    expectAgreement(recipeFor(method, request), row(mdistiller, { method, ...about }));
  for (const method of ['kd', 'dkd', 'mlkd'] as const) {
    expectAgreement(recipeFor(method, standardized), row(logitStandardization, { method, logit_stand: '1', ...about }));
  }
  expectAgreement(recipeFor('mlkd', request), row(logitStandardization, { method: 'mlkd', logit_stand: '0', ...about }));
  expectAgreement(recipeFor('ctkd', request), row('zhengli97/CTKD', { method: 'ctkd', dataset: 'imagenet' }));
  expectAgreement(recipeFor('ctkd', standardized), row(logitStandardization, { method: 'ctkd', dataset: 'imagenet' }));
  expectAgreement(recipeFor('dkd', { ...request, curriculum: true }), row('zhengli97/CTKD', { method: 'dkd', dataset: 'imagenet' }));
  expectAgreement(recipeFor('vanilla', request), row('zhengli97/CTKD', { method: 'vanilla', dataset: 'imagenet' }));
  const mobile = { dataset: 'imagenet', teacher: 'ResNet50', student: 'MobileNetV1' };
  const mobileRequest = { ...request, teacher: 'ResNet50_imagenet', student: 'MobileNetV1' } as const;
  for (const method of ['kd', 'dkd', 'at', 'crd', 'ofd', 'reviewkd'] as const) {
    expectAgreement(recipeFor(method, mobileRequest), row(mdistiller, { method, ...mobile }));
  }
});

test('CTKD is set as its own script and the copy in the LS repository set it', () => {
  expectAgreement(recipeFor('ctkd', pair), row('zhengli97/CTKD', { method: 'ctkd', dataset: 'cifar100' }));
  const copy = row(logitStandardization, { method: 'ctkd', file: 'CTKD/scripts/run_cifar_distill.sh' });
  expectAgreement(recipeFor('ctkd', { ...pair, standardize: true }), copy);
});

test('the control is the standardized recipe without standardization', () => {
  const control = recipeFor('kd', { ...pair, matched: true });
  const standardized = recipeFor('kd', { ...pair, standardize: true });
  expect({ ...control, standardize: true, source: standardized.source }).toEqual(standardized);
});

test('labels', () => {
  const label = (name: keyof typeof methods, changes: object): string => {
    const request = { ...pair, ...changes };
    return labelFor(name, request, recipeFor(name, request));
  };
  expect(label('vanilla', {})).toBe('vanilla');
  expect(label('kd', {})).toBe('KD');
  expect(label('kd', { matched: true })).toBe('KD T=2 w=9');
  expect(label('kd', { standardize: true })).toBe('KD+LS');
  expect(label('ctkd', {})).toBe('CTKD');
  expect(label('ctkd', { standardize: true })).toBe('CTKD+LS');
  expect(label('dkd', { curriculum: true, standardize: true })).toBe('DKD+CT+LS');
});

test.each(['MobileNetV2', 'ShuffleV1', 'ShuffleV2'] as const)('%s trains at 0.01 whatever the command says', (student) => {
  for (const method of methodNames.filter((name) => name !== 'mlkd')) {
    for (const asWritten of [false, true]) {
      const { optimizer } = recipeFor(method, { ...pair, teacher: 'resnet32x4', student, curriculum: true, asWritten });
      expect(`${method} ${optimizer.lr}`).toBe(`${method} 0.01`);
    }
  }
});

test('every model of the zoo has a vanilla recipe, so that it can be a teacher', () => {
  for (const student of MODEL_NAMES) {
    for (const dataset of ['cifar100', 'imagenet'])
      expect(recipeFor('vanilla', { ...pair, dataset, student })).toMatchObject({
        student,
        teacher: null,
        weights: { ce: 1, kd: 0, method: 0 },
      });
  }
});
