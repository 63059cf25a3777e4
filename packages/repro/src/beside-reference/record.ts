import { basename, join } from 'node:path';
import { stringify } from 'csv-stringify/sync';
import { makeFolder, writeAtomically } from '../atomic-file.js';
import { usageError } from '../errors.js';
import { finalComparisons, isKind, type Kind, kindsOf } from './compare.js';
import { COMPARED, type Job } from './job.js';
import { counted, nameOf, percent, plainRate, signed, table } from './record-words.js';
import type { RunResult } from './result.js';
import { stepLines } from './step-lines.js';

/** Verdicts on a difference of accuracies; it takes two seeds to know their spread. */
const WITHIN = { true: 'yes', false: '**no**', null: 'two seeds needed' } as const;

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
  if (!reference[0] || ours.length === 0)
    throw usageError({ what: "there are no finished runs of both sides, PyTorch's in float32", mend: "'ours' and 'torch' make them" });
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
    seeds.length > 1 ? percent(spread) : '',
    WITHIN[`${within}`],
  ]);
  return table(['method', 'seeds', nameOf(ours), nameOf(theirs), 'mean difference', "seeds' spread", 'within'], rows);
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
      plainRate(learningRate),
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
    ...kinds.map((kind) => `loss: ${nameOf(kind)}`),
    ...kinds.map((kind) => `%: ${nameOf(kind)}`),
  ];
  return table(head, rows);
}

/** What each side makes of the teacher's weights: where it is the same, they went to the right layers. */
function teacherLines(results: readonly RunResult[]): string[] {
  const found = new Map(
    results.flatMap(({ about: { side, precision, teacherTop1 } }): [string, number][] =>
      teacherTop1 === null ? [] : [[nameOf({ side, precision }), teacherTop1]],
    ),
  );
  const measured = [...found].map(([name, top1]) => `${percent(top1)} % (${name})`);
  return measured.length > 0 ? [`The teacher on the test images, measured by each side: ${measured.join(', ')}.`, ''] : [];
}

const runLines = (results: readonly RunResult[]): string[] =>
  table(
    ['run', 'method', 'seed', 'device', 'seconds', 'versions'],
    results.map(({ about, epochs, steps }) => [
      `${nameOf(about)}${epochs.length > 0 ? '' : `, first ${counted(steps.length, 'step')}`}`,
      COMPARED[about.method].label,
      about.seed,
      about.device,
      about.seconds.toFixed(0),
      about.versions,
    ]),
  );

/** What was trained, in words. */
function settingLines({ recipes, images }: Job): string[] {
  const [recipe] = Object.values(recipes);
  const { student, epochs, batchSize, optimizer, lrDecayEpochs, lrDecayRate } = recipe!;
  const teacher = Object.values(recipes).find((one) => one.teacher)?.teacher;
  const decays =
    lrDecayEpochs.length > 0
      ? `times ${lrDecayRate} after epoch${lrDecayEpochs.length > 1 ? 's' : ''} ${lrDecayEpochs.join(', ')}`
      : 'no decay';
  return [
    `\`nx run repro:beside-reference\`: ${student}${teacher ? ` (KD: under ${teacher})` : ''} on ${images.trainImages} training images of CIFAR-100, tested on ${images.testImages}; the paper's recipe`,
    `shortened to ${counted(epochs, 'epoch')} (batch ${batchSize}, rate ${optimizer.lr}, ${decays}). Both sides start from the same weights and see the same`,
    'pictures in the same order, crops and flips, and PyTorch strings its own layers together as the zoo describes them; losses, gradients and SGD are its own too.',
    'Not comparable with the papers: too short.',
    'Everything below is computed from the files beside this one by the same command.',
  ];
}

/** What a record is called, and how its runs were made where the files do not say so. */
export interface RecordWords {
  title: string;
  note?: string | undefined;
}

/** The README of a record: all of it out of the results, verdicts included. */
export function recordText(job: Job, results: readonly RunResult[], { title, note }: RecordWords): string {
  const sides = sidesOf(results);
  const [bfloat16, float32] = ['bf16', 'f32'].map((name) => sides.ours.find(({ precision }) => precision === name));
  const exact = kindsOf(results).find(({ side, precision }) => side.startsWith('torch') && precision === 'f64');
  return `${[
    `# ${title}`,
    '',
    ...(note ? [note, ''] : []),
    ...settingLines(job),
    '',
    '## Accuracy after the last epoch',
    '',
    'Top-1 in percent of the test images, seed by seed. Within: the mean difference is no larger than the spread of the seeds, which is the largest minus the',
    'smallest accuracy of a side (of both sides the larger).',
    '',
    ...sides.ours.flatMap((kind) => [...finalLines(results, kind, sides.reference), '']),
    ...(bfloat16 && float32 ? [...finalLines(results, bfloat16, float32), ''] : []),
    '## Epoch by epoch',
    '',
    'Loss: mean over the training images of the epoch. %: top-1 (top-5) of the test images.',
    '',
    ...epochLines(results, sides),
    '',
    '## First steps',
    '',
    ...stepLines(results, { float32, bfloat16, reference: sides.reference, exact }),
    '',
    '## Runs',
    '',
    'Seconds of the whole command, evaluations included. The device of ours says how many cores a run may take, its versions how many threads are inside an op.',
    '',
    ...teacherLines(results),
    ...runLines(results),
  ].join('\n')}\n`;
}

/** Writes a record folder: README.md, the job without the arrays and paths of this machine, and all rows of all runs. */
export async function writeRecord(folder: string, job: Job, results: readonly RunResult[], words: RecordWords): Promise<void> {
  const text = recordText(job, results, words);
  await makeFolder(folder);
  const { networks: _built, files, ...config } = job;
  const named = {
    ...config,
    files: { ...files, train: files.train.map((file) => basename(file)), test: files.test.map((file) => basename(file)) },
  };
  const images = { ...named.images, source: 'a folder with the binary files' };
  const run = ({ about: { side, method, seed, precision } }: RunResult): object => ({ side, method, seed, precision });
  const csv = (rows: object[]): string => stringify(rows, { header: true });
  const write = async (name: string, content: string): Promise<void> => await writeAtomically(join(folder, name), content);
  const epochsOf = (result: RunResult): object[] =>
    result.epochs.map((epoch) => ({ ...run(result), ...epoch, learningRate: plainRate(epoch.learningRate) }));
  await write('config.json', `${JSON.stringify({ ...named, images }, null, 2)}\n`);
  await write('epochs.csv', csv(results.flatMap(epochsOf)));
  await write('steps.csv', csv(results.flatMap((result) => result.steps.map(({ step, loss }) => ({ ...run(result), step, loss })))));
  await write('runs.csv', csv(results.map(({ about }) => about)));
  await write('README.md', text);
}
