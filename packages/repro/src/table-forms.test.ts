import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { arrangeTables } from './table.js';
import { allCsv, neutralise } from './table-csv.js';
import { markdownTable } from './table-markdown.js';
import { formatDifference, formatSpread, terminalTable } from './table-terminal.js';
import { styleFor } from './terminal.js';
import { fakeRuns, quickCells } from './testing/fake-runs.js';

const plain = styleFor({}, { NO_COLOR: '1' });
const runs = fakeRuns(quickCells(), (_, index) => 50 + index / 4);

test('a spread is printed with its deviation where it has one', () => {
  expect(formatSpread(null)).toBe('-');
  expect(formatSpread({ mean: 50, std: null, n: 1 })).toBe('50.00');
  expect(formatDifference({ mean: 0.5, std: 0.25, n: 4 })).toBe('+0.50 ±0.13');
  expect(formatDifference({ mean: -0.5, std: null, n: 1 })).toBe('-0.50');
});

test('the terminal table fits 80 columns, with two seeds as well', () => {
  const two = fakeRuns(quickCells({ seeds: [0, 1] }), (cell, index) => 50 + index / 4 + cell.seed / 3);
  for (const table of [arrangeTables(runs)[0]!, arrangeTables(two)[0]!]) {
    for (const line of terminalTable(table, plain, 80).split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
  }
});

test('the terminal table has the paper in a column of its own', () => {
  const lines = terminalTable(arrangeTables(runs)[0]!, plain, 100).split('\n');
  expect(lines.find((line) => line.startsWith('cell'))).toMatch(/last %\s+best %\s+top-5 %\s+over KD\s+paper %$/);
  expect(lines.find((line) => line.startsWith('KD+LS'))).toMatch(/50\.75\s+51\.25\s+90\.00\s+\+0\.50\s+71\.43$/);
  expect(lines.find((line) => line.startsWith('KD T=2'))).toMatch(/none$/);
});

test('the Markdown table is one, with the same figures', () => {
  const text = markdownTable(arrangeTables(runs)[0]!);
  const rows = text.split('\n').filter((line) => line.startsWith('|'));
  expect(rows.length).toBe(2 + 8);
  for (const row of rows) expect(row.split(/(?<!\\)\|/).length).toBe(8);
  expect(text).toContain('| KD+LS | 50.75 | 51.25 | 90.00 | +0.50 | 71.43 |');
});

test('all.csv has a row a cell, ours and the paper apart, and says why they cannot be compared', () => {
  const rows = parse(allCsv(runs), { columns: true }) as Record<string, string>[];
  expect(rows.length).toBe(8);
  expect(rows[3]).toMatchObject({
    cell: runs[3]!.cell.id,
    label: 'KD+LS',
    dataset: 'cifar10',
    seed: '0',
    last_top1: '50.75',
    best_top1: '51.25',
    paper_top1: '71.43',
    paper_source: 'logit-standardization, cifar100-same',
    last_minus_paper: '-20.68',
    over_kd: '0.5',
    comparable: 'no',
    epochs: '12',
    train_images: '5000',
    precision: 'bf16',
    teacher_top1: '91.5',
  });
  expect(rows[2]).toMatchObject({ paper_top1: '', paper_source: 'no paper has these settings', last_minus_paper: '' });
  expect(rows[0]!.why_not).toContain('12 epochs, not 240');
});

test('no text in a cell can be taken for a formula, and numbers stay numbers', () => {
  fc.assert(
    fc.property(fc.constantFrom('=', '+', '-', '@', '\t', '\r'), fc.string(), (first, rest) => {
      expect(neutralise(first + rest)).toBe(`'${first}${rest}`);
    }),
  );
  expect(neutralise(-20.68)).toBe(-20.68);
  expect(neutralise('cifar10')).toBe('cifar10');
  const hostile = { ...runs[0]!, cell: { ...runs[0]!.cell, images: { ...runs[0]!.cell.images, source: '=HYPERLINK("x","y")' } } };
  const [row] = parse(allCsv([hostile]), { columns: true }) as Record<string, string>[];
  expect(row!.images_source).toBe('\'=HYPERLINK("x","y")');
});
