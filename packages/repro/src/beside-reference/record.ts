import { basename, join } from 'node:path';
import { stringify } from 'csv-stringify/sync';
import { makeFolder, writeAtomically } from '../atomic-file.js';
import { finalComparisons, isKind, type Kind, kindsOf, type StepDifferences, stepDifferences, typicalDifference } from './compare.js';
import { COMPARED, type Job } from './job.js';
import type { RunResult } from './result.js';

/** The first step has not moved anything yet: both sides compute the same function of the same numbers. */
const FIRST_STEP = 1e-5;
/** Ours may lie so many times as far from float64 as PyTorch's float32 does. */
const TIMES_AS_FAR = 3;
/** Steps whose differences are printed. */
const PRINTED_STEPS = [1, 2, 3, 5, 10, 20];

const nameOf = ({ side, precision }: Kind): string => `${side} ${precision}`;
const percent = (value: number): string => value.toFixed(2);
const signed = (value: number): string => `${value < 0 ? '' : '+'}${percent(value)}`;
const row = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;
const table = (head: readonly string[], rows: readonly (readonly (string | number)[])[]): string[] => [
  row(head),
  row(head.map((_, i) => (i === 0 ? '---' : '---:'))),
  ...rows.map(row),
];

/** The kinds that a record compares: ours in each precision with PyTorch's float32, of a GPU where there is one. */
interface Sides {
  reference: Kind;
  ours: Kind[];
}

function sidesOf(results: readonly RunResult[]): Sides {
  const kinds = kindsOf(results.filter(({ epochs }) => epochs.length > 0));
  const reference = ['torch-cuda', 'torch-cpu'].flatMap(
    (side) => kinds.find((kind) => kind.side === side && kind.precision === 'f32') ?? [],
  );
  const ours = kinds.filter(({ side }) => side.startsWith('ours')).sort((a, b) => b.precision.localeCompare(a.precision));
  if (!reference[0] || ours.length === 0) throw new Error('there are no finished runs of both sides in float32');
  return { reference: reference[0], ours };
}

/** Final accuracies of two kinds, with the verdict on each method. */
function finalLines(results: readonly RunResult[], ours: Kind, theirs: Kind): string[] {
  const found = finalComparisons(results.filter(isKind(ours)), results.filter(isKind(theirs)));
  const rows = found.map(({ method, seeds, difference, spread, within }) => [
    COMPARED[method].label,
    seeds.map(({ seed }) => seed).join(', '),
    seeds.map((one) => percent(one.ours)).join(', '),
    seeds.map((one) => percent(one.theirs)).join(', '),
    signed(difference),
    percent(spread),
    within ? 'yes' : '**no**',
  ]);
  return table(['method', 'seeds', `${nameOf(ours)} %`, `${nameOf(theirs)} %`, 'mean difference', "seeds' spread", 'within'], rows);
}

function epochLines(results: readonly RunResult[], { ours, reference }: Sides): string[] {
  const kinds = [...ours, reference];
  const runs = results.filter((run) => run.epochs.length > 0);
  const names = [...new Set(runs.map(({ about }) => `${about.method} ${about.seed}`))];
  const rows = names.flatMap((name) => {
    const same = runs.filter(({ about }) => `${about.method} ${about.seed}` === name);
    const [first] = same;
    return first!.epochs.map(({ epoch, learningRate }, i) => [
      COMPARED[first!.about.method].label,
      first!.about.seed,
      epoch,
      learningRate,
      ...kinds.map((kind) => same.find(isKind(kind))?.epochs[i]?.loss.toFixed(4) ?? ''),
      ...kinds.map((kind) => {
        const found = same.find(isKind(kind))?.epochs[i];
        return found ? `${percent(found.top1)} (${percent(found.top5)})` : '';
      }),
    ]);
  });
  const head = [
    'method',
    'seed',
    'epoch',
    'rate',
    ...kinds.map((kind) => `loss ${nameOf(kind)}`),
    ...kinds.map((kind) => `% ${nameOf(kind)}`),
  ];
  return table(head, rows);
}

/** Differences of the first steps' losses between ours, PyTorch in float32, and PyTorch in float64 where it was run. */
function stepLines(results: readonly RunResult[], { ours, reference }: Sides): string[] {
  const [float32] = ours.filter(({ precision }) => precision === 'f32');
  const exact = kindsOf(results).find(({ side, precision }) => side.startsWith('torch') && precision === 'f64');
  if (!float32) return ['Ours was not run in float32.'];
  const differences = (a: Kind, b: Kind): StepDifferences[] => stepDifferences(results.filter(isKind(a)), results.filter(isKind(b)));
  const pairs: [Kind, Kind][] = [
    [float32, reference],
    ...(exact
      ? ([
          [float32, exact],
          [reference, exact],
        ] as [Kind, Kind][])
      : []),
  ];
  const rows = pairs.flatMap(([a, b]) =>
    differences(a, b).map((found) => [
      `${nameOf(a)} to ${nameOf(b)}`,
      COMPARED[found.method].label,
      found.seed,
      ...PRINTED_STEPS.map((step) => found.relative[step - 1]?.toExponential(1) ?? ''),
      typicalDifference(found).toExponential(1),
    ]),
  );
  const head = ['relative difference of the loss', 'method', 'seed', ...PRINTED_STEPS.map((step) => `step ${step}`), 'rms of the first 20'];
  return [
    ...table(head, rows),
    '',
    ...stepVerdicts(differences(float32, reference), exact && { ours: differences(float32, exact), theirs: differences(reference, exact) }),
  ];
}

function stepVerdicts(
  direct: readonly StepDifferences[],
  toExact: { ours: readonly StepDifferences[]; theirs: readonly StepDifferences[] } | undefined,
): string[] {
  const first = Math.max(...direct.map(({ relative }) => relative[0] ?? Number.NaN));
  const lines = [
    `- The first step's losses agree to ${first.toExponential(1)} (at most ${FIRST_STEP.toExponential(0)} is allowed): **${first <= FIRST_STEP ? 'yes' : 'no'}**.`,
  ];
  if (!toExact || toExact.ours.length === 0) return lines;
  const times = toExact.ours.map((found) => {
    const theirs = toExact.theirs.find(({ method, seed }) => method === found.method && seed === found.seed);
    return theirs ? typicalDifference(found) / typicalDifference(theirs) : Number.NaN;
  });
  const most = Math.max(...times);
  return [
    ...lines,
    `- Over the first steps our float32 lies at most ${most.toFixed(1)} times as far from float64 as PyTorch's float32 does (at most ${TIMES_AS_FAR} is allowed): **${most <= TIMES_AS_FAR ? 'yes' : 'no'}**.`,
  ];
}

const runLines = (results: readonly RunResult[]): string[] =>
  table(
    ['run', 'seed', 'device', 'teacher %', 'seconds', 'versions'],
    results.map(({ about, epochs }) => [
      `${about.side} ${about.method} ${about.precision}${epochs.length ? '' : ', first steps'}`,
      about.seed,
      about.device,
      about.teacherTop1 === null ? '' : percent(about.teacherTop1),
      about.seconds.toFixed(0),
      about.versions,
    ]),
  );

/** The README of a record: all of it out of the results, verdicts included. */
export function recordText(job: Job, results: readonly RunResult[], title: string): string {
  const sides = sidesOf(results);
  const [recipe] = Object.values(job.recipes);
  const bf16 = sides.ours.find(({ precision }) => precision === 'bf16');
  const f32 = sides.ours.find(({ precision }) => precision === 'f32');
  return `${[
    `# ${title}`,
    '',
    `\`nx run repro:beside-reference\`: ${recipe!.student}${Object.values(job.recipes).some(({ teacher }) => teacher) ? ' under resnet56' : ''} on ${job.images.trainImages} training images of CIFAR-100, tested on ${job.images.testImages}; the paper's recipe`,
    `shortened to ${recipe!.epochs} epochs (batch ${recipe!.batchSize}, rate ${recipe!.optimizer.lr}, a tenth of it after epochs ${recipe!.lrDecayEpochs.join(', ') || 'none'}). Both sides start from the same weights and see the same`,
    'pictures in the same order, crops and flips; networks, losses, gradients and SGD are their own. Not comparable with the papers: too short.',
    'Everything below is computed from the files beside this one by the same command.',
    '',
    '## Accuracy after the last epoch',
    '',
    "Within: the mean difference is no larger than the seeds' spread, the largest minus the smallest accuracy of a side's seeds (of both sides the larger).",
    '',
    ...sides.ours.flatMap((kind) => [...finalLines(results, kind, sides.reference), '']),
    ...(bf16 && f32 ? ['bf16 beside f32, both ours:', '', ...finalLines(results, bf16, f32), ''] : []),
    '## Epoch by epoch',
    '',
    'Loss: mean over the training images of the epoch. Accuracy: top-1 (top-5) of the test images.',
    '',
    ...epochLines(results, sides),
    '',
    '## First steps',
    '',
    'Rounding grows by about ten times a step at this rate, so that runs of one program on two devices part as well: float64 says how far.',
    '',
    ...stepLines(results, sides),
    '',
    '## Runs',
    '',
    ...runLines(results),
  ].join('\n')}\n`;
}

/** Writes a record folder: README.md, the job without the arrays and paths of this machine, and all rows of all runs. */
export async function writeRecord(folder: string, job: Job, results: readonly RunResult[], title: string): Promise<void> {
  await makeFolder(folder);
  const { networks: _built, files, ...config } = job;
  const named = {
    ...config,
    files: { ...files, train: files.train.map((file) => basename(file)), test: files.test.map((file) => basename(file)) },
  };
  const images = { ...named.images, source: 'a folder with the binary files' };
  const run = ({ about: { side, method, seed, precision } }: RunResult): object => ({ side, method, seed, precision });
  const csv = (rows: object[]): string => stringify(rows, { header: true });
  const write = async (name: string, text: string): Promise<void> => await writeAtomically(join(folder, name), text);
  await write('config.json', `${JSON.stringify({ ...named, images }, null, 2)}\n`);
  await write('epochs.csv', csv(results.flatMap((result) => result.epochs.map((epoch) => ({ ...run(result), ...epoch })))));
  await write('steps.csv', csv(results.flatMap((result) => result.steps.map(({ step, loss }) => ({ ...run(result), step, loss })))));
  await write('runs.csv', csv(results.map(({ about }) => about)));
  await write('README.md', recordText(job, results, title));
}
