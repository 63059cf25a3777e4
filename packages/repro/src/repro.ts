import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder, removeLeftovers, writeAtomically } from './atomic-file.js';
import type { Cell } from './cell.js';
import { progressOn } from './data-progress.js';
import { describeError } from './describe-error.js';
import { exitCodes, UserError } from './errors.js';
import { formGroups } from './groups.js';
import { exitCodeOf, type Interruptions } from './interruption.js';
import { LARGEST_GROUP, shareMachine, slotEnvironment, visibleGpus } from './jobs.js';
import type { Output } from './output.js';
import { FULL_SETS } from './paper.js';
import { paperLines } from './paper-lines.js';
import { paperTableNames } from './paper-tables.js';
import { paperTableCsv } from './paper-tables-csv.js';
import { paperTableMarkdown } from './paper-tables-text.js';
import { checkDisk, checkOutFolder, isLeft, makePlan, type Plan, plannedCells, runsOf } from './plan.js';
import { planLines, planRecord } from './plan-lines.js';
import { runPool } from './pool.js';
import { precisionWarning } from './precision.js';
import { profiles } from './profile.js';
import { Progress } from './progress.js';
import { proofWords } from './proof.js';
import { recipeLines } from './recipe-lines.js';
import { writeReport } from './report.js';
import type { ReproRequest } from './repro-options.js';
import { readRuns, runFolder, writeConfig, writeFailure } from './run-folder.js';
import { takeRunLock } from './run-lock.js';
import type { EngineAbout, RunEvent, RunImages } from './run-types.js';
import { selectCells } from './selection.js';
import type { Services } from './services.js';
import { StatusLine } from './status-line.js';
import { arrangeTables, byTableOrder } from './table.js';
import { allCsv } from './table-csv.js';
import { markdownTable } from './table-markdown.js';
import { terminalTable } from './table-terminal.js';
import { withinDisk } from './teacher-cache.js';
import { wrap } from './terminal.js';
import { readTimings, type Timings, timeKinds } from './timings.js';

/** What running a command needs of its surroundings. */
export interface Surroundings {
  output: Output;
  interruptions: Interruptions;
  services: Services;
}

/** What a request comes to: its images, its cells, what is left of them. */
export interface Prepared {
  images: RunImages;
  plan: Plan;
}

/** Finds images, engine and cells, says what will be done, and throws before any work where it cannot be. */
export async function prepare(request: ReproRequest, { output, interruptions, services }: Surroundings): Promise<Prepared> {
  const { out, profile, selection } = request;
  await checkOutFolder(out);
  const status = new StatusLine(output.progress, output.style, output.width);
  const images = await services.openImages({
    dataset: request.dataset ?? 'auto',
    data: request.data,
    profile,
    signal: interruptions.signal,
    onProgress: progressOn(status),
  });
  status.clear();
  if (profile.name === 'paper') checkAllThere(images);
  const cells = selectCells(selection, profile, images.about);
  for (const { recipe } of cells) await services.checkRecipe(recipe);
  if (request.fresh) await removeRuns(out, cells);
  const engine = await services.loadEngine(profile.precision);
  const timings = await timingsOf(cells, request, images, engine, { output, interruptions, services });
  const plan = await makePlan(cells, out, engine, timings, request.teacherCache, images.train.classes);
  output.say(planLines(plan, out, output.style, output.width));
  const warning = precisionWarning(profile.precision);
  if (warning) output.say(output.style.yellow(`Beware: ${warning}.`));
  output.record(planRecord(plan, out));
  checkDisk(plan, out);
  for (const folder of [join(out, 'tables'), ...plan.cells.filter(isLeft).map(({ cell }) => runFolder(out, cell))])
    await removeLeftovers(folder);
  if (!profile.untrainedTeacher) {
    const teachers = new Set(plan.cells.filter(isLeft).flatMap(({ cell }) => cell.recipe.teacher ?? []));
    for (const teacher of teachers) await services.checkTeacher(teacher, images.about.dataset, images.train.classes, out);
  }
  return { images, plan };
}

/** Times steps of what is left, unless that would take longer than the run. */
async function timingsOf(
  cells: readonly Cell[],
  { out, profile, timingBudget }: ReproRequest,
  images: RunImages,
  engine: EngineAbout,
  { output, interruptions: { signal }, services }: Surroundings,
): Promise<Timings> {
  if (profile.name === 'smoke' || engine.name === 'plain') return await readTimings(out);
  const status = new StatusLine(output.progress, output.style, output.width);
  const left = (await plannedCells(cells, out)).filter(isLeft).map(({ cell }) => cell);
  // A cell without a teacher goes by the steps of those with one, where there are any.
  const taught = left.filter(({ recipe }) => recipe.teacher);
  try {
    return await timeKinds(taught.length > 0 ? taught : left, {
      out,
      engine: engine.fingerprint,
      time: async (cell) => await services.timeSteps(cell, images, engine, signal),
      onStart: ({ recipe }, index, count) =>
        status.status(
          index / count,
          () => `timing steps of ${recipe.student}${recipe.teacher ? ` under ${recipe.teacher}, ${recipe.method}` : ''}`,
        ),
      budget: timingBudget,
      signal,
    });
  } finally {
    status.clear();
  }
}

/** The paper profile trains on all images or not at all. */
function checkAllThere({ about }: RunImages): void {
  const [all = 0] = FULL_SETS[about.dataset] ?? [];
  if (about.trainImages >= all) return;
  throw new UserError({
    what: `there are ${about.trainImages} training images of ${about.dataset} in ${about.source}, the paper profile takes all ${all}`,
    where: '--data',
    mend: "name a folder that holds the whole set; 'tempered data fetch --dataset cifar100' gets it",
  });
}

/** Forgets what cells have done so far; a cell that somebody works on is an error. */
async function removeRuns(out: string, cells: readonly Cell[]): Promise<void> {
  for (const { cell } of (await readRuns(out)).filter((run) => cells.some(({ id }) => id === run.cell.id))) {
    const lock = takeRunLock(runFolder(out, cell));
    await rm(runFolder(out, cell), { recursive: true, force: true });
    lock.release();
  }
}

/**
 * `tempered repro`: runs what is left of the plan in a pool of workers, and lays out what came of it. A group that fails does not
 * keep the others from running; an interruption saves and stops.
 *
 * Returns  the exit code.
 */
export async function runRepro(request: ReproRequest, surroundings: Surroundings): Promise<number> {
  const { output, interruptions } = surroundings;
  const { images, plan } = await prepare(request, surroundings);
  const left = plan.cells.filter(isLeft).map(({ cell }) => cell);
  let failed = 0;
  if (left.length > 0) {
    output.say(`\n${recipeLines(left, output.style, output.width)}\n`);
    failed = await runGroups(left, images, plan, request, surroundings);
  }
  const csv = await writeTables(request.out);
  const report = await writeReport(request.out);
  const runs = await runsOf(plan, request.out);
  const interrupted = interruptions.received();
  if (runs.some(({ summary }) => summary !== null)) {
    const tables = arrangeTables(runs);
    // Accuracies of networks that learned nothing are worth one table, not one a pair.
    if (tables.length === 1 || !request.profile.proves)
      for (const table of tables) output.say(`\n${terminalTable(table, output.style, output.width)}`);
    if (request.profile.proves) output.say(`\n${wrap(proofWords(runs), output.width)}`);
    output.say(`\n${output.style.dim('every cell, with seeds, settings and sources:')} ${csv}`);
    output.say(`${output.style.dim('tables, curves and sources to look at:')} ${report}`);
  }
  const diverged = runs.filter(({ summary }) => summary?.status === 'diverged').length;
  const exitCode = interrupted ? exitCodeOf(interrupted) : failed + diverged > 0 ? exitCodes.failed : exitCodes.done;
  if (interrupted) output.log('Saved. The same command goes on from here.');
  else if (failed > 0) output.log(`${failed} of ${left.length} cells did not run; the same command tries them again.`);
  output.record({
    kind: 'result',
    exitCode,
    csv,
    report,
    cells: runs.map(({ cell, summary }) => summary ?? { cell: cell.id, status: 'not run' }),
  });
  return exitCode;
}

/** Writes down cells that are to be run, so that whoever starts a worker needs their names only. */
export async function writePlanned(cells: readonly Cell[], out: string, data: string | undefined): Promise<void> {
  for (const cell of cells) await writeConfig(out, cell, data === undefined ? {} : { data });
}

/** Runs groups in a pool of workers. Returns how many cells could not be run. */
async function runGroups(
  left: readonly Cell[],
  images: RunImages,
  plan: Plan,
  { out, data, jobs: asked, group, saveEveryMs, teacherCache: wanted }: ReproRequest,
  { output, interruptions, services }: Surroundings,
): Promise<number> {
  const { signal } = interruptions;
  const teacherCache = wanted && (await withinDisk(wanted));
  const groups = formGroups(left, group ?? LARGEST_GROUP);
  const jobs = shareMachine(groups, asked, await visibleGpus(plan.engine.name));
  await writePlanned(left, out, data);
  const progress = new Progress(groups, new StatusLine(output.progress, output.style, output.width));
  if (groups.length > 1) progress.line(`${groups.length} groups, ${jobs.jobs} at a time (${jobs.why})`);
  const measured = new Set<string>();
  let failed = 0;
  const onEvent = (event: RunEvent): void => {
    if (event.kind === 'failed') failed++;
    progress.handle(event);
    if (event.kind !== 'step') output.record(event);
  };
  try {
    await runPool(groups, {
      jobs: jobs.jobs,
      signal,
      onEvent,
      run: async (cells, slot, tell) => {
        const teacher = cells.find(({ recipe }) => recipe.teacher)?.recipe.teacher;
        if (teacher && !measured.has(teacher) && !profiles[cells[0]!.profile].untrainedTeacher) {
          measured.add(teacher);
          progress.line(`measuring ${teacher} on the test images before it teaches`);
        }
        const environment = slotEnvironment(jobs, slot);
        const { cores } = jobs;
        const context = { images, out, data, engine: plan.engine, signal, onEvent: tell, cores, saveEveryMs, teacherCache, environment };
        await services.runGroup(cells, context);
      },
      onFailure: async (cells, error) => {
        failed += cells.length;
        const { text, record } = describeError(error);
        progress.line(output.style.red(`${cells.map(({ id }) => progress.label(id)).join(', ')}: ${text}`));
        output.record({ ...record, cells: cells.map(({ id }) => id) });
        for (const { id } of cells) await writeFailure(out, id, { what: text, at: new Date().toISOString() });
      },
      onGroupEnd: async () => void (await writeTables(out)),
    });
  } finally {
    progress.stop();
  }
  return failed;
}

/** Writes the tables of everything that lies in a folder of results: all.csv, all.md and the papers' own. Returns all.csv's path. */
export async function writeTables(out: string): Promise<string> {
  const runs = (await readRuns(out)).sort((a, b) => byTableOrder(a.cell, b.cell));
  await makeFolder(join(out, 'tables'));
  const csv = join(out, 'tables', 'all.csv');
  await writeAtomically(csv, allCsv(runs));
  await writeAtomically(join(out, 'tables', 'all.md'), arrangeTables(runs).map(markdownTable).join('\n'));
  for (const name of paperTableNames) {
    const lines = paperLines(name, runs);
    await writeAtomically(join(out, 'tables', `${name}.csv`), paperTableCsv(lines));
    await writeAtomically(join(out, 'tables', `${name}.md`), paperTableMarkdown(name, lines));
  }
  return csv;
}
