import { expect, test, vi } from 'vitest';
import type { Cell } from './cell.js';
import { MAX_CRASHES, runPool } from './pool.js';
import type { RunEvent } from './run-types.js';
import { quickCells } from './testing/fake-runs.js';
import { WorkerCrash, WorkerFailure } from './worker-process.js';

const cells = quickCells({ methods: ['kd'], ls: 'both' });
const groups = cells.map((cell) => [cell]);
const names = (of: readonly Cell[]): string[] => of.map(({ label }) => label);

type Run = (cells: readonly Cell[], slot: number, onEvent: (event: RunEvent) => void) => Promise<unknown>;

function pool(run: Run, work: readonly (readonly Cell[])[] = groups, jobs = 1, signal = new AbortController().signal) {
  const failures: string[][] = [];
  const events: RunEvent[] = [];
  const ended = runPool(work, {
    jobs,
    run,
    signal,
    onEvent: (event) => events.push(event),
    onFailure: async (failed) => void failures.push(names(failed)),
  });
  return { ended, failures, events };
}

const epochOf = (cell: Cell): RunEvent => ({ kind: 'epoch', cell: cell.id, epoch: 1, epochs: 12, loss: 1 });

test('so many groups at a time, each in a slot of its own', async () => {
  const busy = new Set<number>();
  let most = 0;
  const run: Run = async (_, slot) => {
    expect(busy.has(slot)).toBe(false);
    busy.add(slot);
    most = Math.max(most, busy.size);
    await new Promise((resolve) => setTimeout(resolve, 5));
    busy.delete(slot);
  };
  await pool(run, groups, 2).ended;
  expect(most).toBe(2);
});

test('a group that says what is wrong is given up at once, and the others run', async () => {
  const run = vi.fn<Run>(async ([cell]) => {
    if (cell === cells[0]) throw new WorkerFailure('there is no teacher');
  });
  const { ended, failures } = pool(run);
  await ended;
  expect(failures).toEqual([[cells[0]!.label]]);
  expect(run).toHaveBeenCalledTimes(cells.length);
});

test('a crash starts the group again, without the cells that have ended', async () => {
  const run = vi.fn<Run>(async (given, _, onEvent) => {
    if (run.mock.calls.length > 1) return;
    onEvent({ kind: 'cell-done', cell: given[0]!.id, summary: undefined as never });
    throw new WorkerCrash('was ended by SIGKILL');
  });
  const { ended, failures, events } = pool(run, [cells]);
  await ended;
  expect(run.mock.calls.map(([given]) => names(given))).toEqual([names(cells), names(cells.slice(1))]);
  expect(failures).toEqual([]);
  expect(events.at(-1)).toMatchObject({ kind: 'restarted', message: expect.stringContaining('was ended by SIGKILL') });
});

test('a group that crashes without getting anywhere is taken apart, and only the cell at fault is given up', async () => {
  const guilty = cells[1]!;
  const run = vi.fn<Run>(async (given) => {
    if (given.includes(guilty)) throw new WorkerCrash('was ended by SIGABRT');
  });
  const { ended, failures } = pool(run, [cells]);
  await ended;
  expect(run.mock.calls.map(([given]) => given.length)).toEqual([...Array<number>(MAX_CRASHES).fill(3), 1, 1, 1]);
  expect(failures).toEqual([[guilty.label]]);
});

test('crashes count from the last epoch that was finished: a long run may meet several', async () => {
  const run = vi.fn<Run>(async (given, _, onEvent) => {
    if (run.mock.calls.length > 2 * MAX_CRASHES) return;
    onEvent(epochOf(given[0]!));
    throw new WorkerCrash('was ended by SIGKILL');
  });
  const { ended, failures } = pool(run, [[cells[0]!]]);
  await ended;
  expect(run).toHaveBeenCalledTimes(2 * MAX_CRASHES + 1);
  expect(failures).toEqual([]);
});

test('stopped, it starts nothing more and calls nothing a failure', async () => {
  const abort = new AbortController();
  const run = vi.fn<Run>(async () => {
    abort.abort('SIGINT');
    throw new WorkerCrash('left with exit code 130');
  });
  const { ended, failures } = pool(run, groups, 1, abort.signal);
  await ended;
  expect(run).toHaveBeenCalledTimes(1);
  expect(failures).toEqual([]);
});
