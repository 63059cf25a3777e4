import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { isModelName, MODEL_NAMES, type ModelName } from '@tempered/models';
import { Command, Option } from 'commander';
import type { Precision } from './cell.js';
import type { RunAction } from './cli.js';
import { fetchCommand } from './cli-fetch-teacher.js';
import { progressOn } from './data-progress.js';
import { didYouMean } from './did-you-mean.js';
import { exitCodes, usageError } from './errors.js';
import { exitCodeOf } from './interruption.js';
import { checkOutFolder } from './plan.js';
import { precisionHere } from './precision.js';
import { profiles } from './profile.js';
import type { Surroundings } from './repro.js';
import { DATASETS, parseCount, parseDataset } from './repro-options.js';
import { StatusLine } from './status-line.js';
import { count, datasetTitle } from './table.js';
import { TeacherProgress } from './teacher-progress.js';
import type { TeacherFile } from './teacher-record.js';
import { TEACHER_NAMES } from './teacher-sources.js';
import { formatDuration } from './terminal.js';
import { fromRoot } from './workspace.js';

interface TeacherWords {
  dataset: string;
  model?: string;
  epochs: string;
  seed: string;
  precision?: Precision;
  trainImages?: string;
  rate?: string;
  from?: string;
  origin?: string;
  data?: string;
  out: string;
  json?: boolean;
}

/** `tempered teachers list|fetch|import|train`: the networks that teach. */
export function teachersCommand(run: RunAction): Command {
  const command = new Command('teachers').description('list, fetch, import and train the networks that teach');
  command
    .command('list')
    .description('those that come with the package, and your own')
    .option('--out <folder>', 'your own lie in its folder teachers/', 'out')
    .option('--json', 'one JSON record a teacher on stdout')
    .action(async (words: TeacherWords) => await run(async (surroundings) => await list(words, surroundings)));
  command.addCommand(fetchCommand(run));
  withImages(
    command.command('train <model>').description('train one on all images, with a record of how; goes on from where it was stopped'),
  )
    .option('--epochs <n>', 'one cycle of the learning rate over so many', '30')
    .option('--seed <n>', 'of weights, order and crops', '0')
    .addOption(
      new Option('--precision <name>', 'of convolutions (default: bf16 where the processor multiplies it)').choices(['f32', 'bf16']),
    )
    .option('--train-images <n>', 'a balanced part of them (default: all)')
    .option('--rate <x>', 'highest learning rate of the cycle (default: 0.25)')
    .option('--from <file>', 'go on from these trained weights (.safetensors, .pth) in a cycle of their own')
    .action(async (name: string, words: TeacherWords) => await run(async (surroundings) => await train(name, words, surroundings)));
  withImages(command.command('import <file>').description('take weights from a .pth or .safetensors file, and measure them'))
    .requiredOption('--model <name>', 'what they are the weights of')
    .option('--origin <words>', 'how they came about, for the record')
    .action(async (file: string, words: TeacherWords) => await run(async (surroundings) => await importFile(file, words, surroundings)));
  return command;
}

const withImages = (command: Command): Command =>
  command
    .requiredOption('--dataset <name>', `the images that it tells apart: ${DATASETS.join(', ')}`)
    .option('--data <folder>', 'where they lie (default: TEMPERED_DATA, else the cache, else fetched)')
    .option('--out <folder>', 'it goes into the folder teachers/ there', 'out')
    .option('--json', 'JSON on stdout, words for people on stderr');

/** The name of a model from the command line. Throws a UserError (usage) with the nearest one. */
export function parseModel(text: string, where: string): ModelName {
  if (isModelName(text)) return text;
  throw usageError({ what: `unknown model '${text}'`, where, mend: didYouMean(text, MODEL_NAMES) });
}

async function list({ out }: TeacherWords, { output }: Surroundings): Promise<number> {
  const { listTeachers } = await import('./teacher-record.js');
  const teachers = await listTeachers(fromRoot(out));
  for (const { record, path } of teachers) {
    const { model, dataset, top1, top5, testImages, origin } = record;
    output.say(
      `${output.style.bold(model.padEnd(14))} ${datasetTitle(dataset).padEnd(10)} ${top1.toFixed(2)} % top-1, ${top5.toFixed(2)} % top-5 of ${count(testImages)} images`,
    );
    output.say(output.style.dim(`  ${origin}\n  ${path}`));
    output.record({ kind: 'teacher', ...record, path });
  }
  if (teachers.length === 0) output.say("There is none yet; 'tempered teachers train resnet56 --dataset cifar10' trains one.");
  output.say(`Published for CIFAR-100: ${TEACHER_NAMES.join(', ')}; 'tempered teachers fetch' lists the sources, 'fetch NAME' gets one.`);
  return exitCodes.done;
}

/** The images that a teacher is trained or measured on: all of them, of the set that was named. */
async function imagesOf(words: TeacherWords, { output, interruptions, services }: Surroundings) {
  const status = new StatusLine(output.progress, output.style, output.width);
  const trainImages = words.trainImages === undefined ? null : parseCount('--train-images', words.trainImages);
  const images = await services.openImages({
    dataset: parseDataset(words.dataset),
    data: words.data === undefined ? undefined : fromRoot(words.data),
    profile: { ...profiles.paper, trainImages },
    signal: interruptions.signal,
    onProgress: progressOn(status),
  });
  status.clear();
  return images;
}

async function train(name: string, words: TeacherWords, surroundings: Surroundings): Promise<number> {
  const { output, interruptions } = surroundings;
  const model = parseModel(name, 'teachers train');
  const epochs = parseCount('--epochs', words.epochs);
  const seed = Number(words.seed);
  if (!Number.isInteger(seed) || seed < 0) throw usageError({ what: `'${words.seed}' is not a seed`, where: '--seed' });
  const out = fromRoot(words.out);
  await checkOutFolder(out);
  const images = await imagesOf(words, surroundings);
  const precision = words.precision ?? precisionHere('bf16');
  const engine = await surroundings.services.loadEngine(precision);
  const { about } = images;
  output.say(
    `Training ${model} on ${count(about.trainImages)} images of ${datasetTitle(about.dataset)} (from ${about.source}), ${epochs} epochs, seed ${seed}`,
  );
  output.say(`Engine: ${engine.summary}`);
  const progress = new TeacherProgress(new StatusLine(output.progress, output.style, output.width));
  const { trainTeacher } = await import('./train-teacher.js');
  const peak = words.rate === undefined ? undefined : Number(words.rate);
  if (peak !== undefined && !(peak > 0)) throw usageError({ what: `'${words.rate}' is not a learning rate`, where: '--rate' });
  const from = words.from === undefined ? undefined : { file: fromRoot(words.from), origin: await originOf(fromRoot(words.from)) };
  const part = [
    ...(words.trainImages === undefined ? [] : [`--train-images ${words.trainImages}`]),
    ...(peak === undefined ? [] : [`--rate ${peak}`]),
    ...(from === undefined ? [] : [`--from ${basename(from.file)}`]),
  ].map((words) => ` ${words}`);
  const record = await trainTeacher({
    model,
    images,
    epochs,
    seed,
    precision,
    peak,
    from,
    out,
    command: `tempered teachers train ${model} --dataset ${about.dataset} --epochs ${epochs} --seed ${seed} --precision ${precision}${part.join('')}`,
    signal: interruptions.signal,
    onEvent: (event) => {
      progress.handle(event);
      if (event.kind !== 'step') output.record(event);
    },
  });
  progress.stop();
  const interrupted = interruptions.received();
  if (record) {
    const took = record.seconds === undefined ? '' : ` after ${formatDuration(record.seconds)}`;
    output.say(
      `${model}: ${record.top1.toFixed(2)} % top-1, ${record.top5.toFixed(2)} % top-5 of ${count(record.testImages)} test images${took}`,
    );
    output.record({ kind: 'teacher', ...record });
    return exitCodes.done;
  }
  output.log('Saved. The same command goes on from here.');
  return interrupted ? exitCodeOf(interrupted) : exitCodes.failed;
}

/** How weights came about: what the record beside them says, if there is one. */
async function originOf(file: string): Promise<string> {
  const record = await readFile(file.replace(/\.[^.]+$/, '.json'), 'utf8').catch(() => null);
  const known = record === null ? null : (JSON.parse(record) as Partial<TeacherFile>);
  return known?.origin ? `${known.origin} (${known.command}: ${known.top1} %)` : `those of ${basename(file)}`;
}

async function importFile(file: string, words: TeacherWords, surroundings: Surroundings): Promise<number> {
  const { output, interruptions } = surroundings;
  const model = parseModel(words.model!, '--model');
  const out = fromRoot(words.out);
  await checkOutFolder(out);
  const images = await imagesOf(words, surroundings);
  await surroundings.services.loadEngine('f32');
  const { importTeacher } = await import('./import-teacher.js');
  const command = `tempered teachers import FILE --model ${model} --dataset ${images.about.dataset}`;
  const { record, path } = await importTeacher({
    file: fromRoot(file),
    model,
    images,
    out,
    command,
    origin: words.origin,
    signal: interruptions.signal,
  });
  output.say(
    `${model}: ${record.top1.toFixed(2)} % top-1, ${record.top5.toFixed(2)} % top-5 of ${count(record.testImages)} test images; kept as ${path}`,
  );
  output.record({ kind: 'teacher', ...record, path });
  return exitCodes.done;
}
