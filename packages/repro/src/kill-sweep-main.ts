import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { randomUnit, readSafetensors } from '@tempered/tensors';
import { liveOwner } from './run-lock.js';

// A short sweep, killed at random moments in every way there is, against the same sweep left in peace: every cell's summary, epochs
// and weights have to come out equal to the bit. `nx run repro:kill-sweep -- --seed 3 --kills 12`.

const COMMAND = fileURLToPath(new URL('../bin/tempered.mjs', import.meta.url));
const SWEEP = [
  ...['repro', '--profile', 'smoke', '--dataset', 'synthetic', '--pairs', 'resnet14:resnet8,resnet20:resnet8', '--ls', 'off'],
  ...[
    '--methods',
    'kd,ctkd,dkd,pkt,sp,at',
    '--seeds',
    '2',
    '--epochs',
    '4',
    '--data-fraction',
    '0.002',
    '--jobs',
    '2',
    '--save-every',
    '2',
  ],
];
/** What a clock decides, not the training. */
const TIMES = new Set(['seconds', 'data', 'teacherOutputs']);
const KINDS = ['worker SIGKILL', 'worker SIGABRT', 'command SIGKILL', 'command SIGTERM', 'command SIGINT'] as const;

const option = (name: string, otherwise: number): number => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
};
const seed = option('seed', 1);
const kills = option('kills', 8);
let drawn = 0;
const random = (): number => randomUnit(seed, drawn++);

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Starts the sweep; `ended` tells the exit code, or the signal that ended it. */
function start(out: string): { child: ChildProcess; ended: Promise<number | string> } {
  const child = spawn(process.execPath, [COMMAND, ...SWEEP, '--out', out, '--json'], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr!.on('data', (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(-3000)));
  const ended = new Promise<number | string>((resolve) => {
    child.on('close', (code, signal) => {
      if (code === 1 || code === 2) console.log(said);
      resolve(code ?? signal!);
    });
  });
  return { child, ended };
}

/** Processes that work on cells right now. */
async function workers(out: string): Promise<number[]> {
  const cells = await readdir(join(out, 'runs')).catch(() => []);
  return [...new Set(cells.flatMap((cell) => liveOwner(join(out, 'runs', cell))?.pid ?? []))];
}

/** What has to come out equal: summaries and epochs without their times, and the weights. */
async function results(out: string): Promise<Map<string, unknown>> {
  const found = new Map<string, unknown>();
  for (const cell of (await readdir(join(out, 'runs'))).sort()) {
    const summary = JSON.parse(await readFile(join(out, 'runs', cell, 'summary.json'), 'utf8')) as Record<string, unknown>;
    const { tensors, metadata } = readSafetensors(await readFile(join(out, 'runs', cell, 'checkpoint.safetensors')));
    const { history } = JSON.parse(metadata.get('tempered.progress')!) as { history: Record<string, unknown>[] };
    const timeless = (record: Record<string, unknown>): unknown =>
      Object.fromEntries(Object.entries(record).filter(([name]) => !TIMES.has(name)));
    found.set(cell, { summary: timeless(summary), history: history.map(timeless), tensors: [...tensors] });
  }
  return found;
}

const folder = await mkdtemp(join(tmpdir(), 'tempered-kill-sweep-'));
const [straight, killed] = [join(folder, 'straight'), join(folder, 'killed')];
const began = performance.now();
const undisturbed = await start(straight).ended;
if (undisturbed !== 0) throw new Error(`the sweep left in peace ended with ${undisturbed}`);
const took = performance.now() - began;
console.log(`left in peace: ${(took / 1000).toFixed(0)} s`);

let left = kills;
let starts = 0;
for (let over = false; !over; ) {
  const { child, ended } = start(killed);
  starts++;
  let gone = false;
  void ended.then(() => (gone = true));
  while (!gone && left > 0) {
    // Everything is met this way: start-up, compilation, steps, saves, evaluations.
    await Promise.race([ended, pause(random() * (took / 4))]);
    if (gone) break;
    const kind = KINDS[Math.floor(random() * KINDS.length)]!;
    const [who, signal] = kind.split(' ') as ['worker' | 'command', NodeJS.Signals];
    const [pid] = who === 'command' ? [child.pid!] : await workers(killed);
    if (pid === undefined) continue;
    left--;
    console.log(`${kind} to process ${pid}`);
    process.kill(pid, signal);
    if (who === 'command') break;
  }
  const code = await ended;
  over = code === 0;
  if (code === 1 || starts > kills + 5) throw new Error(`start ${starts} ended with ${code}`);
}
while ((await workers(killed)).length > 0) await pause(100);

const [expected, found] = [await results(straight), await results(killed)];
const wrong = [...expected].filter(([cell, result]) => !isDeepStrictEqual(result, found.get(cell))).map(([cell]) => cell);
console.log(
  `${kills - left} kills, ${starts} starts, seed ${seed}: ${expected.size - wrong.length} of ${expected.size} cells equal to the bit`,
);
for (const cell of wrong) console.log(`  differs: ${cell}`);
if (wrong.length > 0 || found.size !== expected.size) {
  console.log(`both folders are kept in ${folder}`);
  process.exitCode = 1;
} else await rm(folder, { recursive: true, force: true });
