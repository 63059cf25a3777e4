import { Command } from 'commander';
import type { Cell } from './cell.js';
import type { RunAction } from './cli.js';
import { progressOn } from './data-progress.js';
import { describeError } from './describe-error.js';
import { exitCodes, UserError, usageError } from './errors.js';
import { formGroups } from './groups.js';
import { exitCodeOf } from './interruption.js';
import { Progress } from './progress.js';
import type { Surroundings } from './repro.js';
import { parseCount, parseSeconds } from './repro-options.js';
import { readConfig, readSummary } from './run-folder.js';
import type { CellSummary, GroupContext, RunEvent, RunImages } from './run-types.js';
import { StatusLine } from './status-line.js';
import { readTeacherCache, type TeacherCacheWords, teacherCacheOptions, withinDisk } from './teacher-cache.js';
import type { WorkerChannel } from './worker-channel.js';
import { fromRoot } from './workspace.js';

interface RunWords extends TeacherCacheWords {
  cell: string[];
  out: string;
  data?: string;
  cores?: string;
  threads?: string;
  saveEvery?: string;
}

/** `tempered run`: one lockstep group, out of the folders that a plan wrote. What a pool starts, and whoever else wants to. */
export function runCommand(run: RunAction, channel: WorkerChannel | null): Command {
  const command = new Command('run')
    .description("run planned cells that share teacher, images and seed as one group; 'plan --write' names them")
    .requiredOption('--cell <id>', 'a folder under runs/ with a config.json; several make a group', (id: string, before?: string[]) => [
      ...(before ?? []),
      id,
    ])
    .option('--out <folder>', 'where runs/ lies', 'out')
    .option('--data <folder>', "where the images lie (default: as the cells' config.json says)")
    .option('--cores <n>', 'cells that work at a time, a core each (default: all cores)')
    .option('--threads <n>', 'threads that share each op: more for few cells on many cores (default: 1)')
    .option('--save-every <seconds>', 'checkpoints are written at least so often (default: 600; always after an epoch)')
    .option('--json', 'one JSON record a line on stdout, words for people on stderr')
    .addHelpText('after', '\nA cell that is done is left alone; one that was stopped or killed goes on from its checkpoint, to the bit.')
    .action(async (words: RunWords) => await run(async (surroundings) => await runCells(words, surroundings, channel)));
  for (const option of teacherCacheOptions()) command.addOption(option);
  return command;
}

async function runCells(words: RunWords, surroundings: Surroundings, channel: WorkerChannel | null): Promise<number> {
  if (!channel) return await runGroupOf(words, surroundings, (event) => surroundings.output.record(event));
  try {
    const summaries: CellSummary[] = [];
    const code = await runGroupOf(words, surroundings, (event) => {
      if (event.kind === 'cell-done') summaries.push(event.summary);
      void channel.send({ kind: 'event', event });
    });
    await channel.send({ kind: 'ended', summaries });
    return code;
  } catch (error) {
    const ours = error instanceof UserError;
    await channel.send({ kind: 'ended', summaries: [], error: { text: describeError(error).text, again: !ours } });
    return ours ? error.exitCode : exitCodes.failed;
  }
}

async function runGroupOf(words: RunWords, surroundings: Surroundings, tell: (event: RunEvent) => void): Promise<number> {
  const { output, interruptions, services } = surroundings;
  const out = fromRoot(words.out);
  const { cells, data } = await plannedCells([...new Set(words.cell)], out);
  const done = new Set<string>();
  for (const { id } of cells) if ((await readSummary(out, id))?.status === 'done') done.add(id);
  const left = cells.filter(({ id }) => !done.has(id));
  for (const id of done) output.log(`${id} is done already`);
  if (left.length === 0) return exitCodes.done;
  const images = await imagesOf(left[0]!, words.data === undefined ? data : fromRoot(words.data), surroundings);
  const engine = await services.loadEngine(left[0]!.precision);
  const progress = new Progress([left], new StatusLine(output.progress, output.style, output.width));
  const cache = readTeacherCache(words, out);
  let unwell = 0;
  const context: GroupContext = {
    images,
    out,
    engine,
    signal: interruptions.signal,
    teacherCache: cache && (await withinDisk(cache)),
    cores: words.cores === undefined ? undefined : parseCount('--cores', words.cores),
    threads: words.threads === undefined ? undefined : parseCount('--threads', words.threads),
    saveEveryMs: words.saveEvery === undefined ? undefined : 1000 * parseSeconds('--save-every', words.saveEvery),
    onEvent: (event) => {
      if (event.kind === 'failed' || event.kind === 'diverged') unwell++;
      progress.handle(event);
      tell(event);
    },
  };
  try {
    await services.trainGroup(left, context);
  } finally {
    progress.stop();
  }
  const interrupted = interruptions.received();
  if (interrupted) return exitCodeOf(interrupted);
  return unwell > 0 ? exitCodes.failed : exitCodes.done;
}

/** Reads what the cells are. Throws a UserError (usage) for a cell that nobody planned, and for cells that are no group. */
async function plannedCells(ids: readonly string[], out: string): Promise<{ cells: Cell[]; data: string | undefined }> {
  const configs = [];
  for (const id of ids) {
    const config = /^[\w.-]+$/.test(id) && !id.startsWith('.') ? await readConfig(out, id) : null;
    if (!config) {
      throw usageError({
        what: `there is no planned cell '${id}' under ${out}`,
        where: '--cell',
        mend: "'tempered plan --write' with the options of 'repro' writes them down",
      });
    }
    configs.push(config);
  }
  const cells = configs.map(({ cell }) => cell);
  if (formGroups(cells).length > 1) {
    throw usageError({
      what: 'these cells do not share teacher, images, seed, batch size and precision',
      where: '--cell',
      mend: 'a group of its own for those that differ',
    });
  }
  return { cells, data: configs[0]!.data };
}

/** The very images that the plan was made for. */
async function imagesOf({ images, profile }: Cell, data: string | undefined, surroundings: Surroundings): Promise<RunImages> {
  const { output, interruptions, services } = surroundings;
  const status = new StatusLine(output.progress, output.style, output.width);
  const found = await services.openImages({
    dataset: images.dataset as never,
    data,
    profile: { name: profile, trainImages: images.trainImages, testImages: images.testImages, otherImages: false },
    signal: interruptions.signal,
    onProgress: progressOn(status),
  });
  status.clear();
  if (found.about.fingerprint === images.fingerprint) return found;
  throw new UserError({
    what: `these are not the images that the cell was planned for (${found.about.source}: ${found.about.fingerprint}, not ${images.fingerprint})`,
    where: '--data',
    mend: 'name the folder that holds them, or plan anew',
  });
}
