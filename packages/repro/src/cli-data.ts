import {
  checkImages,
  checkPhotographs,
  type DataError,
  describeImages,
  describePhotographs,
  fetchImages,
  type ImageFacts,
  isDataError,
  type OnProgress,
} from '@tempered/data';
import { Command } from 'commander';
import type { RunAction } from './cli.js';
import { progressOn } from './data-progress.js';
import { exitCodes, UserError } from './errors.js';
import { findPhotographs } from './images.js';
import type { Output } from './output.js';
import { FULL_SETS } from './paper.js';
import { DATASETS, parseDataset } from './repro-options.js';
import { StatusLine } from './status-line.js';
import { count, datasetTitle } from './table.js';
import { fromRoot } from './workspace.js';

interface DataWords {
  dataset?: string;
  data?: string;
  json?: boolean;
}

/** `tempered data info|check|fetch`: which images there are, whether they are whole, and getting them. */
export function dataCommand(run: RunAction): Command {
  const command = new Command('data').description('find, check and fetch images');
  const about = {
    info: 'say which images a run would take, and from where; fetches nothing',
    check: 'the same: every file is read and checked (sizes, records, labels) before it is described',
    fetch: 'put them into the cache, whatever TEMPERED_DATA names',
  } as const;
  for (const name of ['info', 'check', 'fetch'] as const) {
    const leaf = command
      .command(name)
      .description(about[name])
      .option('--dataset <name>', `${DATASETS.join(', ')} (default: whichever is there, cifar100 first)`)
      .option('--json', 'one JSON record on stdout');
    if (name !== 'fetch') leaf.option('--data <folder>', 'where they lie (default: TEMPERED_DATA, else the cache)');
    leaf.action(async (words: DataWords) => {
      await run(async ({ output, interruptions }) => {
        const status = new StatusLine(output.progress, output.style, output.width);
        const options = {
          dataset: words.dataset === undefined ? 'auto' : parseDataset(words.dataset),
          signal: interruptions.signal,
          onProgress: progressOn(status),
        } as const;
        const data = words.data === undefined ? undefined : fromRoot(words.data);
        if (options.dataset === 'imagenet') {
          const { facts, broken } = await lookAtPhotographs(name, data, options).finally(() => status.clear());
          show(facts, output);
          for (const { message } of broken) output.log(message);
          return broken.length === 0 ? exitCodes.done : exitCodes.failed;
        }
        const asked = { ...options, dataset: options.dataset };
        const found = name === 'fetch' ? await fetchImages(asked) : await checkImages({ ...asked, data });
        status.clear();
        show(describeImages(found), output);
        return exitCodes.done;
      });
    });
  }
  return command;
}

/** Photographs of a folder; `check` decodes every one of them. */
async function lookAtPhotographs(
  name: 'info' | 'check' | 'fetch',
  data: string | undefined,
  { signal, onProgress }: { signal: AbortSignal; onProgress: OnProgress },
): Promise<{ facts: ImageFacts; broken: DataError[] }> {
  try {
    if (name === 'fetch') {
      const mend = "get it from its home page and name its folder with --data, or TEMPERED_DATA, for 'data check' and for runs";
      throw new UserError({ what: 'ImageNet is not fetched', where: '--dataset imagenet', mend });
    }
    const { sets, source } = await findPhotographs({ data, signal });
    const broken: DataError[] = [];
    if (name === 'check') for (const set of [sets.train, sets.test]) broken.push(...(await checkPhotographs(set, { signal, onProgress })));
    const [train, test] = FULL_SETS.imagenet!;
    const complete = sets.train.length === train && sets.test.length === test;
    return { facts: describePhotographs(source, sets, complete), broken };
  } catch (error) {
    if (!isDataError(error)) throw error;
    throw new UserError({ what: error.message, where: '--data' }, { cause: error });
  }
}

function show(facts: ImageFacts, output: Output): void {
  const { dataset, source, complete, classes, size, train, test } = facts;
  const line = (name: string, { length, perClass, fingerprint }: ImageFacts['train']): string => {
    const each = perClass.least === perClass.most ? count(perClass.least) : `${count(perClass.least)} to ${count(perClass.most)}`;
    return `  ${name.padEnd(5)} ${count(length).padStart(7)} images, ${each} of each of ${classes} classes, ${size?.join(' x ') ?? 'of many sizes'}, sha256 ${fingerprint.slice(0, 16)}`;
  };
  output.say(`${output.style.bold(datasetTitle(dataset))}${complete ? '' : ', a part of it'}; from ${source}`);
  output.say(line('train', train));
  output.say(line('test', test));
  output.record({ kind: 'images', ...facts });
}
