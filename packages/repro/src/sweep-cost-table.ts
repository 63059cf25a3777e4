import type { BenchResult } from './bench-step.js';
import type { Cell } from './cell.js';
import { readPaperTable } from './paper.js';
import { profiles } from './profile.js';
import { type MethodName, methodNames } from './recipes/index.js';
import { type Pair, selectCells } from './selection.js';
import { type SweepCost, sweepCost } from './sweep-cost.js';

/** Logit methods of the paper's tables, each with and without standardization. */
const PAPER_METHODS: readonly MethodName[] = ['kd', 'ctkd', 'dkd', 'mlkd'];
const CIFAR100 = { dataset: 'cifar100', source: '', trainImages: 50_000, testImages: 10_000, fingerprint: '' };
const TABLES = ['cifar100-same', 'cifar100-distinct'];

/** The pairs of the paper's two tables for CIFAR-100. */
export function paperPairs(): Pair[] {
  const rows = readPaperTable('results').filter(({ source, table }) => source === 'logit-standardization' && TABLES.includes(table!));
  const names = [...new Set(rows.map(({ teacher, student }) => `${teacher}:${student}`))];
  return names.map((name) => name.split(':') as [Pair['teacher'], Pair['student']]).map(([teacher, student]) => ({ teacher, student }));
}

/** Cells of pairs and methods at full length, with standardization and without; the controls that we add are left out. */
function cellsOf(pairs: readonly Pair[], methods: readonly MethodName[]): Cell[] {
  const selection = { pairs, methods, ls: 'both', curriculum: null, seeds: [0] } as const;
  return selectCells(selection, profiles.paper, CIFAR100).filter(({ label }) => !/ T=\d/.test(label));
}

function sum(costs: readonly SweepCost[]): SweepCost {
  const add = (of: (cost: SweepCost) => number): number => costs.reduce((all, cost) => all + of(cost), 0);
  return {
    cells: add(({ cells }) => cells),
    studentSteps: add(({ studentSteps }) => studentSteps),
    asked: add(({ asked }) => asked),
    computed: add(({ computed }) => computed),
    hours: {
      paper: add(({ hours }) => hours.paper),
      fastest: add(({ hours }) => hours.fastest),
      withoutStore: add(({ hours }) => hours.withoutStore),
      withStore: add(({ hours }) => hours.withStore),
    },
    measured: costs.every(({ measured }) => measured),
  };
}

/** A sweep's cost: cells of the same teacher share what it says, whatever their students. */
function costOf(cells: readonly Cell[], rows: readonly BenchResult[], precision: BenchResult['precision']): SweepCost {
  const teachers = [...new Set(cells.map(({ recipe }) => recipe.teacher))];
  return sum(
    teachers.map((teacher) =>
      sweepCost(
        cells.filter(({ recipe }) => recipe.teacher === teacher),
        rows,
        precision,
      ),
    ),
  );
}

const millions = (count: number): string => (count / 1e6).toFixed(count < 1e8 ? 1 : 0);
const hoursText = (hours: number): string => (hours < 100 ? hours.toFixed(1) : hours.toFixed(0));

function line(name: string, cost: SweepCost): string {
  const { paper, fastest, withoutStore, withStore } = cost.hours;
  const cells = [
    `${name}${cost.measured ? '' : ' *'}`,
    cost.cells,
    `${(cost.studentSteps / 1e6).toFixed(2)}`,
    millions(cost.asked),
    millions(cost.computed),
    hoursText(paper),
    hoursText(fastest),
    hoursText(withoutStore),
    hoursText(withStore),
    (withStore / paper).toFixed(2),
    (withStore / fastest).toFixed(2),
  ];
  return `| ${cells.join(' | ')} |`;
}

/** Precisions of ours that rows hold, float32 first. */
const precisionsIn = (rows: readonly BenchResult[]): BenchResult['precision'][] =>
  (['f32', 'bf16'] as const).filter((precision) => rows.some((row) => row.work === 'student-step' && row.precision === precision));

/** The tables of docs/data.md, one for each precision that was measured, out of the lines of `tempered bench-step`. */
export function costTables(rows: readonly BenchResult[]): string {
  const pairs = paperPairs();
  const named = ({ teacher, student }: Pair): string => `${teacher} → ${student}`;
  return precisionsIn(rows)
    .map((precision) => {
      const single = pairs.filter(({ teacher }) => ['resnet56', 'resnet32x4'].includes(teacher));
      const body = [
        ...single.map((pair) => line(`${named(pair)}: KD alone, 240 epochs`, costOf(onlyKd(pair), rows, precision))),
        ...pairs.map((pair) =>
          line(
            `${named(pair)}, ${PAPER_METHODS.length} methods with and without LS`,
            costOf(cellsOf([pair], PAPER_METHODS), rows, precision),
          ),
        ),
        line(`all ${pairs.length} pairs`, costOf(cellsOf(pairs, PAPER_METHODS), rows, precision)),
        line(`all ${pairs.length} pairs, all methods`, costOf(cellsOf(pairs, methodNames), rows, precision)),
      ];
      const head = [
        'training',
        'cells',
        'student steps (M)',
        'teacher asked (M pictures)',
        'computed with the store (M)',
        'PyTorch as published (h)',
        'PyTorch at its fastest (h)',
        `ours in ${precision}, no store (h)`,
        'with the store (h)',
        'of PyTorch as published',
        'of its fastest',
      ];
      return [`| ${head.join(' | ')} |`, `|${'---|'.repeat(head.length)}`, ...body].join('\n');
    })
    .join('\n\n');
}

const onlyKd = (pair: Pair): Cell[] => cellsOf([pair], ['kd']).filter(({ recipe }) => !recipe.standardize);

const MARKS = ['<!-- cost: begin -->', '<!-- cost: end -->'] as const;

/** A document with what stands between the marks replaced. Throws where a mark is missing. */
export function replaceMarked(document: string, content: string): string {
  const [begin, end] = MARKS.map((mark) => document.indexOf(mark)) as [number, number];
  if (begin < 0 || end < begin) throw new RangeError(`the document has no '${MARKS[0]}' followed by '${MARKS[1]}'`);
  return `${document.slice(0, begin)}${MARKS[0]}\n${content}\n${document.slice(end)}`;
}
