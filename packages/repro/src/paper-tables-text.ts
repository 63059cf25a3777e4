import type { PaperLine } from './paper-lines.js';
import { type PaperTableName, paperTableTitles } from './paper-tables.js';
import { signed } from './signed.js';
import { groupBy } from './table.js';
import { plainMarkdown } from './table-markdown.js';
import { formatDifference, formatSpread } from './table-terminal.js';
import { type Style, wrap } from './terminal.js';

const COLUMNS: readonly { head: string; cell(line: PaperLine): string }[] = [
  { head: 'cell', cell: ({ label }) => label },
  { head: 'last %', cell: ({ last, diverged }) => (last || diverged === 0 ? formatSpread(last) : 'diverged') },
  { head: 'over KD', cell: ({ overKd }) => formatDifference(overKd) },
  { head: 'n', cell: ({ last, diverged }) => `${last?.n ?? 0}${last && diverged > 0 ? `+${diverged} diverged` : ''}` },
  { head: 'paper %', cell: ({ paper }) => (paper.value === null ? 'none' : paper.value.toFixed(2)) },
  { head: 'minus paper', cell: ({ difference }) => (difference === null ? '-' : signed(difference)) },
  { head: 'comparable', cell: ({ example, reasons }) => (example ? (reasons.length === 0 ? 'yes' : 'no') : 'not run') },
];

const pairOf = ({ recipe }: PaperLine): string => `${recipe.teacher} → ${recipe.student}`;

/** Why runs of a table cannot be compared with the papers' numbers, each reason once. */
function notesOf(lines: readonly PaperLine[]): string[] {
  const reasons = [...new Set(lines.filter(({ example }) => example).map((line) => line.reasons.join('; ')))].filter((text) => text !== '');
  const several = lines.some(({ last }) => last !== null && last.n > 1);
  return [
    ...reasons.map((text) => `Not comparable: ${text}.`),
    ...(several
      ? ['last: mean ± standard deviation over n seeds; over KD: difference to plain KD of the same seed, ± its standard error.']
      : []),
  ];
}

/** A table of the papers for a terminal, pair by pair, run or not. */
export function paperTableText(name: PaperTableName, lines: readonly PaperLine[], style: Style, width: number): string {
  const cells = lines.map((line) => COLUMNS.map(({ cell }) => cell(line)));
  const widths = COLUMNS.map(({ head }, column) => Math.max(head.length, ...cells.map((row) => row[column]!.length)));
  const row = (texts: readonly string[]): string =>
    texts
      .map((text, column) => (column === 0 ? text.padEnd(widths[0]!) : text.padStart(widths[column]!)))
      .join('  ')
      .trimEnd();
  const pairs = groupBy(lines, pairOf).flatMap((members) => [
    '',
    style.bold(pairOf(members[0]!)),
    ...members.map((line) => {
      const text = row(COLUMNS.map(({ cell }) => cell(line)));
      return line.example ? text : style.dim(text);
    }),
  ]);
  const notes = notesOf(lines).map((note) => style.dim(wrap(note, width)));
  return [
    style.bold(paperTableTitles[name]),
    '',
    style.dim(row(COLUMNS.map(({ head }) => head))),
    ...pairs,
    ...(notes.length ? ['', ...notes] : []),
  ].join('\n');
}

/** A table of the papers as GitHub-flavoured Markdown. */
export function paperTableMarkdown(name: PaperTableName, lines: readonly PaperLine[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(plainMarkdown).join(' | ')} |`;
  return [
    `**${paperTableTitles[name]}**`,
    '',
    line(['pair', ...COLUMNS.map(({ head }) => head)]),
    `| --- | --- |${' ---: |'.repeat(COLUMNS.length - 1)}`,
    ...lines.map((one) => line([pairOf(one), ...COLUMNS.map(({ cell }) => cell(one))])),
    '',
    ...notesOf(lines).map((note) => `- ${plainMarkdown(note)}`),
    '',
  ].join('\n');
}
