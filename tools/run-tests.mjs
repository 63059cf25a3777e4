// @ts-check
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { foreground, interrupted } from './setup/foreground.mjs';
import { NX_ENV, prepareBuild, prepareEngine, preparePackages, StepFailed } from './setup/prepare.mjs';

/** Everything that `npm test` runs: repository checks, golden targets, all tests. The last line counts what passed and what failed. */

/** @typedef {{ passed: number, failed: number }} Count */

/** Ends the whole run: Ctrl-C is no failed test. */
class Interrupted extends Error {
  /** @param {number} code */
  constructor(code) {
    super('interrupted');
    this.code = code;
  }
}

/**
 * A check that is one command: passed when it exits with 0.
 * @param {string} root
 * @param {string} name
 * @param {string[]} args of node
 * @returns {Promise<Count>}
 */
async function check(root, name, args) {
  const began = performance.now();
  const code = await foreground(process.execPath, args, { cwd: root, env: { ...process.env, ...NX_ENV }, quiet: true });
  if (interrupted(code)) throw new Interrupted(code);
  console.log(`${code === 0 ? 'passed' : 'FAILED'}  ${name} (${((performance.now() - began) / 1000).toFixed(1)} s)`);
  return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

/**
 * Counts what Vitest's JSON report says. A run that broke off, or tested nothing, is a failure, whatever it counted.
 *
 * @param {string} report the file's text; empty when Vitest wrote none
 * @param {number} code Vitest's exit code
 * @returns {Count & { said: string }}
 */
export function countReport(report, code) {
  try {
    const { numPassedTests, numFailedTests, numPendingTests, numTotalTests, testResults } = JSON.parse(report);
    // A file that could not be loaded has failed without a failed test in it.
    const brokenFiles = testResults.filter(
      (/** @type {any} */ file) =>
        file.status === 'failed' && !file.assertionResults.some((/** @type {any} */ test) => test.status === 'failed'),
    );
    const failed = numFailedTests + brokenFiles.length;
    const said = `${numTotalTests} tests in ${testResults.length} files, ${numPendingTests} skipped`;
    if (numPassedTests === 0 && failed === 0) return { passed: 0, failed: 1, said: `${said}: no test ran` };
    if (code !== 0 && failed === 0) return { passed: numPassedTests, failed: 1, said: `${said}; Vitest itself failed (exit ${code})` };
    return { passed: numPassedTests, failed, said };
  } catch {
    return { passed: 0, failed: 1, said: `Vitest left no report (exit ${code})` };
  }
}

/** @param {string} root @param {readonly string[]} filters @returns {Promise<Count>} */
async function vitest(root, filters) {
  const folder = await mkdtemp(join(tmpdir(), 'tempered-tests-'));
  const file = join(folder, 'report.json');
  try {
    const args = [
      join(root, 'node_modules', 'vitest', 'vitest.mjs'),
      'run',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${file}`,
      ...filters,
    ];
    const code = await foreground(process.execPath, args, { cwd: root, env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '2' } });
    if (interrupted(code)) throw new Interrupted(code);
    const { said, ...count } = countReport(await readFile(file, 'utf8').catch(() => ''), code);
    console.log(said);
    return count;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The golden checks that have been built: [name, script]. @param {string} root @returns {[string, string][]} */
const goldenChecks = (root) =>
  ['tensors', 'models', 'kd', 'data', 'repro']
    .map((name) => /** @type {[string, string]} */ ([`${name}:golden`, join(root, 'packages', name, 'dist', 'golden-main.js')]))
    .filter(([, script]) => existsSync(script));

/** The golden checks one after another. @param {string} root @returns {Promise<Count[]>} */
async function golden(root) {
  const counts = [];
  for (const [name, script] of goldenChecks(root)) counts.push(await check(root, name, [script]));
  return counts;
}

/**
 * @param {string} root
 * @param {readonly string[]} filters for Vitest; with any, only Vitest runs
 * @returns {Promise<number>} exit code
 */
export async function runAllTests(root, filters = []) {
  const total = { passed: 0, failed: 0 };
  const add = (/** @type {Count} */ { passed, failed }) => {
    total.passed += passed;
    total.failed += failed;
  };
  const tool = (/** @type {string} */ name, /** @type {string[]} */ ...path) => join(root, 'node_modules', name, ...path);
  try {
    await preparePackages(root);
    await prepareBuild(root).catch((error) => {
      if (!(error instanceof StepFailed) || interrupted(error.code)) throw error;
      console.log(`FAILED  ${error.message}`);
      add({ passed: 0, failed: 1 });
    });
    await prepareEngine(root);
    if (filters.length === 0) {
      add(await check(root, 'lint', [tool('@biomejs/biome', 'bin', 'biome'), 'check', '--error-on-warnings']));
      add(await check(root, 'typecheck', [tool('typescript', 'bin', 'tsc'), '-p', 'tsconfig.json']));
      for (const name of ['layering', 'lockfile', 'docs']) add(await check(root, name, [join(root, 'tools', 'checks', `${name}.mjs`)]));
      for (const table of ['table', 'step-table'])
        add(await check(root, `docs: ${table}`, [join(root, 'tools', 'bench', `${table}.mjs`), '--check']));
    }
    // Side by side: most of the golden checks keep one core, and the slowest test files leave one idle at the end.
    const ended = await Promise.allSettled([filters.length === 0 ? golden(root) : [], vitest(root, filters).then((count) => [count])]);
    for (const part of ended) {
      if (part.status === 'rejected') throw part.reason;
      part.value.forEach(add);
    }
  } catch (error) {
    const { code = 1, message } = /** @type {StepFailed | Interrupted} */ (error);
    console.error(message);
    if (interrupted(code)) return code;
    add({ passed: 0, failed: 1 });
  }
  console.log(`${total.passed} passed, ${total.failed} failed`);
  return total.failed === 0 && total.passed > 0 ? 0 : 1;
}
