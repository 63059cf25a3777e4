import { signed } from './signed.js';
import { type Spread, standardError, type Table, type TableRow } from './table.js';
import { orderOf, tableNotes } from './table-notes.js';
import { type Style, wrap } from './terminal.js';

/** '55.10' or, with its deviation over seeds, '55.10 ±0.42'; '-' where there is nothing. */
export const formatSpread = (value: Spread | null): string => {
  if (!value) return '-';
  return value.std === null ? value.mean.toFixed(2) : `${value.mean.toFixed(2)} ±${value.std.toFixed(2)}`;
};

/** '+0.50' or, with its standard error over seeds, '+0.50 ±0.18'; '-' where there is nothing. */
export const formatDifference = (value: Spread | null): string => {
  if (!value) return '-';
  const [mean, error] = [signed(value.mean), standardError(value)];
  return error === null ? mean : `${mean} ±${error.toFixed(2)}`;
};

const COLUMNS: readonly { head: string; cell(row: TableRow): string }[] = [
  { head: 'cell', cell: ({ label }) => label },
  { head: 'last %', cell: ({ last }) => formatSpread(last) },
  { head: 'best %', cell: ({ best }) => formatSpread(best) },
  { head: 'top-5 %', cell: ({ top5 }) => formatSpread(top5) },
  { head: 'over KD', cell: ({ overKd }) => formatDifference(overKd) },
  { head: 'paper %', cell: ({ paper }) => (paper.value === null ? 'none' : paper.value.toFixed(2)) },
];

/** The columns of a table as text: heads and cells. */
export function tableText(table: Table): { heads: string[]; rows: string[][] } {
  return { heads: COLUMNS.map(({ head }) => head), rows: table.rows.map((row) => COLUMNS.map(({ cell }) => cell(row))) };
}

/** A table for a terminal: aligned columns, what is best in bold, and below it what must be known of it. */
export function terminalTable(table: Table, style: Style, width: number): string {
  const { heads, rows } = tableText(table);
  const widths = heads.map((head, column) => Math.max(head.length, ...rows.map((row) => row[column]!.length)));
  const gap = widths.reduce((sum, w) => sum + w, 0) + 3 * (widths.length - 1) <= width ? '   ' : '  ';
  const line = (cells: readonly string[]): string =>
    cells
      .map((text, column) => (column === 0 ? text.padEnd(widths[0]!) : text.padStart(widths[column]!)))
      .join(gap)
      .trimEnd();
  const best = Math.max(...table.rows.map(({ last }) => last?.mean ?? Number.NEGATIVE_INFINITY));
  const body = table.rows.map((row, index) => {
    const text = line(rows[index]!);
    return row.last?.mean === best ? style.bold(text) : text;
  });
  const order = orderOf(table);
  const notes = [...(order ? [order] : []), ...tableNotes(table)].map((note) => style.dim(wrap(note, width)));
  return [...wrap(table.title, width).split('\n').map(style.bold), '', style.dim(line(heads)), ...body, '', ...notes].join('\n');
}
