import { parse } from 'csv-parse/sync';
import { expect, test } from 'vitest';
import { paperNumber, readPaperTable } from './paper.js';
import { paperLines } from './paper-lines.js';
import { fillPaperTable, paperCells, paperTableNames } from './paper-tables.js';
import { paperTableCsv } from './paper-tables-csv.js';
import { paperTableMarkdown, paperTableText } from './paper-tables-text.js';
import { styleFor } from './terminal.js';
import { fakeImages, fakeRuns, fakeSummary, quickCells } from './testing/fake-runs.js';

const read = (csv: string): Record<string, string>[] => parse(csv, { columns: true }) as Record<string, string>[];

test.each(['cifar100-same', 'cifar100-distinct'] as const)('%s has every number of the paper, run or not', (table) => {
  const rows = read(paperTableCsv(paperLines(table, [])));
  const printed = readPaperTable('results').filter((row) => row.source === 'logit-standardization' && row.table === table);
  expect(printed.length).toBe(56);
  for (const { teacher, student, value } of printed) {
    const same = rows.filter((row) => row.teacher === teacher && row.student === student);
    expect(
      same.some((row) => Number(row.paper_top1) === Number(value)),
      `${teacher} ${student} ${value}`,
    ).toBe(true);
    expect(same.length).toBe(9);
    expect(same.every((row) => row.n === '0' && row.why_not === 'not run' && row.last_mean === '')).toBe(true);
  }
});

test('imagenet has top-1 and top-5 where a paper prints them', () => {
  const rows = read(paperTableCsv(paperLines('imagenet', [])));
  const find = (student: string, cell: string): Record<string, string> => rows.find((row) => row.student === student && row.cell === cell)!;
  expect(find('ResNet18', 'KD')).toMatchObject({
    paper_top1: '71.03',
    paper_source: expect.stringContaining('mdistiller'),
    paper_epochs: '100',
  });
  expect(find('ResNet18', 'CTKD')).toMatchObject({
    paper_source: 'ctkd, imagenet-main',
    paper_top5: expect.stringMatching(/^9\d/),
    paper_epochs: '120',
  });
  expect(find('MobileNetV1', 'DKD')).toMatchObject({ paper_top1: '72.05' });
});

test('ctkd-combined sets each method beside itself with the curriculum', () => {
  const labels = paperCells('ctkd-combined')
    .slice(0, 12)
    .map(({ label }) => label);
  expect(labels).toEqual(['PKT', 'PKT+CT', 'SP', 'SP+CT', 'VID', 'VID+CT', 'CRD', 'CRD+CT', 'SRRL', 'SRRL+CT', 'DKD', 'DKD+CT']);
});

test('finished runs fill their lines: mean over seeds, paired difference with its standard error', () => {
  const runs = fakeRuns(
    quickCells({ seeds: [0, 1] }),
    ({ label, seed }) => ({ KD: 50, 'KD+LS': 51 })[label]! + (label === 'KD+LS' ? seed : 0) || 40,
  );
  const rows = read(paperTableCsv(paperLines('cifar100-same', runs))).filter(({ n }) => n !== '0');
  expect(rows.map(({ cell }) => cell)).toEqual(['vanilla', 'KD', 'KD+LS', 'CTKD', 'CTKD+LS', 'DKD', 'DKD+LS', 'vanilla']);
  expect(rows[2]).toMatchObject({
    teacher: 'resnet56',
    last_mean: '51.5',
    last_std: '0.7071',
    n: '2',
    over_kd: '1.5',
    over_kd_error: '0.5',
    over_kd_n: '2',
    paper_top1: '71.43',
    comparable: 'no',
    dataset: 'cifar10',
    epochs: '12',
  });
  expect(rows[1]).toMatchObject({ over_kd: '' });
  // resnet20 alone stands under resnet110 as well, where no KD was run to compare it with.
  expect(rows[7]).toMatchObject({ teacher: 'resnet110', student: 'resnet20', over_kd: '' });
});

test('runs under other conditions are lines of their own, and cells with other settings are in no table', () => {
  const other = { ...fakeImages, dataset: 'cifar100', fingerprint: 'g' };
  const runs = [...fakeRuns(quickCells({ methods: ['kd'] }), () => 50), ...fakeRuns(quickCells({ methods: ['kd'] }, other), () => 40)];
  const rows = fillPaperTable('cifar100-same', runs).filter(({ example }) => example);
  expect(rows.map(({ label, last, overKd }) => [label, last!.mean, overKd?.mean])).toEqual([
    ['KD', 50, undefined],
    ['KD', 40, undefined],
    ['KD+LS', 50, 0],
    ['KD+LS', 40, 0],
  ]);
});

test('every cell of a table has a label of its own under its pair', () => {
  for (const name of paperTableNames) {
    const labels = paperCells(name).map(({ label, recipe }) => `${recipe.teacher} ${recipe.student} ${label}`);
    expect(new Set(labels).size).toBe(labels.length);
  }
  expect(paperNumber(paperCells('cifar100-same')[1]!.recipe).value).toBe(73.33);
});

test('what diverged is marked and never averaged', () => {
  const [kept, lost] = quickCells({ methods: ['dkd'], ls: 'off', seeds: [0, 1] });
  const runs = [
    { cell: kept!, summary: fakeSummary(kept!, { lastTop1: 60 }) },
    { cell: lost!, summary: fakeSummary(lost!, { status: 'diverged', lastTop1: Number.NaN }) },
  ];
  const [one] = paperLines('cifar100-same', runs).filter(({ example }) => example);
  expect(one).toMatchObject({ last: { mean: 60, n: 1 }, diverged: 1 });
  const [none] = paperLines('cifar100-same', [runs[1]!]).filter(({ example }) => example);
  expect(none).toMatchObject({ last: null, difference: null, diverged: 1 });
  const text = paperTableText('cifar100-same', paperLines('cifar100-same', [runs[1]!]), styleFor({}, { NO_COLOR: '1' }), 80);
  expect(text).toMatch(/^DKD +diverged +- +0 +71\.97 +- +no$/m);
});

test('a terminal of 80 columns holds every line, run or not, with two seeds as well; Markdown has the same rows', () => {
  const runs = fakeRuns(quickCells({ seeds: [0, 1] }), (cell, index) => 50 + index / 4 + cell.seed / 3);
  for (const name of paperTableNames) {
    const lines = paperLines(name, runs);
    const text = paperTableText(name, lines, styleFor({}, { NO_COLOR: '1' }), 80);
    for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
    const rows = paperTableMarkdown(name, lines)
      .split('\n')
      .filter((line) => line.startsWith('|'));
    expect(rows.length).toBe(2 + lines.length);
    for (const row of rows) expect(row.split(/(?<!\\)\|/).length).toBe(10);
  }
});
