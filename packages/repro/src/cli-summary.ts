import { createModel, formatSummary, MODELS, summarize } from '@tempered/models';
import { Command } from 'commander';
import type { RunAction } from './cli.js';
import { parseModel } from './cli-teachers.js';
import { exitCodes, messageOf, usageError } from './errors.js';
import type { Output } from './output.js';
import { parseCount } from './repro-options.js';
import { wrap } from './terminal.js';

interface SummaryWords {
  classes?: string;
  size?: string;
  batch: string;
  all?: boolean;
  json?: boolean;
}

/** `tempered summary`: a network's layers, shapes, parameters, multiply-accumulates and memory; needs neither engine nor images. */
export function summaryCommand(run: RunAction): Command {
  return new Command('summary')
    .argument('<model>', 'a name of the zoo')
    .description("a network's layers, shapes, parameters, MACs and memory")
    .option('--classes <n>', "how many it tells apart (default: its dataset's)")
    .option('--size <pixels>', 'side of the images (default: its own)')
    .option('--batch <n>', 'images a training step, for its memory', '64')
    .option('--all', 'also layers without tensors')
    .option('--json', 'one JSON record on stdout, with every layer')
    .action(async (name: string, words: SummaryWords) => await run(async ({ output }) => summary(name, words, output)));
}

function summary(name: string, words: SummaryWords, output: Output): number {
  const known = parseModel(name, 'summary');
  const { family, note } = MODELS[known];
  const count = (option: string, text: string | undefined): number | undefined =>
    text === undefined ? undefined : parseCount(option, text);
  const [numClasses, inputSize] = [count('--classes', words.classes), count('--size', words.size)];
  const batch = parseCount('--batch', words.batch);
  const about = summarized(known, { ...(numClasses ? { numClasses } : {}), ...(inputSize ? { inputSize } : {}) }, batch);
  output.say(formatSummary(about, { all: words.all ?? false }));
  if (note) output.say(output.style.dim(wrap(note, output.width, '')));
  output.record({ kind: 'summary', family, note: note ?? null, ...about });
  return exitCodes.done;
}

function summarized(name: Parameters<typeof createModel>[0], options: Parameters<typeof createModel>[1], batch: number) {
  try {
    return summarize(createModel(name, options), batch);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw usageError({ what: messageOf(error), where: 'summary' });
  }
}
