// @ts-check
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { cacheEntry } from './cache.mjs';
import { SetupProblem } from './problem.mjs';
import { lastWords, run } from './run.mjs';

/**
 * Where the sources lie: tfjs-node's package, the folder of our addons, Node's C headers.
 * @typedef {{ tfjsNode: string, native: string, nodeHeaders: string }} Sources
 */

export const BINDING = 'tfjs_binding.node';
export const ADDON = 'tempered_session.node';
const QUIET = 'tempered_quiet.node';
/** The session and our own TensorFlow kernels; kernels.h lists those. */
const ADDON_SOURCES = [
  'session.cc',
  'kernels.cc',
  'batch-norm.cc',
  'channels.cc',
  'convolution-choice.cc',
  'convolution-ops.cc',
  'window-ops.cc',
  'convolution-avx2.cc',
  'convolution-avx512.cc',
];
const NAPI_VERSION = 8;
const FLAGS = ['-O2', '-fPIC', '-shared', '-std=c++17', `-DNAPI_VERSION=${NAPI_VERSION}`, '-DBUILDING_NODE_EXTENSION'];
/** Seen from lib/napi-v8, the folder of the compiled files. */
const RUNPATH = '-Wl,-rpath,$ORIGIN/../../deps/lib';

/**
 * The C++ compiler's name.
 * @param {NodeJS.ProcessEnv} [env]
 * @throws {SetupProblem} when there is none
 */
export async function findCompiler(env = process.env) {
  const compiler = env.CXX || 'g++';
  if ((await run(compiler, ['--version'], { env })).code === 0) return compiler;
  throw new SetupProblem(
    `there is no C++ compiler (${compiler})`,
    'install g++ (Debian, Ubuntu: apt install g++), or name another compiler in CXX',
  );
}

/**
 * A short hash of everything that the compiled files depend on.
 * @param {Sources} sources
 * @param {string} libraries
 */
async function keyOf({ tfjsNode, native, nodeHeaders }, libraries) {
  const binding = join(tfjsNode, 'binding');
  const files = [
    ...(await readdir(binding)).toSorted().map((name) => join(binding, name)),
    ...(await readdir(native)).toSorted().map((name) => join(native, name)),
    join(dirname(nodeHeaders), 'package.json'),
  ];
  const hash = createHash('sha256').update(
    [...FLAGS, RUNPATH, relative(dirname(libraries), libraries), process.platform, process.arch].join('\n'),
  );
  for (const file of files) hash.update('\0').update(await readFile(file));
  return hash.digest('hex').slice(0, 16);
}

/**
 * The folder of the cache with tfjs-node's binding and the session addon, compiled against these libraries if need be:
 * lib/napi-v8/*.node, and deps/lib as a link to the libraries.
 *
 * @param {string} cache
 * @param {string} libraries
 * @param {Sources} sources
 * @param {{ log: import('./cache.mjs').Log, env?: NodeJS.ProcessEnv }} options
 * @returns {Promise<string>}
 * @throws {SetupProblem} no compiler, or what it complained about
 */
export async function provideBindings(cache, libraries, sources, { log, env }) {
  const folder = join(cache, 'bindings', await keyOf(sources, libraries));
  const build = async (/** @type {string} */ building) => {
    const compiler = await findCompiler(env);
    log("compiling tfjs-node's binding and the session addon");
    await mkdir(join(building, 'lib', `napi-v${NAPI_VERSION}`), { recursive: true });
    await mkdir(join(building, 'deps'));
    await symlink(join('..', relative(folder, join(libraries, 'lib'))), join(building, 'deps', 'lib'));
    const common = [...FLAGS, '-I', sources.nodeHeaders, '-I', join(libraries, 'include'), RUNPATH];
    const linked = ['cc', 'framework'].map((part) => join(libraries, 'lib', `libtensorflow_${part}.so.2`));
    const compile = async (/** @type {string} */ output, /** @type {string[]} */ inputs, /** @type {string[]} */ libs = linked) => {
      const target = join(building, 'lib', `napi-v${NAPI_VERSION}`, output);
      const result = await run(compiler, [...common, ...inputs, '-o', target, ...libs], { env });
      if (result.code !== 0)
        throw new SetupProblem(`${compiler} could not compile ${output}: ${lastWords(result, 6)}`, 'g++ 9 or newer is needed');
    };
    const backend = ['tfjs_backend.cc', 'tfjs_binding.cc'].map((name) => join(sources.tfjsNode, 'binding', name));
    await Promise.all([
      compile(BINDING, ['-I', sources.tfjsNode, ...backend]),
      compile(
        ADDON,
        ADDON_SOURCES.map((name) => join(sources.native, name)),
      ),
      compile(QUIET, [join(sources.native, 'quiet-load.cc')], ['-ldl']),
    ]);
  };
  return cacheEntry(folder, build, log);
}
