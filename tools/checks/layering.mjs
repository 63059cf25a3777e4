// @ts-check
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { importsOf, packageOf } from './imports.mjs';
import { ROOT, runCheck } from './report.mjs';

/**
 * The direction of imports between the packages, `tensors <- models, kd, data <- repro`, and their other borders.
 *
 * @typedef {{ name: string, exports?: Record<string, Record<string, string>>, dependencies?: object, peerDependencies?: object, optionalDependencies?: object, devDependencies?: object }} Manifest
 * @typedef {{ folder: string, room: string, manifest: Manifest }} Package
 */

/** @type {Record<string, string[]>} */
const MAY_IMPORT = {
  tensors: [],
  models: ['tensors'],
  kd: ['tensors'],
  data: ['tensors'],
  repro: ['tensors', 'models', 'kd', 'data'],
};
/** Rooms that run in a browser as well: what their exports reach is free of Node (tensors' own way to Node is its export ./node). */
const PORTABLE = ['tensors', 'models', 'kd'];
const NODE_EXPORT = './node';
/** Files that are not shipped code: they may import what the workspace's package.json declares for development. */
const DEVELOPMENT = /\.(test|test-d|bench)\.ts$|(^|\/)(testing|bench)(\/|\.ts$)/;
const SCOPE = '@tempered/';

/** @param {string} path @returns {Manifest} */
const manifestAt = (path) => JSON.parse(readFileSync(path, 'utf8'));
/** @param {...(object | undefined)} groups */
const namesIn = (...groups) => new Set(groups.flatMap((group) => Object.keys(group ?? {})));

/** @param {string} folder @returns {string[]} */
const sourcesIn = (folder) =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((name) => /\.(ts|mts|mjs|js)$/.test(name) && !name.split(sep).includes('node_modules'))
        .map((name) => join(folder, name))
    : [];

/** The file that a relative import means: sources are imported by the name of what is built from them. @param {string} from @param {string} specifier */
function fileOf(from, specifier) {
  const named = resolve(dirname(from), specifier);
  const source = named.replace(/\.js$/, '.ts').replace(/\.mjs$/, '.mts');
  return existsSync(source) ? source : named;
}

/** @param {Package} own @param {string} file @param {string} specifier @param {Map<string, Package>} packages @param {Set<string>} workspaceTools */
function problemOf(own, file, specifier, packages, workspaceTools) {
  const inside = relative(own.folder, file);
  if (specifier.startsWith('.')) {
    const target = fileOf(file, specifier);
    if (relative(own.folder, target).startsWith('..')) return 'reaches into another package: import it by its name';
    return existsSync(target) ? null : 'does not exist';
  }
  if (isBuiltin(specifier)) return specifier.startsWith('node:') ? null : `is a module of Node: write node:${specifier}`;
  const name = packageOf(specifier);
  if (name.startsWith('@tensorflow/') && own.room !== 'tensors')
    return "only tensors imports TensorFlow: take `tf` from '@tempered/tensors'";
  const { dependencies, peerDependencies, optionalDependencies, devDependencies } = own.manifest;
  if (name.startsWith(SCOPE) && name !== own.manifest.name) {
    const room = name.slice(SCOPE.length);
    if (!MAY_IMPORT[own.room]?.includes(room)) return `${own.room} must not import ${room}`;
    if (!packages.get(room)?.manifest.exports?.[`.${specifier.slice(name.length)}`]) return `${name} has no such export`;
  }
  if (name === own.manifest.name) return null;
  if (namesIn(dependencies, peerDependencies, optionalDependencies).has(name)) return null;
  const development = DEVELOPMENT.test(inside.split(sep).join('/')) || !inside.startsWith('src');
  if (development && (namesIn(devDependencies).has(name) || workspaceTools.has(name))) return null;
  return `is not among the dependencies in packages/${own.room}/package.json`;
}

/** Every module that an entry reaches inside its package. @param {string} entry @param {Set<string>} [seen] */
function reachable(entry, seen = new Set()) {
  if (seen.has(entry) || !existsSync(entry)) return seen;
  seen.add(entry);
  for (const specifier of importsOf(readFileSync(entry, 'utf8'))) {
    if (specifier.startsWith('.')) reachable(fileOf(entry, specifier), seen);
  }
  return seen;
}

/** @param {Package} own @param {string} root @returns {string[]} */
function portabilityProblems({ folder, room, manifest }, root) {
  if (!PORTABLE.includes(room)) return [];
  const entries = Object.entries(manifest.exports ?? {}).filter(([name]) => name !== NODE_EXPORT);
  const files = new Set(entries.flatMap(([, { '@tempered/source': source }]) => (source ? [...reachable(join(folder, source))] : [])));
  return [...files].flatMap((file) =>
    importsOf(readFileSync(file, 'utf8'))
      .filter((specifier) => isBuiltin(specifier) || specifier === `${SCOPE}tensors/node`)
      .map((specifier) => `${relative(root, file)}: '${specifier}': ${room} is portable, and its exports reach this file`),
  );
}

/** What set-up runs before anything is installed must need nothing. @param {string} root @returns {string[]} */
function bootstrapProblems(root) {
  return [...reachable(join(root, 'tools', 'bootstrap.mjs'))].flatMap((file) =>
    importsOf(readFileSync(file, 'utf8'))
      .filter((specifier) => !specifier.startsWith('.') && !isBuiltin(specifier))
      .map((specifier) => `${relative(root, file)}: '${specifier}': set-up runs before anything is installed`),
  );
}

/**
 * Every import that crosses a border, in words: file, what it imports, why it may not.
 * @param {string} [root]
 * @returns {string[]}
 */
export function layeringProblems(root = ROOT) {
  const packages = new Map(
    Object.keys(MAY_IMPORT).flatMap((room) => {
      const folder = join(root, 'packages', room);
      return existsSync(folder)
        ? [/** @type {[string, Package]} */ ([room, { folder, room, manifest: manifestAt(join(folder, 'package.json')) }])]
        : [];
    }),
  );
  const workspaceTools = namesIn(manifestAt(join(root, 'package.json')).devDependencies);
  return [...packages.values()]
    .flatMap((own) => [
      ...['src', 'bench', 'bin']
        .flatMap((part) => sourcesIn(join(own.folder, part)))
        .flatMap((file) =>
          importsOf(readFileSync(file, 'utf8')).flatMap((specifier) => {
            const problem = problemOf(own, file, specifier, packages, workspaceTools);
            return problem ? [`${relative(root, file)}: '${specifier}' ${problem}`] : [];
          }),
        ),
      ...portabilityProblems(own, root),
    ])
    .concat(bootstrapProblems(root));
}

await runCheck(import.meta.url, () => layeringProblems());
