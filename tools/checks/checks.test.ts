import { join } from 'node:path';
import { expect, test } from 'vitest';
import { put, temporaryFolder } from '../testing/workspace.js';
import { docsProblems } from './docs.mjs';
import { importsOf, packageOf } from './imports.mjs';
import { layeringProblems } from './layering.mjs';
import { lockfileProblems } from './lockfile.mjs';

test('imports are found in all their forms, and not in comments or texts', () => {
  const source = `
import a from 'a';
import type { B } from "b/sub";
import {
  c,
} from '@c/c/sub';
import './side.js';
export * from './again.js';
export { d } from 'd';
const e = await import('e');
const f = require('f');
// import g from 'g';
/** Write this:
 * import h from 'h';
 */
const text = "require('i')";
const from = 'from "j"';
export const k = 'k';
`;
  expect(importsOf(source)).toEqual(['a', 'b/sub', '@c/c/sub', './side.js', './again.js', 'd', 'e', 'f']);
  expect(['a', 'b/sub', '@c/c/sub'].map(packageOf)).toEqual(['a', 'b', '@c/c']);
});

/** A workspace of five empty packages in which a test plants its violation. */
function planted(files: Record<string, string>, kdDependencies: object = { '@tempered/tensors': '0.1.0' }): string[] {
  const root = temporaryFolder();
  put(join(root, 'package.json'), JSON.stringify({ devDependencies: { vitest: '1' } }));
  put(join(root, 'tools', 'bootstrap.mjs'), '');
  for (const room of ['tensors', 'models', 'kd', 'data', 'repro']) {
    const names = room === 'repro' ? ['tensors', 'models', 'kd', 'data'] : room === 'tensors' ? [] : ['tensors'];
    const dependencies = room === 'kd' ? kdDependencies : Object.fromEntries(names.map((name) => [`@tempered/${name}`, '0.1.0']));
    const exports: Record<string, object> = { '.': { '@tempered/source': './src/index.ts' } };
    if (room === 'tensors') exports['./node'] = { '@tempered/source': './src/node/index.ts' };
    const peerDependencies = room === 'tensors' ? { '@tensorflow/tfjs': '4' } : {};
    const optionalDependencies = room === 'data' ? { koffi: '3' } : {};
    put(
      join(root, 'packages', room, 'package.json'),
      JSON.stringify({ name: `@tempered/${room}`, exports, dependencies, peerDependencies, optionalDependencies }),
    );
    put(join(root, 'packages', room, 'src', 'index.ts'), '');
  }
  put(join(root, 'packages', 'tensors', 'src', 'node', 'index.ts'), "import 'node:fs';");
  for (const [path, source] of Object.entries(files)) put(join(root, path), source);
  return layeringProblems(root);
}

test('the allowed directions are allowed', () => {
  expect(
    planted({
      'packages/tensors/src/index.ts': "export * as tf from '@tensorflow/tfjs';",
      'packages/kd/src/index.ts': "export * from './loss.js';\nimport { tf } from '@tempered/tensors';",
      'packages/kd/src/loss.ts': '',
      'packages/kd/src/loss.test.ts': "import { test } from 'vitest';\nimport 'node:fs';",
      'packages/kd/src/golden-main.ts': "import { runGolden } from '@tempered/tensors/node';",
      'packages/data/src/index.ts': "import 'node:fs';\nrequire('koffi');",
      'packages/repro/src/index.ts':
        "import '@tempered/kd';\nimport '@tempered/models';\nimport '@tempered/data';\nimport '@tempered/tensors/node';",
    }),
  ).toEqual([]);
});

test.each([
  ['kd imports models', { 'packages/kd/src/index.ts': "import '@tempered/models';" }, /kd must not import models/],
  ['tensors imports upwards', { 'packages/tensors/src/x.ts': "import '@tempered/repro';" }, /tensors must not import repro/],
  ['a type import counts', { 'packages/models/src/x.ts': "import type { A } from '@tempered/data';" }, /models must not import data/],
  ['data imports TensorFlow', { 'packages/data/src/x.ts': "import '@tensorflow/tfjs';" }, /only tensors imports TensorFlow/],
  ['a test imports TensorFlow', { 'packages/kd/src/x.test.ts': "import '@tensorflow/tfjs';" }, /only tensors imports TensorFlow/],
  ['an undeclared dependency', { 'packages/data/src/x.ts': "import 'sharp';" }, /not among the dependencies in packages\/data/],
  ['a tool of development in shipped code', { 'packages/data/src/x.ts': "import 'vitest';" }, /not among the dependencies/],
  ['a way around by path', { 'packages/kd/src/x.ts': "import '../../models/src/index.js';" }, /reaches into another package/],
  ['a file that is not there', { 'packages/kd/src/x.ts': "import './gone.js';" }, /does not exist/],
  ['an inner path of a package', { 'packages/repro/src/x.ts': "import '@tempered/kd/src/loss.js';" }, /has no such export/],
  ['Node without its prefix', { 'packages/data/src/x.ts': "import 'fs';" }, /write node:fs/],
  [
    'Node behind a portable export',
    { 'packages/kd/src/index.ts': "export * from './a.js';", 'packages/kd/src/a.ts': "import { readFile } from 'node:fs/promises';" },
    /packages\/kd\/src\/a\.ts: 'node:fs\/promises': kd is portable/,
  ],
  ['the engine behind a portable export', { 'packages/models/src/index.ts': "import '@tempered/tensors/node';" }, /models is portable/],
  ['Node in the portable part of tensors', { 'packages/tensors/src/index.ts': "import './node/index.js';" }, /tensors is portable/],
  [
    'set-up that needs a package',
    { 'tools/bootstrap.mjs': "import './x.mjs';", 'tools/x.mjs': "import 'nx';" },
    /before anything is installed/,
  ],
])('%s: found', (_, files, message) => {
  expect(planted(files)).toEqual([expect.stringMatching(message)]);
});

test('a package that forgot to declare what it imports is found', () => {
  expect(planted({ 'packages/kd/src/index.ts': "import '@tempered/tensors';" }, {})).toEqual([
    expect.stringMatching(/not among the dependencies/),
  ]);
});

test('a lock file holds no address, and every optional package of another platform', () => {
  const lock = (packages: object): string => JSON.stringify({ packages });
  const nx = { version: '1', optionalDependencies: { 'nx-darwin': '1' } };
  expect(lockfileProblems(lock({ 'node_modules/nx': nx, 'node_modules/nx-darwin': { version: '1' } }))).toEqual([]);
  expect(lockfileProblems(lock({ 'node_modules/nx': nx, 'node_modules/nx/node_modules/nx-darwin': { version: '1' } }))).toEqual([]);
  expect(lockfileProblems(lock({ 'node_modules/nx': nx }))).toEqual([expect.stringMatching(/optional nx-darwin is not in the lock file/)]);
  const address = { version: '1', resolved: 'https://registry.example/a.tgz' };
  expect(lockfileProblems(lock({ 'node_modules/a': address }))).toEqual([expect.stringMatching(/node_modules\/a holds the address/)]);
});

test('links and commands of the documentation lead somewhere', () => {
  const root = temporaryFolder();
  put(join(root, 'package.json'), JSON.stringify({ scripts: { repro: '' } }));
  put(join(root, 'packages', 'kd', 'package.json'), JSON.stringify({ nx: { name: 'kd' }, scripts: { golden: '' } }));
  put(join(root, 'docs', 'engine.md'), '# The engine\n\n## What `doctor` says: all\n');
  const page = (text: string): string[] => {
    put(join(root, 'README.md'), text);
    return docsProblems(root);
  };
  expect(
    page(
      '# A\n[e](docs/engine.md), [d](docs/engine.md#what-doctor-says-all), [a](#a), [web](https://example.org/x)\n`npm run repro`, `npx nx run kd:golden`',
    ),
  ).toEqual([]);
  expect(page('[e](docs/gone.md)')).toEqual(['README.md: the link docs/gone.md leads nowhere']);
  expect(page('[e](docs/engine.md#gone)')).toEqual([expect.stringMatching(/names no heading/)]);
  expect(page('```\nnpm run reproduce\nnx run kd:gold\n```')).toEqual([
    "README.md: 'nx run kd:gold' is no target of this workspace",
    "README.md: 'npm run reproduce' is no target of this workspace",
  ]);
});
