import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { cacheFolder, DataError, type Download, download, isDataError, type OnProgress, readArchive, writeStream } from '@tempered/data';
import { messageOf, UserError } from './errors.js';
import { downloadSize, sizeOfTeacher, type TeacherName, type TeacherSource } from './teacher-sources.js';

export interface TeacherFetch {
  model: TeacherName;
  /** Asked one after the other. */
  sources: readonly TeacherSource[];
  /** SHA-256 (hex) that the file must have, where one is known. */
  sha256?: string | undefined;
  cache?: string;
  /** How long a server may take, as `download` has it. */
  limits?: Pick<Download, 'connectMs' | 'stallMs' | 'attempts'>;
  signal: AbortSignal;
  onProgress?: OnProgress;
  /** Hears why a source did not give the file. */
  onFailure?: (source: TeacherSource, error: Error) => void;
}

/** A file of weights as it came. */
export interface FetchedTeacher {
  source: TeacherSource;
  path: string;
  /** Where it came from, for the record. */
  origin: string;
}

/** A wrapper's other contents (optimizer state, say) may make a file larger than its tensors. */
const MOST_GROWTH = 3;

/** The two ways that need no server. */
export const otherWays = (model: string, dataset: string): string =>
  `get the file another way and take it in with 'tempered teachers import FILE --model ${model} --dataset ${dataset}', or train one with 'tempered teachers train ${model} --dataset ${dataset}'`;

/**
 * Gets a published teacher's file into the cache; what is there already is not fetched again. What was fetched is a file of weights of
 * the right size and nothing more: it must still be imported, which checks it against its model and measures it.
 *
 * Throws   UserError with what every source answered and the two other ways; the signal's reason when it is aborted.
 */
export async function fetchTeacher(options: TeacherFetch): Promise<FetchedTeacher> {
  const { model, sources, signal, onFailure } = options;
  const failures: string[] = [];
  for (const source of sources) {
    try {
      return await fetchFrom(source, options);
    } catch (error) {
      signal.throwIfAborted();
      if (!isDataError(error)) throw error;
      failures.push(`${error.where}: ${error.what}`);
      onFailure?.(source, error);
    }
  }
  const { dataset } = sources[0]!;
  throw new UserError({
    what: `no source gives the trained ${model} for ${dataset}: ${failures.join('; ')}`,
    where: 'teachers fetch',
    mend: otherWays(model, dataset),
  });
}

async function fetchFrom(source: TeacherSource, options: TeacherFetch): Promise<FetchedTeacher> {
  const { model, sha256, cache = cacheFolder() } = options;
  const folder = join(cache, 'teachers', source.name);
  const path = join(folder, `${source.dataset}-${model}.pth`);
  const url = source.url(model);
  const origin = source.member ? `${source.member(model)} in ${url}` : url;
  if (!existsSync(path)) {
    await mkdir(folder, { recursive: true });
    if (source.member) await fromArchive(source, url, folder, path, options);
    else await get(url, path, MOST_GROWTH * downloadSize(source, model), options);
  }
  if (sha256 !== undefined) await checkSum(path, sha256, url);
  return { source, path, origin };
}

async function checkSum(path: string, expected: string, where: string): Promise<void> {
  const found = createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
  if (found === expected.toLowerCase()) return;
  await rm(path, { force: true });
  const mend = 'It is taken out of the cache';
  throw new DataError('checksum-mismatch', { where, what: `the file has SHA-256 ${found}, not ${expected}`, mend });
}

/** The archive stays in the cache, for the other teachers in it. */
async function fromArchive(source: TeacherSource, url: string, folder: string, path: string, options: TeacherFetch): Promise<void> {
  const { model, signal, onProgress } = options;
  const archive = join(folder, basename(new URL(url).pathname));
  const mostBytes = MOST_GROWTH * downloadSize(source, model);
  if (!existsSync(archive)) await get(url, archive, mostBytes, options);
  onProgress?.({ step: 'unpack', what: `${model} out of ${basename(archive)}` });
  const aside = await mkdtemp(`${path}.`);
  try {
    const file = join(aside, basename(path));
    const wanted = new Map([[source.member!(model), MOST_GROWTH * sizeOfTeacher(model, source.classes)]]);
    await readArchive({ archive, wanted, mostBytes, signal, take: (_, content) => writeStream(file, content) });
    await rename(file, path);
  } catch (error) {
    // One that is no archive, or not the one that was meant, would be in the way of the next attempt.
    if (isDataError(error)) await rm(archive, { force: true });
    throw error;
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

async function get(url: string, file: string, mostBytes: number, options: TeacherFetch): Promise<void> {
  const { model, limits, signal, onProgress } = options;
  const mend = `'tempered teachers fetch ${model}' tries again`;
  await download({ url, file, mostBytes, what: basename(file), mend, signal, onProgress, ...limits });
}

/** Takes a fetched file back out of the cache: it is not what it was taken for, and the next attempt must fetch anew. */
export async function forgetFetched({ path }: FetchedTeacher): Promise<void> {
  await rm(path, { force: true }).catch((error: unknown) => {
    throw new UserError({ what: messageOf(error), where: path, mend: 'remove it by hand' });
  });
}
