import { Command, Option } from 'commander';
import type { RunAction } from './cli.js';
import { progressOn } from './data-progress.js';
import { didYouMean } from './did-you-mean.js';
import { exitCodes, UserError, usageError } from './errors.js';
import { fetchTeacher, forgetFetched, type TeacherFetch } from './fetch-teacher.js';
import type { Output } from './output.js';
import { checkOutFolder } from './plan.js';
import { profiles } from './profile.js';
import type { Surroundings } from './repro.js';
import { StatusLine } from './status-line.js';
import { count, datasetTitle } from './table.js';
import {
  downloadSize,
  PUBLISHED_TEACHERS,
  TEACHER_NAMES,
  TEACHER_SOURCES,
  type TeacherName,
  type TeacherSource,
} from './teacher-sources.js';
import { formatBytes } from './terminal.js';
import { fromRoot } from './workspace.js';

interface FetchWords {
  source?: string;
  sha256?: string;
  data?: string;
  out: string;
  json?: boolean;
}

/** `tempered teachers fetch`: a published teacher of CIFAR-100, checked against its network and measured before it is kept. */
export function fetchCommand(run: RunAction, sources = TEACHER_SOURCES): Command {
  return new Command('fetch')
    .argument('[model]', `one of ${TEACHER_NAMES.join(', ')}; left out, the sources are listed`)
    .description("get a published teacher of CIFAR-100: from mdistiller's release archive or RepDistiller's server")
    .addOption(new Option('--source <name>', 'ask this one alone').choices(sources.map(({ name }) => name)))
    .option('--sha256 <hex>', 'take only a file with this checksum; none is published')
    .option('--data <folder>', 'where the test images lie (default: TEMPERED_DATA, else the cache, else fetched)')
    .option('--out <folder>', 'it goes into the folder teachers/ there', 'out')
    .option('--json', 'JSON on stdout, words for people on stderr')
    .action(
      async (model: string | undefined, words: FetchWords) =>
        await run(async (surroundings) => {
          const asked = sources.filter(({ name }) => words.source === undefined || name === words.source);
          return model === undefined ? listSources(asked, surroundings.output) : await fetchOne(model, asked, words, surroundings);
        }),
    );
}

function listSources(sources: readonly TeacherSource[], output: Output): number {
  for (const source of sources) {
    output.say(`${output.style.bold(source.name)}: ${source.about}`);
    for (const model of TEACHER_NAMES) {
      const [url, bytes, top1] = [source.url(model), downloadSize(source, model), PUBLISHED_TEACHERS[model]];
      output.say(`  ${model.padEnd(10)} ${top1.toFixed(2)} %  about ${formatBytes(bytes).padStart(8)}  ${url}`);
      output.record({ kind: 'teacher-source', source: source.name, model, dataset: source.dataset, url, bytes, published: top1 });
    }
  }
  return exitCodes.done;
}

function knownTeacher(text: string): TeacherName {
  const known = TEACHER_NAMES.find((name) => name === text);
  if (known) return known;
  const mend = `${didYouMean(text, TEACHER_NAMES)}; others can be trained: 'tempered teachers train ${text} --dataset cifar100'`;
  throw usageError({ what: `nobody publishes a trained '${text}' where this looks`, where: 'teachers fetch', mend });
}

async function fetchOne(name: string, sources: readonly TeacherSource[], words: FetchWords, surroundings: Surroundings): Promise<number> {
  const { output, interruptions, services } = surroundings;
  const model = knownTeacher(name);
  if (words.sha256 !== undefined && !/^[\da-f]{64}$/i.test(words.sha256))
    throw usageError({ what: `'${words.sha256}' is no SHA-256 of 64 hexadecimal digits`, where: '--sha256' });
  const out = fromRoot(words.out);
  await checkOutFolder(out);
  const status = new StatusLine(output.progress, output.style, output.width);
  const { signal } = interruptions;
  const onProgress = progressOn(status);
  const onFailure: TeacherFetch['onFailure'] = (_, error) => {
    status.clear();
    output.log(error.message);
  };
  const fetched = await fetchTeacher({ model, sources, sha256: words.sha256, signal, onProgress, onFailure });
  status.clear();
  const { dataset, about } = fetched.source;
  output.say(`${model} from ${about}; measuring it`);
  const images = await services.openImages({
    dataset: 'cifar100',
    data: words.data === undefined ? undefined : fromRoot(words.data),
    profile: { ...profiles.paper, trainImages: null },
    signal,
    onProgress,
  });
  status.clear();
  await services.loadEngine('f32');
  const { importTeacher } = await import('./import-teacher.js');
  const published = PUBLISHED_TEACHERS[model];
  const command = `tempered teachers fetch ${model}`;
  try {
    const { record, path } = await importTeacher({
      file: fetched.path,
      model,
      images,
      out,
      command,
      origin: fetched.origin,
      published,
      signal,
    });
    output.say(
      `${model}: ${record.top1.toFixed(2)} % top-1 (${published.toFixed(2)} % published) of ${count(record.testImages)} test images of ${datasetTitle(dataset)}; kept as ${path}`,
    );
    output.record({ kind: 'teacher', ...record, published, path });
    return exitCodes.done;
  } catch (error) {
    if (error instanceof UserError) await forgetFetched(fetched);
    throw error;
  }
}
