import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Interruption } from './interruption.js';
import type { CellSummary, GroupContext, RunEvent } from './run-types.js';
import { teacherCacheWords } from './teacher-cache.js';
import type { TeacherCache } from './teacher-store.js';
import type { FromWorker, ToWorker } from './worker-messages.js';

/** A worker that ended without having said how, or said that another try may go better. */
export class WorkerCrash extends Error {
  override name = 'WorkerCrash';
}

/** A worker that said what is wrong; trying again would only hear it again. */
export class WorkerFailure extends Error {
  override name = 'WorkerFailure';
}

export interface WorkerOptions {
  out: string;
  data?: string | undefined;
  cores?: number | undefined;
  saveEveryMs?: number | undefined;
  teacherCache?: TeacherCache | null;
  /** Laid over this process's own: which GPU, say. */
  environment?: NodeJS.ProcessEnv;
  signal: AbortSignal;
  onEvent: GroupContext['onEvent'];
}

const COMMAND = fileURLToPath(new URL('../bin/tempered.mjs', import.meta.url));
/** The end of what a worker wrote, which after a native abort is all it left. */
const TAIL = 2000;

/** The words of the command that runs these cells: `tempered run --cell A --cell B ...`. */
export const workerWords = (
  cells: readonly string[],
  { out, data, cores, saveEveryMs, teacherCache }: Partial<WorkerOptions>,
): string[] => [
  'run',
  ...cells.flatMap((id) => ['--cell', id]),
  ...(out === undefined ? [] : ['--out', out]),
  ...(data === undefined ? [] : ['--data', data]),
  ...(cores === undefined ? [] : ['--cores', String(cores)]),
  ...(saveEveryMs === undefined ? [] : ['--save-every', String(saveEveryMs / 1000)]),
  ...(teacherCache === undefined ? [] : teacherCacheWords(teacherCache)),
];

const live = new Set<ChildProcess>();
// Leaving at once leaves nobody behind; what is saved is whole at any moment.
process.on('exit', () => {
  for (const child of live) child.kill('SIGKILL');
});

/**
 * Runs cells in a process of their own, so that a crash of native code takes nobody else along.
 *
 * Returns  the summaries of the cells that ended. An aborted signal is handed on; the worker then saves and leaves.
 * Throws   WorkerFailure with the worker's complaint, WorkerCrash where it died or broke down.
 */
export async function runWorker(cells: readonly string[], options: WorkerOptions): Promise<readonly CellSummary[]> {
  const { environment, signal, onEvent } = options;
  if (signal.aborted) return [];
  const child = fork(COMMAND, workerWords(cells, options), {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: { ...process.env, ...environment },
  });
  live.add(child);
  let said = '';
  child.stderr!.on('data', (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(-TAIL)));
  const stop = (): void => void tell(child, { kind: 'stop', signal: signal.reason as Interruption });
  signal.addEventListener('abort', stop);
  let ended: Extract<FromWorker, { kind: 'ended' }> | null = null;
  child.on('message', (message: FromWorker) => {
    if (message.kind === 'ended') ended = message;
    else onEvent(message.event as RunEvent);
  });
  try {
    const how = await new Promise<string>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, by) => resolve(by ? `was ended by ${by}` : `left with exit code ${code}`));
    });
    return resultOf(ended, `the worker (process ${child.pid}) ${how}`, said);
  } finally {
    signal.removeEventListener('abort', stop);
    live.delete(child);
  }
}

function resultOf(ended: Extract<FromWorker, { kind: 'ended' }> | null, how: string, said: string): readonly CellSummary[] {
  if (!ended) throw new WorkerCrash(said.trim() === '' ? how : `${how}; its last words:\n${said.trim()}`);
  if (ended.error?.again) throw new WorkerCrash(ended.error.text);
  if (ended.error) throw new WorkerFailure(ended.error.text);
  return ended.summaries;
}

/** A worker that is just leaving hears nothing, and that is no error. */
const tell = (child: ChildProcess, message: ToWorker): void => {
  if (child.connected) child.send(message, () => undefined);
};
