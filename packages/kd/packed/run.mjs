// Shows that the losses are usable elsewhere: packs kd and tensors, installs the two in an empty folder beside plain tfjs, and
// computes KD with standardization and its gradient there on the `cpu` backend, and runs the example of the package's README. Nothing
// of this repository is reachable from it.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const packages = resolve(here, '../..');
const folder = mkdtempSync(join(tmpdir(), 'kd-packed-'));
const npm = (args, cwd = folder) => execFileSync('npm', args, { cwd, stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' });
try {
  for (const name of ['tensors', 'kd']) npm(['pack', '--silent', '--pack-destination', folder], join(packages, name));
  const { devDependencies } = JSON.parse(readFileSync(join(packages, 'tensors/package.json'), 'utf8'));
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'elsewhere', private: true, type: 'module' }));
  const tarballs = readdirSync(folder)
    .filter((file) => file.endsWith('.tgz'))
    .map((file) => `./${file}`);
  npm([
    'install',
    '--no-audit',
    '--no-fund',
    '--ignore-scripts',
    '--omit=optional',
    ...tarballs,
    `@tensorflow/tfjs@${devDependencies['@tensorflow/tfjs']}`,
  ]);
  const [, example] = /```js\n([\s\S]*?)```/.exec(readFileSync(join(here, '../README.md'), 'utf8'));
  const programs = { 'check.mjs': readFileSync(join(here, 'check.mjs')), 'example.mjs': example };
  for (const [file, text] of Object.entries(programs)) {
    writeFileSync(join(folder, file), text);
    execFileSync(process.execPath, [file], { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] });
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
