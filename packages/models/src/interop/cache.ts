import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** The per-user cache. */
export function cacheFolder(): string {
  const { TEMPERED_CACHE: named, INIT_CWD, XDG_CACHE_HOME } = process.env;
  return named ? resolve(INIT_CWD ?? process.cwd(), named) : join(XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'tempered');
}

/** A folder of the cache for a tool that only an interop target needs; made if it is missing. */
export function toolFolder(name: string): string {
  const folder = join(cacheFolder(), 'tools', name);
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** Runs a program with its output on this terminal; throws an Error that says what failed and what it was for. */
export function runTool(purpose: string, program: string, args: string[]): void {
  try {
    execFileSync(program, args, { stdio: 'inherit' });
  } catch (error) {
    throw new Error(`${purpose} failed: ${(error as Error).message}`);
  }
}
