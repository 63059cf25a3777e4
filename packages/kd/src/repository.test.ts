import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { losses } from './losses/index.js';

/** What lies around the sources and must go with them: the mutants, their score, the table of times. */
const at = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

interface Mutant {
  file: string;
  why: string;
  find: string;
  replace: string;
}

const load = async (): Promise<Mutant[]> => (await import(/* @vite-ignore */ at('mutation/mutants.mjs'))).mutants;

test('every mutant changes one place of the sources, and has a name of its own', async () => {
  const mutants = await load();
  for (const { file, why, find, replace } of mutants) {
    expect(readFileSync(at(`src/${file}`), 'utf8').split(find).length - 1, `${file}: ${why}`).toBe(1);
    expect(replace, `${file}: ${why}`).not.toBe(find);
  }
  expect(new Set(mutants.map(({ file, why }) => `${file}: ${why}`)).size).toBe(mutants.length);
});

test('every loss is broken in five ways at least', async () => {
  const mutants = await load();
  const FILES: Partial<Record<keyof typeof losses, string>> = { reviewkd: 'review-kd', locality: 'vit' };
  for (const name of Object.keys(losses) as (keyof typeof losses)[]) {
    const own = mutants.filter(({ file }) => file === `losses/${FILES[name] ?? name}.ts`);
    expect(own.length, name).toBeGreaterThanOrEqual(5);
  }
});

test('the kept score is of these mutants, none got through, and docs/losses.md says how many were tried', async () => {
  const names = new Set((await load()).map(({ file, why }) => `${file}: ${why}`));
  const { noticedBy } = JSON.parse(readFileSync(at('mutation/score.json'), 'utf8')) as { noticedBy: Record<string, string | null> };
  const tried = Object.entries(noticedBy);
  expect(tried.filter(([name]) => !names.has(name))).toEqual([]);
  expect(tried.filter(([, by]) => by === null)).toEqual([]);
  expect(readFileSync(at('../../docs/losses.md'), 'utf8')).toContain(
    `(${names.size} mutants, ${tried.length} of them tried so far, all noticed)`,
  );
});

test('docs/losses.md shows the times that are kept', () => {
  const { status, stderr } = spawnSync(process.execPath, [at('bench/table.mjs'), '--check'], { encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(status).toBe(0);
});
