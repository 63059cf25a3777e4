import { CURRICULUM, dkd, evaluateLoss, LAMBDA, type LossName, losses } from '@tempered/kd';
import { type Tensor1D, type Tensor2D, tf } from '@tempered/tensors';
import { beforeAll, expect, test } from 'vitest';
import { readPaperTable } from '../paper.js';
import { recipeFor } from './index.js';
import { cifarPairs } from './pairs.js';

const rows = readPaperTable('recipes').filter(({ dataset }) => dataset === 'cifar100');

/** Which column of recipes.csv holds an option of a loss, where the two are not of one name. */
const COLUMNS: Record<LossName, Record<string, string>> = {
  ce: {},
  kd: {},
  dkd: { alpha: 'dkd_alpha', beta: 'dkd_beta', temperature: 'temperature', warmupEpochs: 'dkd_warmup_epochs' },
  mlkd: { weight: 'method_weight', temperature: 'temperature' },
  pkt: { weight: 'method_weight' },
  sp: { weight: 'method_weight' },
  vid: { weight: 'method_weight', initialVariance: 'vid_init_pred_var', epsilon: 'vid_eps' },
  crd: {
    weight: 'method_weight',
    sampling: 'crd_mode',
    dimension: 'crd_feat_dim',
    negatives: 'crd_nce_k',
    nceTemperature: 'crd_nce_t',
    momentum: 'crd_nce_m',
  },
  srrl: { weight: 'method_weight' },
  at: { weight: 'method_weight', p: 'at_p' },
  fitnet: { weight: 'method_weight', layer: 'fitnet_hint_layer' },
  rkd: {
    weight: 'method_weight',
    distanceWeight: 'rkd_distance_weight',
    angleWeight: 'rkd_angle_weight',
    epsilon: 'rkd_pdist_epsilon',
    squared: 'rkd_pdist_squared',
  },
  nst: { weight: 'method_weight' },
  kdsvd: { weight: 'method_weight', k: 'kdsvd_k' },
  ofd: { weight: 'method_weight', kernel: 'ofd_connector_kernel' },
  reviewkd: { weight: 'method_weight', warmupEpochs: 'reviewkd_warmup_epochs', studentPreact: 'reviewkd_stu_preact' },
  cc: { weight: 'method_weight' },
  locality: { weight: 'method_weight', studentStages: 'vit_inter_student_index', teacherStages: 'vit_inter_teacher_index' },
};

/** Losses whose settings the sources change from pair to pair: there the defaults are those of one row. */
const ONE_ROW: Partial<Record<LossName, Record<string, string>>> = {
  dkd: { repo: 'sunshangquan/logit-standardization-KD', logit_stand: '0', teacher: 'resnet32x4', student: 'resnet8x4' },
  mlkd: { logit_stand: '1', teacher: 'resnet32x4', student: 'resnet8x4' },
  locality: { student: 'deit-ti' },
};

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** An option as the table writes it. */
const written = (value: unknown): string =>
  Array.isArray(value) ? value.join(';') : typeof value === 'boolean' ? String(Number(value)) : String(value);

const same = (entry: string, value: string): boolean => entry === value || (entry !== '' && Number(entry) === Number(value));

const named = Object.keys(COLUMNS).filter((name) => name !== 'ce' && name !== 'kd') as LossName[];

test.each(named)("the defaults of %s are the table's, in every source that has it", (name) => {
  const about = { method: name, ...ONE_ROW[name] };
  const found = rows.filter((row) => Object.entries(about).every(([column, value]) => row[column] === value));
  expect(found.length).toBeGreaterThan(0);
  const defaults = losses[name].defaults as unknown as Record<string, unknown>;
  for (const [option, column] of Object.entries(COLUMNS[name])) {
    const entries = found.map((row) => row[column]!).filter((entry) => entry !== '');
    expect(entries.length, column).toBeGreaterThan(0);
    for (const entry of entries)
      expect(same(entry, written(defaults[option])), `${column} ${entry}, ${option} ${defaults[option]}`).toBe(true);
  }
});

test('CE has weight 1; KD the temperature and weight of the printed plain-KD numbers', () => {
  expect(losses.ce.defaults.weight).toBe(1);
  const row = rows.find(({ repo, method }) => repo === 'HobbitLong/RepDistiller' && method === 'kd')!;
  expect([losses.kd.defaults.temperature, losses.kd.defaults.weight].map(String)).toEqual([row.temperature, row.kd_weight]);
});

test("MLKD's temperatures are the table's, the recipe's own first", () => {
  const { temperature, otherTemperatures } = losses.mlkd.defaults;
  const listed = new Set(rows.filter(({ method }) => method === 'mlkd').map((row) => row.mlkd_temperatures));
  expect(listed).toContain([temperature, ...otherTemperatures].join(';'));
});

test("the curriculum's range and schedule are those of CTKD's script", () => {
  const row = rows.find(({ repo, method }) => repo === 'zhengli97/CTKD' && method === 'ctkd')!;
  expect(CURRICULUM).toEqual({ start: Number(row.ctkd_t_start), range: Number(row.ctkd_t_end) });
  const { ctkd_schedule: schedule, ctkd_decay_max: max, ctkd_decay_min: min, ctkd_decay_loops: loops } = row;
  expect(LAMBDA).toEqual({ schedule, max: Number(max), min: Number(min), loops: Number(loops) });
});

test('alpha and beta of the standardized DKD rows hold their KD weight, and nothing multiplies them again', () => {
  const student = tf.tensor2d([[3, 1, -2, 0.5]]) as Tensor2D;
  const teacher = tf.tensor2d([[5, 2, 1, -1]]) as Tensor2D;
  const labels = tf.tensor1d([2], 'int32') as Tensor1D;
  let compared = 0;
  for (const pair of cifarPairs) {
    const row = rows.find(
      ({ method, logit_stand, ...entry }) =>
        method === 'dkd' && logit_stand === '1' && entry.teacher === pair.teacher && entry.student === pair.student,
    );
    if (!row) continue;
    const recipe = recipeFor('dkd', { dataset: 'cifar100', ...pair, standardize: true, curriculum: false });
    const { temperature, standardize, weights, options } = recipe;
    tf.tidy(() => {
      const context = { student: { logits: student }, teacher: { logits: teacher }, labels, trainables: {}, buffers: {} };
      const { loss } = evaluateLoss(losses.dkd, { ...context, temperature, standardize }, { ...losses.dkd.defaults, ...options });
      const effective = { temperature: Number(row.temperature), alpha: Number(row.dkd_alpha), beta: Number(row.dkd_beta) };
      const exact = dkd(student, teacher, labels, { ...effective, standardize: true }).dataSync()[0]!;
      expect(weights.kd).toBe(0);
      expect(weights.method * loss.dataSync()[0]!).toBeCloseTo(exact, 4);
    });
    compared++;
  }
  tf.dispose([student, teacher, labels]);
  expect(compared).toBeGreaterThan(8);
});
