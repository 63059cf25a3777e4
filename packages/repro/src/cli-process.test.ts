import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { isAlive } from './atomic-file.js';

// The command as it is shipped, in a process of its own. It runs what is built; without a build, this builds it.
const repro = dirname(dirname(fileURLToPath(import.meta.url)));
const command = join(repro, 'bin', 'tempered.mjs');

beforeAll(() => {
  if (existsSync(join(repro, 'dist', 'cli-main.js'))) return;
  const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');
  execFileSync(process.execPath, [tsc, '-b', repro], { stdio: 'inherit' });
});

let folder: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tempered-process-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** Starts the command; `seen` resolves once stderr or stdout has said something. */
function start(...argv: string[]): { child: ChildProcess; ended: Promise<Ended>; seen(words: string): Promise<void> } {
  const child = spawn(process.execPath, [command, ...argv], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) child[name]!.on('data', (data: Buffer) => (said[name] += data.toString()));
  const ended = new Promise<Ended>((resolve) => child.on('close', (code, signal) => resolve({ code, signal, ...said })));
  const seen = async (words: string): Promise<void> => {
    while (!(said.stdout + said.stderr).includes(words)) {
      if (child.exitCode !== null || child.signalCode !== null)
        throw new Error(`it ended without saying '${words}':\n${said.stdout}${said.stderr}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  return { child, ended, seen };
}

/** A run that would go on for hours, of a network small enough that each step is over soon on any engine. */
const longRun = [
  'repro',
  '--profile',
  'smoke',
  '--dataset',
  'synthetic',
  '--pairs',
  'resnet8:resnet8',
  '--methods',
  'vanilla',
  '--epochs',
  '5000',
  '--data-fraction',
  '0.02',
];

test('wrong usage is exit code 2, help is 0 and goes to stdout', async () => {
  expect(await start('repro', '--methods', 'kdd').ended).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringContaining("did you mean 'kd'?"),
  });
  expect(await start('repro', '--help').ended).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('--curriculum') });
});

test('Ctrl-C saves and exits with 130; the same command goes on; SIGTERM exits with 143', async () => {
  const out = join(folder, 'out');
  const first = start(...longRun, '--out', out, '--json');
  await first.seen('"kind":"epoch"');
  first.child.kill('SIGINT');
  const interrupted = await first.ended;
  expect(interrupted).toMatchObject({ code: 130, stderr: expect.stringMatching(/vanilla saved in epoch \d+, after step \d+/) });
  expect(interrupted.stderr).toContain('Saved. The same command goes on from here.');
  const [cell] = readdirSync(join(out, 'runs'));
  expect(readdirSync(join(out, 'runs', cell!))).toContain('checkpoint.safetensors');

  const second = start(...longRun, '--out', out, '--json');
  await second.seen('"kind":"resumed"');
  second.child.kill('SIGTERM');
  const terminated = await second.ended;
  expect(terminated.code).toBe(143);
  const records = terminated.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { kind: string; exitCode?: number });
  expect(records.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['plan', 'resumed', 'interrupted', 'result']));
  expect(records.at(-1)).toMatchObject({ kind: 'result', exitCode: 143 });
}, 300_000);

test('a second signal leaves within a second', async () => {
  const run = start(...longRun, '--out', join(folder, 'out'));
  await run.seen('Plan');
  run.child.kill('SIGINT');
  await run.seen('once more leaves at once');
  await new Promise((resolve) => setTimeout(resolve, 500));
  const asked = performance.now();
  run.child.kill('SIGINT');
  const { code } = await run.ended;
  expect(performance.now() - asked).toBeLessThan(1000);
  expect(code).toBe(130);
}, 300_000);

test('two commands never work on one cell: the second is told who does', async () => {
  const out = join(folder, 'out');
  const first = start(...longRun, '--out', out, '--json');
  await first.seen('"kind":"epoch"');
  const owner = workerOf(out);
  const second = await start(...longRun, '--out', out).ended;
  expect(second).toMatchObject({ code: 1, stderr: expect.stringMatching(new RegExp(`process\\s+${owner}\\s+on`)) });
  first.child.kill('SIGKILL');
  await first.ended;
  const third = start(...longRun, '--out', out, '--json');
  await third.seen('"kind":"epoch"');
  third.child.kill('SIGINT');
  expect((await third.ended).code).toBe(130);
}, 300_000);

/** Who works on the only cell of a folder of results. */
const workerOf = (out: string): number => {
  const [cell] = readdirSync(join(out, 'runs'));
  return (JSON.parse(readFileSync(join(out, 'runs', cell!, 'owner.json'), 'utf8')) as { pid: number }).pid;
};

test('a worker that is killed is started again and goes on; one whose command is killed saves and leaves', async () => {
  const out = join(folder, 'out');
  const first = start(...longRun, '--out', out, '--json');
  await first.seen('"kind":"epoch"');
  const worker = workerOf(out);
  expect(worker).not.toBe(first.child.pid);
  process.kill(worker, 'SIGKILL');
  await first.seen('"kind":"restarted"');
  await first.seen('"kind":"resumed"');
  const next = workerOf(out);
  expect(next).not.toBe(worker);
  first.child.kill('SIGKILL');
  await first.ended;
  while (isAlive(next)) await new Promise((resolve) => setTimeout(resolve, 50));
  const [cell] = readdirSync(join(out, 'runs'));
  expect(readdirSync(join(out, 'runs', cell!))).not.toContain('owner.json');
  // What the command started can be run by hand, too.
  const byHand = start('run', '--cell', cell!, '--out', out, '--json');
  await byHand.seen('"kind":"resumed"');
  byHand.child.kill('SIGTERM');
  expect(await byHand.ended).toMatchObject({ code: 143, stdout: expect.stringContaining('"kind":"interrupted"') });
}, 300_000);

test('run: a cell that nobody planned is wrong usage', async () => {
  expect(await start('run', '--cell', '../elsewhere', '--out', folder).ended).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("'tempered plan --write'"),
  });
});

test('a reader that has seen enough is no error', async () => {
  const run = start('repro', '--help');
  run.child.stdout!.destroy();
  expect((await run.ended).code).toBe(0);
});
