import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** Which code a cell was trained with; the engine's own versions stand in its fingerprint. */
export interface Provenance {
  versions: { tempered: string; tfjs: string; node: string };
  /** Of the repository that holds this package, '-dirty' where files differ from it; null outside one, or without git. */
  commit: string | null;
}

const packageFile = fileURLToPath(new URL('../package.json', import.meta.url));

/** The version of this package. */
export const ownVersion = (): string => (JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string }).version;

/** Looks up versions and commit. */
export async function provenance(): Promise<Provenance> {
  const { tf } = await import('@tempered/tensors');
  return { versions: { tempered: ownVersion(), tfjs: tf.version.tfjs, node: process.versions.node }, commit: await commit() };
}

async function commit(): Promise<string | null> {
  const cwd = dirname(fileURLToPath(import.meta.url));
  const git = async (...words: string[]): Promise<string> => (await promisify(execFile)('git', words, { cwd })).stdout.trim();
  try {
    // A package installed into somebody else's repository has no commit of its own.
    await git('ls-files', '--error-unmatch', packageFile);
    const changed = await git('status', '--porcelain', '--untracked-files=no');
    return `${await git('rev-parse', 'HEAD')}${changed === '' ? '' : '-dirty'}`;
  } catch {
    return null;
  }
}
