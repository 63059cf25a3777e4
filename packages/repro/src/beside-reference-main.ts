import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { isModelName, type ModelName } from '@tempered/models';
import { Command, Option } from 'commander';
import { type Compared, isCompared, readJob, resultFolder } from './beside-reference/job.js';
import { trainOurs } from './beside-reference/ours.js';
import { prepareWork } from './beside-reference/prepare.js';
import { writeRecord } from './beside-reference/record.js';
import { readResults } from './beside-reference/result.js';
import type { Precision } from './cell.js';
import { describeError } from './describe-error.js';
import { usageError } from './errors.js';
import { listenForSignals } from './interruption.js';
import { parseCount } from './repro-options.js';
import { parseSeeds } from './selection-words.js';
import { fromRoot, rootFolder } from './workspace.js';

// `nx run repro:beside-reference -- prepare|ours|torch|table`: the same few epochs of the paper's recipes with our trainer and with
// PyTorch, from the same first weights, pictures, order, crops and flips. Each run is a command of its own, so that a machine with
// many cores has them side by side.

interface PrepareWords {
  data?: string;
  student: string;
  teacher: string;
  teacherFile?: string;
  methods: string;
  seeds: string;
  epochs: string;
  dataFraction: string;
  keptSteps: string;
}

interface RunWords {
  methods: string;
  seed: string;
  precision: string;
  threads: string;
  steps?: string;
}

/** Training images of CIFAR-100. */
const ALL_IMAGES = 50_000;

const { signal } = listenForSignals(() => undefined);
const say = (line: string): void => console.log(line);

function modelNamed(name: string): ModelName {
  if (isModelName(name)) return name;
  throw usageError({ what: `there is no model '${name}'`, where: '--student, --teacher' });
}

function methodsNamed(text: string): Compared[] {
  return text.split(',').map((name) => {
    if (isCompared(name)) return name;
    throw usageError({ what: `'${name}' is none of vanilla, kd, kd-ls`, where: '--methods' });
  });
}

async function prepare(work: string, words: PrepareWords): Promise<void> {
  const data = words.data ?? process.env.TEMPERED_DATA;
  if (!data) throw usageError({ what: 'no folder of images was named', where: '--data or TEMPERED_DATA' });
  const fraction = Number(words.dataFraction);
  const job = await prepareWork({
    work,
    data: fromRoot(data),
    student: modelNamed(words.student),
    teacher: modelNamed(words.teacher),
    teacherFile: words.teacherFile ? fromRoot(words.teacherFile) : null,
    methods: methodsNamed(words.methods),
    seeds: parseSeeds(words.seeds),
    epochs: parseCount('--epochs', words.epochs),
    trainImages: fraction === 1 ? null : Math.round(ALL_IMAGES * fraction),
    keptSteps: parseCount('--kept-steps', words.keptSteps),
    signal,
  });
  say(`${work}: ${Object.keys(job.recipes).join(', ')}, seeds ${job.seeds.join(', ')}, ${job.images.trainImages} training images`);
}

async function ours(work: string, { methods, seed, precision, threads, steps }: RunWords): Promise<void> {
  await trainOurs(readJob(work), {
    work,
    methods: methodsNamed(methods),
    seed: Number(seed),
    precision: precision as Precision,
    threads: parseCount('--threads', threads),
    steps: steps === undefined ? undefined : parseCount('--steps', steps),
    signal,
    say,
  });
}

function torch(work: string, words: RunWords & { device: string; python: string }): void {
  const { seed, precision, threads, device, python } = words;
  const steps = words.steps === undefined ? undefined : parseCount('--steps', words.steps);
  for (const method of methodsNamed(words.methods)) {
    const result = resultFolder(work, `torch-${device}`, { method, seed: Number(seed), precision }, steps);
    const options = { method, seed, precision, threads, device, result, ...(steps === undefined ? {} : { steps: String(steps) }) };
    const script = join(rootFolder(), 'tools', 'peer', 'train_reference.py');
    const given = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
    const { status, error } = spawnSync(python, [script, work, ...given], { stdio: 'inherit' });
    if (status !== 0) throw usageError({ what: error?.message ?? `it ended with ${status}`, where: `${python} ${script}` });
  }
}

const withRunOptions = (command: Command, precisions: readonly string[]): Command =>
  command
    .argument('<work>', 'the folder that prepare made')
    .requiredOption('--methods <names>', 'vanilla, kd, kd-ls; several with commas between')
    .requiredOption('--seed <n>')
    .addOption(new Option('--precision <name>').choices(precisions).default('f32'))
    .option('--threads <n>', 'cores that it takes', '1')
    .option('--steps <n>', 'stop after so many steps, without an evaluation');

const program = new Command('beside-reference').description('the paper’s recipes, shortened, with our trainer and with PyTorch');
program
  .command('prepare')
  .argument('<work>', 'a folder to make')
  .option('--data <folder>', "CIFAR-100's binary files (default: TEMPERED_DATA)")
  .option('--student <model>', '', 'resnet20')
  .option('--teacher <model>', '', 'resnet56')
  .option('--teacher-file <path>', 'trained weights, .safetensors or .pth (default: those that ship with the project)')
  .option('--methods <names>', '', 'vanilla,kd-ls')
  .option('--seeds <list>', "how many, or '0,1'", '2')
  .option('--epochs <n>', '', '3')
  .option('--data-fraction <share>', 'a balanced part of the training images', '1')
  .option('--kept-steps <n>', 'first steps whose losses are written down', '100')
  .action(async (work: string, words: PrepareWords) => await prepare(fromRoot(work), words));
withRunOptions(program.command('ours').description('train with our trainer; several methods share a teacher'), ['f32', 'bf16']).action(
  async (work: string, words: RunWords) => await ours(fromRoot(work), words),
);
withRunOptions(program.command('torch').description('train with PyTorch'), ['f32', 'bf16', 'f64'])
  .addOption(new Option('--device <name>').choices(['cpu', 'cuda']).default('cpu'))
  .option('--python <path>', "a Python with PyTorch 2 and numpy ('nx run tools:peer-venv' makes one)", 'python3')
  .action((work: string, words: RunWords & { device: string; python: string }) => torch(fromRoot(work), words));
program
  .command('table')
  .argument('<work>', 'the folder with the results')
  .option('--record <folder>', 'where to write the record (default: packages/repro/records/DATE_beside-reference)')
  .option('--title <text>', '', 'Beside PyTorch: the same few epochs')
  .option('--note <text>', 'how it was run, printed under the title')
  .description('lay the results out side by side, with what they come to')
  .action(async (work: string, { record, title, note }: { record?: string; title: string; note?: string }) => {
    const today = new Date().toISOString().slice(0, 10);
    const folder = fromRoot(record ?? join('packages', 'repro', 'records', `${today}_beside-reference`));
    await writeRecord(folder, readJob(fromRoot(work)), readResults(fromRoot(work)), { title, note });
    say(join(folder, 'README.md'));
  });

try {
  await program.parseAsync();
} catch (error) {
  const { text, exitCode } = describeError(error);
  console.error(text);
  process.exitCode = exitCode;
}
// Threads of TensorFlow's that still run do not keep the command from ending.
setTimeout(() => process.exit(), 2_000).unref();
