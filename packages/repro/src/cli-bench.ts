import { setMaxListeners } from 'node:events';
import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describeProcessor } from '@tempered/tensors/node';
import { Command, Option } from 'commander';
import { type BenchResult, benchSteps } from './bench-step.js';
import { startProcess } from './bench-step-process.js';
import type { OpTime } from './bench-step-protocol.js';
import { BENCH_WORKS, type BenchPrecision, parseRows } from './bench-step-rows.js';
import { goalLines, judge, opLines } from './bench-step-table.js';
import type { RunAction } from './cli.js';
import { exitCodes, UserError } from './errors.js';
import type { Surroundings } from './repro.js';
import { parseCount } from './repro-options.js';
import { fromRoot, rootFolder } from './workspace.js';

interface BenchWords {
  python: string;
  only?: string;
  steps: string;
  rounds: string;
  boxSeconds: string;
  precision?: BenchPrecision | 'both';
  ops?: boolean;
}

/** Runnable processes above which a machine does not count as quiet. */
const QUIET_LOAD = 0.7;

/** Node's worker threads run the sessions' calls; its default of four would hold back a box of more cores. */
const workerThreads = (cores: number): string => String(Math.max(4, cores + 2));

/** `tempered bench-step`: our training step beside PyTorch's, on this machine. */
export function benchStepCommand(run: RunAction): Command {
  return new Command('bench-step')
    .description('time training steps beside PyTorch on this machine, one JSON line a row')
    .requiredOption('--python <path>', "a Python with PyTorch 2 ('nx run tools:peer-venv' makes one and prints its path)")
    .option('--only <rows>', `WORK, WORK:MODEL or WORK:TEACHER:STUDENT, with commas between; works: ${BENCH_WORKS.join(', ')}`)
    .option('--steps <n>', 'timed steps of each part in each round', '4')
    .option('--rounds <n>', 'rounds in which ours and theirs take turns', '5')
    .option('--box-seconds <n>', 'how long the whole machine works in each round', '4')
    .addOption(
      new Option('--precision <name>', 'of either side (default: both where the processor multiplies bfloat16, else f32)').choices([
        'f32',
        'bf16',
        'both',
      ]),
    )
    .option('--ops', 'then take our steps apart, op by op')
    .addHelpText('after', "\nTimes are medians over the rounds; ratios are PyTorch's time over ours. Close everything else that computes.")
    .action(async (words: BenchWords) => await run(async (surroundings) => await bench(words, surroundings)));
}

/** PyTorch's process did not start: said with the mend, unless it was stopped. */
function withoutPeer(error: Error): never {
  if (error.name === 'AbortError') throw error;
  const mend = "'nx run tools:peer-venv' makes a Python with PyTorch and prints its path";
  throw new UserError({ what: error.message.trim().split('\n').at(-1)!, where: '--python', mend }, { cause: error });
}

async function bench(words: BenchWords, { output, interruptions }: Surroundings): Promise<number> {
  const rows = parseRows(words.only);
  const [steps, rounds, boxSeconds] = [
    parseCount('--steps', words.steps),
    parseCount('--rounds', words.rounds),
    parseCount('--box-seconds', words.boxSeconds),
  ];
  const cores = availableParallelism();
  const { signal } = interruptions;
  // Each process that is timed listens to it, and a box has more of them than Node expects.
  setMaxListeners(0, signal);
  const python = words.python.includes('/') ? fromRoot(words.python) : words.python;
  const peer = join(rootFolder(), 'tools', 'peer', 'step.py');
  const main = fileURLToPath(new URL('./bench-step-main.js', import.meta.url));
  process.env.UV_THREADPOOL_SIZE ??= workerThreads(cores);
  const { model, instructions, bfloat16 } = describeProcessor();
  output.log(`${model}, ${cores} cores, ${instructions}, bfloat16 ${bfloat16}; load ${loadavg()[0]!.toFixed(1)} before it starts`);
  const choice = words.precision ?? (bfloat16 === 'emulated' ? 'f32' : 'both');
  if (!words.precision && choice === 'f32')
    output.log(
      'Float32 only: this processor emulates bfloat16, where PyTorch takes seconds a step. --precision both measures it all the same.',
    );
  const load = loadavg()[0]!;
  if (load > QUIET_LOAD)
    output.log("The machine is busy: PyTorch's threads wait for each other and suffer more from it than ours. Do not quote these ratios.");
  const results: BenchResult[] = [];
  const began = performance.now();
  await benchSteps({
    rows,
    steps,
    rounds,
    boxSeconds,
    cores,
    precisions: choice === 'both' ? ['f32', 'bf16'] : [choice],
    signal,
    launch: {
      ours: async (job) => await startProcess(process.execPath, [main], job, signal),
      torch: async (job) => await startProcess(python, [peer], job, signal).catch(withoutPeer),
    },
    ...(words.ops ? { onOps: (title: string, ops: readonly OpTime[]) => output.log(opLines(title, ops).join('\n')) } : {}),
    onProgress: (text) => output.log(`${((performance.now() - began) / 1000).toFixed(0).padStart(4)} s  ${text}`),
    onResult: (result) => {
      results.push(result);
      const record = { ...result, cpu: model, load: Number(load.toFixed(2)) };
      // The rows are what the command is for: on stdout whether or not --json is given.
      if (output.json) output.record(record);
      else output.say(JSON.stringify(record));
    },
  });
  for (const line of goalLines(judge(results))) output.log(line);
  output.log(`took ${((performance.now() - began) / 60_000).toFixed(1)} min`);
  return exitCodes.done;
}
