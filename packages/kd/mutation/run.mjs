// Breaks the losses on purpose, one mistake a copy of the package, and counts how many the test suite notices: first each mistake
// meets the tests of its own file, then the golden values, then the whole suite. Prints a line for each mutant, keeps the score in
// score.json, and fails when one survives.
//
//   node mutation/run.mjs [part of a mutant's name | --missing, those that nothing has noticed yet]
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mutants } from './mutants.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const packageFolder = resolve(here, '..');
const workspace = resolve(packageFolder, '../..');
const scoreFile = join(here, 'score.json');

/** How many copies go through one run of the tests. */
const AT_ONCE = 16;

const nameOf = ({ file, why }) => `${file}: ${why}`;

/** A workspace to hold copies of the package, beside links to everything they need. */
function sandbox() {
  const root = mkdtempSync(join(tmpdir(), 'kd-mutation-'));
  for (const file of ['vitest.config.ts', 'vitest.setup.ts', 'package.json', 'tsconfig.base.json', 'docs/losses.md']) {
    cpSync(join(workspace, file), join(root, file));
  }
  symlinkSync(join(workspace, 'node_modules'), join(root, 'node_modules'));
  return root;
}

/** A copy of the package with one mistake in it, or none. */
function plant(root, folder, broken) {
  const copy = join(root, 'packages', folder);
  mkdirSync(copy, { recursive: true });
  // Without the test that looks at the repository: it would notice every mistake by its text.
  cpSync(join(packageFolder, 'src'), join(copy, 'src'), { recursive: true, filter: (path) => !path.endsWith('repository.test.ts') });
  for (const file of ['package.json', 'golden-digits.json']) cpSync(join(packageFolder, file), join(copy, file));
  if (!broken) return;
  const path = join(copy, 'src', broken.file);
  const parts = readFileSync(path, 'utf8').split(broken.find);
  if (parts.length !== 2) throw new Error(`${nameOf(broken)}: found ${parts.length - 1} times: ${broken.find}`);
  writeFileSync(path, parts.join(broken.replace));
}

/** The folders of which a test failed, with the file it stands in. */
function failures(root, filters) {
  const report = join(root, 'report.json');
  rmSync(report, { force: true });
  const vitest = join(workspace, 'node_modules/vitest/vitest.mjs');
  spawnSync(process.execPath, [vitest, 'run', '--root', root, '--no-isolate', '--reporter=json', `--outputFile=${report}`, ...filters], {
    stdio: 'ignore',
  });
  const failed = new Map();
  for (const { name, status } of JSON.parse(readFileSync(report, 'utf8')).testResults) {
    const [, folder, file] = /packages\/([^/]+)\/src\/(.*)$/.exec(name) ?? [];
    if (status === 'failed' && folder) failed.set(folder, file);
  }
  return failed;
}

/** The test files that a mistake meets at each stage, as filters; nothing where the stage has none for it. */
const STAGES = [
  (root, folder, { file }) => {
    const own = `packages/${folder}/src/${file.replace(/\.ts$/, '.test.ts')}`;
    return existsSync(join(root, own)) ? [own] : [];
  },
  (_root, folder) => [`packages/${folder}/src/golden/golden.test.ts`],
  (_root, folder) => [`packages/${folder}/src/`],
];

/** Which test noticed each of the mutants; null for one that got through. */
function trial(root, chosen) {
  const noticed = new Map(chosen.map((one) => [one, null]));
  const folders = new Map(chosen.map((one, i) => [one, `m${i}`]));
  plant(root, 'sound');
  for (const [one, folder] of folders) plant(root, folder, one);
  for (const filtersOf of STAGES) {
    const pending = chosen
      .filter((one) => !noticed.get(one))
      .map((one) => ({ one, folder: folders.get(one), filters: filtersOf(root, folders.get(one), one) }));
    const filters = pending.flatMap((entry) => entry.filters);
    if (filters.length === 0) continue;
    const sound = [...new Set(filters.map((filter) => filter.replace(/packages\/m\d+\//, 'packages/sound/')))];
    const failed = failures(root, [...filters, ...sound]);
    if (failed.has('sound')) throw new Error(`${failed.get('sound')} fails before anything is broken`);
    for (const { one, folder } of pending) noticed.set(one, failed.get(folder) ?? null);
  }
  for (const folder of folders.values()) rmSync(join(root, 'packages', folder), { recursive: true });
  return noticed;
}

/** Writes the outcomes, those of earlier runs included, and forgets mutants that are gone; returns how many were caught. */
function keep(outcomes) {
  const noticedBy = Object.fromEntries(mutants.map(nameOf).flatMap((name) => (name in outcomes ? [[name, outcomes[name]]] : [])));
  const caught = Object.values(noticedBy).filter(Boolean).length;
  writeFileSync(scoreFile, `${JSON.stringify({ mutants: mutants.length, caught, noticedBy }, null, 2)}\n`);
  return caught;
}

const outcomes = existsSync(scoreFile) ? JSON.parse(readFileSync(scoreFile, 'utf8')).noticedBy : {};
const wanted = process.argv[2] ?? '';
const chosen = mutants.filter((one) => (wanted === '--missing' ? !outcomes[nameOf(one)] : nameOf(one).includes(wanted)));
let survived = 0;
const root = sandbox();
try {
  for (let at = 0; at < chosen.length; at += AT_ONCE) {
    for (const [one, by] of trial(root, chosen.slice(at, at + AT_ONCE))) {
      outcomes[nameOf(one)] = by;
      if (!by) survived++;
      console.log(`${by ? 'caught  ' : 'SURVIVED'}  ${nameOf(one)}${by ? ` (${by})` : ''}`);
    }
    keep(outcomes);
  }
} finally {
  rmSync(root, { recursive: true, force: true });
}
console.log(`${chosen.length - survived} of ${chosen.length} mutants caught; kept: ${keep(outcomes)} of ${mutants.length}`);
process.exitCode = survived ? 1 : 0;
