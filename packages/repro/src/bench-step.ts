import { createModel, type ModelName } from '@tempered/models';
import { alternate, type Contender, type Measured } from './bench-step-measure.js';
import { describeNetwork } from './bench-step-network.js';
import type { BenchProcess } from './bench-step-process.js';
import type { BenchJob, OpTime, OurJob } from './bench-step-protocol.js';
import { type BenchGroup, type BenchPrecision, type BenchRow, groupRows, partsOf } from './bench-step-rows.js';
import { UserError } from './errors.js';

/** PyTorch's four forms: memory format and precision. */
export const TORCH_FORMS = ['nchw-f32', 'nhwc-f32', 'nchw-bf16', 'nhwc-bf16'] as const;
export type TorchForm = (typeof TORCH_FORMS)[number];

/** Images a step: the papers' batch for 32-pixel images; for ImageNet's as many as a machine without a GPU takes at ease. */
const batchFor = (inputSize: number): number => (inputSize > 64 ? 8 : 64);
/** Low enough that no network of the zoo diverges on a batch of noise. */
const LEARNING_RATE = 0.01;
const GROUP_CELLS = 8;

/** A line of results: times in milliseconds a step, ratios PyTorch's time over ours. */
export interface BenchResult extends BenchRow {
  precision: BenchPrecision;
  ours_ms: number;
  /** Null where a form was not measured: the box takes the two that were fastest alone. */
  torch: Record<TorchForm, number | null>;
  ratio_paper: number | null;
  ratio_fastest: number;
  /** (slowest - fastest) / median over the rounds, of ours and of each form; null for what was timed once. */
  spread: Record<string, number | null>;
  /** Peak memory of the processes that were timed, in MB. */
  peak_mb: Record<string, number>;
  batch: number;
  threads: number;
  rounds: number;
  versions: Record<string, string>;
}

/** What starts the processes that are timed. */
export interface BenchLaunchers {
  ours(job: OurJob): Promise<BenchProcess>;
  torch(job: BenchJob & { layout: string; teacher: object | null; student: object | null }): Promise<BenchProcess>;
}

export interface BenchOptions {
  rows: readonly BenchRow[];
  /** Timed steps of each part and round. */
  steps: number;
  rounds: number;
  /** Seconds that the box works in each round. */
  boxSeconds: number;
  cores: number;
  /** Precisions of either side; bfloat16 only tells something where the processor multiplies it. */
  precisions: readonly BenchPrecision[];
  launch: BenchLaunchers;
  signal: AbortSignal;
  /** Also takes our steps apart, op by op. */
  onOps?(title: string, ops: readonly OpTime[]): void;
  onResult(result: BenchResult): void;
  onProgress(text: string): void;
}

const ours = (precision: BenchPrecision): string => `ours-${precision}`;
const formsIn = (precisions: readonly BenchPrecision[]): TorchForm[] =>
  TORCH_FORMS.filter((form) => precisions.includes(form.split('-')[1] as BenchPrecision));
/** The box runs as a sweep does: in bfloat16 where that is measured at all. */
const boxPrecision = (precisions: readonly BenchPrecision[]): BenchPrecision => (precisions.includes('bf16') ? 'bf16' : 'f32');

/** Times all rows, group after group; results come as soon as their group is done. */
export async function benchSteps(options: BenchOptions): Promise<void> {
  for (const group of groupRows(options.rows)) {
    const measured = partsOf(group).length > 0 ? await measureGroup(group, options) : null;
    for (const row of group.rows.filter(({ work }) => work !== 'box')) {
      for (const precision of options.precisions) options.onResult(resultOf(row, precision, measured!, options));
    }
    const box = group.rows.find(({ work }) => work === 'box');
    if (box) options.onResult(await measureBox(box, measured, options));
  }
}

/** What all processes of a group have in common. */
function commonJob({ teacher, student }: Pick<BenchGroup, 'teacher' | 'student'>): Omit<BenchJob, 'precision' | 'threads'> {
  const [first, second] = [teacher, student].filter((name) => name !== null).map((name) => createModel(name as ModelName));
  if (second && (first!.inputSize !== second.inputSize || first!.numClasses !== second.numClasses)) {
    throw new UserError({ what: `${teacher} and ${student} look at different images`, where: 'bench-step' });
  }
  const { numClasses: classes, inputSize } = first!;
  return { batch: batchFor(inputSize), classes, inputSize, learningRate: LEARNING_RATE };
}

const description = (name: string | null): object | null => (name === null ? null : describeNetwork(createModel(name as ModelName)));

function startTorch(
  group: Pick<BenchGroup, 'teacher' | 'student'>,
  form: TorchForm,
  threads: number,
  launch: BenchLaunchers,
): Promise<BenchProcess> {
  const [layout, precision] = form.split('-') as [string, BenchPrecision];
  const networks = { teacher: description(group.teacher), student: description(group.student) };
  return launch.torch({ ...commonJob(group), precision, threads, layout, ...networks });
}

interface GroupMeasured {
  times: Record<string, Record<string, Measured>>;
  versions: Record<string, string>;
}

/** Both frameworks must have built the same networks. */
function checkParameters(contenders: readonly Contender[]): void {
  const [first, ...others] = contenders.flatMap(({ processes }) => processes.map(({ ready }) => ready.parameters));
  for (const other of others) {
    if (other.teacher !== first!.teacher || other.student !== first!.student) {
      throw new Error(`the frameworks count different parameters: ${JSON.stringify(first)} and ${JSON.stringify(other)}`);
    }
  }
}

async function withContenders<T>(
  starting: readonly { name: string; start: readonly (() => Promise<BenchProcess>)[] }[],
  body: (contenders: readonly Contender[]) => Promise<T>,
): Promise<T> {
  const open: BenchProcess[] = [];
  try {
    const contenders: Contender[] = [];
    for (const { name, start } of starting) {
      const processes: BenchProcess[] = [];
      for (const one of start) {
        const process = await one();
        open.push(process);
        processes.push(process);
      }
      contenders.push({ name, processes });
    }
    checkParameters(contenders);
    return await body(contenders);
  } finally {
    await Promise.all(open.map((process) => process.close()));
  }
}

const versionsOf = (contenders: readonly Contender[]): Record<string, string> =>
  Object.assign({}, ...contenders.flatMap(({ processes }) => processes.map(({ ready }) => ready.versions)));

async function measureGroup(group: BenchGroup, options: BenchOptions): Promise<GroupMeasured> {
  const { cores, launch, rounds, steps, signal, onProgress } = options;
  const { teacher, student } = group;
  const job = { ...commonJob(group), threads: cores, teacher, student, cells: 1 };
  const starting = [
    ...options.precisions.map((precision) => ({ name: ours(precision), start: [() => launch.ours({ ...job, precision })] })),
    ...formsIn(options.precisions).map((form) => ({ name: form, start: [() => startTorch(group, form, cores, launch)] })),
  ];
  const parts = partsOf(group);
  onProgress(
    `${[teacher, student].filter((name) => name !== null).join(' -> ')}: ${parts.join(', ')} in ${starting.length} processes, in turn`,
  );
  return await withContenders(starting, async (contenders) => {
    const orders = parts.map((kind) => ({ kind, steps }));
    const times = await alternate(contenders, orders, { rounds, warmUps: 3, signal });
    if (options.onOps) {
      for (const precision of options.precisions) await takeApart(group, precision, contenders, options.onOps);
    }
    return { times, versions: versionsOf(contenders) };
  });
}

/** Where the time of our parts goes, after everything has been timed whole. */
async function takeApart(
  { teacher, student }: BenchGroup,
  precision: BenchPrecision,
  contenders: readonly Contender[],
  onOps: NonNullable<BenchOptions['onOps']>,
): Promise<void> {
  const [process] = contenders.find(({ name }) => name === ours(precision))!.processes;
  const parts = [['student', student, 'step'] as const, ['teacher', teacher, 'forward'] as const];
  for (const [kind, name, what] of parts) {
    if (name) onOps(`${name} ${what} in ${precision}`, (await process!.time({ kind, ops: true })).ops!);
  }
}

const OUR_PART = { 'student-step': 'student', 'teacher-forward': 'teacher', 'kd-step': 'student', 'kd-step-full': 'full' } as const;
const THEIR_PART = { ...OUR_PART, 'kd-step': 'full' } as const;

function resultOf(row: BenchRow, precision: BenchPrecision, { times, versions }: GroupMeasured, options: BenchOptions): BenchResult {
  const work = row.work as keyof typeof OUR_PART;
  const mine = times[ours(precision)]![OUR_PART[work]]!;
  const theirs = Object.fromEntries(formsIn(options.precisions).map((form) => [form, times[form]![THEIR_PART[work]]!]));
  return composed(row, precision, mine, theirs, versions, options);
}

/** The best of PyTorch's ways to fill the machine, by form: one process with all threads, or one process a core. */
async function measureBox(row: BenchRow, measured: GroupMeasured | null, options: BenchOptions): Promise<BenchResult> {
  const { cores, launch, rounds, boxSeconds: seconds, signal, onProgress } = options;
  const alone = (form: TorchForm): number => measured!.times[form]!.full?.ms ?? Infinity;
  const all = formsIn(options.precisions);
  const precision = boxPrecision(options.precisions);
  const forms = measured?.times[all[0]!]?.full ? all.toSorted((a, b) => alone(a) - alone(b)).slice(0, 2) : all;
  onProgress(`${row.teacher} -> ${row.student}: the whole machine, ${GROUP_CELLS} cells in lockstep; PyTorch in ${forms.join(' and ')}`);
  const job: OurJob = { ...commonJob(row), teacher: row.teacher, student: row.student, precision, threads: 1, cells: GROUP_CELLS };
  const perCore = (form: TorchForm) => Array.from({ length: cores }, () => () => startTorch(row, form, 1, launch));
  const starting = [
    ...forms.flatMap((form) => [
      { name: `${form} one`, start: [() => startTorch(row, form, cores, launch)] },
      { name: `${form} each`, start: perCore(form) },
    ]),
  ];
  const boxes = [{ name: 'box', start: [() => launch.ours(job)] }];
  return await withContenders([...boxes, ...starting], async (contenders) => {
    // Ours and theirs answer to different orders, so the rounds are interleaved here.
    const rest = contenders.slice(1);
    const own = contenders.slice(0, 1);
    const rates: Record<string, Measured[]> = {};
    for (let round = 0; round < rounds; round++) {
      const warmUps = round === 0 ? 2 : 0;
      const mine = await alternate(own, [{ kind: 'box', seconds }], { rounds: 1, warmUps, signal });
      const theirs = await alternate(rest, [{ kind: 'full', seconds }], { rounds: 1, warmUps, signal });
      (rates.box ??= []).push(mine.box!.box!);
      for (const { name } of rest) (rates[name] ??= []).push(theirs[name]!.full!);
    }
    const best = Object.fromEntries(
      forms.map((form) => {
        const ways = [joined(rates[`${form} one`]!), joined(rates[`${form} each`]!)];
        return [form, ways.reduce((a, b) => (b.ms < a.ms ? b : a))];
      }),
    );
    return composed(row, precision, joined(rates.box!), best, versionsOf(contenders), options);
  });
}

function joined(rounds: readonly Measured[]): Measured {
  const ms = rounds.map((round) => round.ms).toSorted((a, b) => a - b);
  const middle = ms[ms.length >> 1]!;
  const steps = rounds.reduce((sum, round) => sum + round.steps, 0);
  return { ms: middle, spread: (ms.at(-1)! - ms[0]!) / middle, steps, peakMb: rounds.at(-1)!.peakMb };
}

const round = (value: number, digits: number): number => Number(value.toFixed(digits));

function composed(
  row: BenchRow,
  precision: BenchPrecision,
  mine: Measured,
  theirs: Record<string, Measured>,
  versions: Record<string, string>,
  { cores, rounds }: BenchOptions,
): BenchResult {
  const ms = (form: TorchForm): number | null => (theirs[form] ? round(theirs[form].ms, 2) : null);
  const all = { ours: mine, ...theirs };
  const each = <V>(value: (measured: Measured) => V): Record<string, V> =>
    Object.fromEntries(Object.entries(all).map(([name, measured]) => [name, value(measured)]));
  const paper = theirs['nchw-f32'];
  return {
    ...row,
    precision,
    ours_ms: round(mine.ms, 2),
    torch: { 'nchw-f32': ms('nchw-f32'), 'nhwc-f32': ms('nhwc-f32'), 'nchw-bf16': ms('nchw-bf16'), 'nhwc-bf16': ms('nhwc-bf16') },
    ratio_paper: paper ? round(paper.ms / mine.ms, 3) : null,
    ratio_fastest: round(Math.min(...Object.values(theirs).map((measured) => measured.ms)) / mine.ms, 3),
    spread: each(({ spread }) => (spread === null ? null : round(spread, 3))),
    peak_mb: each(({ peakMb }) => round(peakMb, 0)),
    batch: commonJob(row).batch,
    threads: cores,
    rounds,
    versions,
  };
}
