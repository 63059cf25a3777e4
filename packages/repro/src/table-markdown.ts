import type { Table } from './table.js';
import { orderOf, tableNotes } from './table-notes.js';
import { tableText } from './table-terminal.js';

/** Text that Markdown shows as it stands. */
export const plainMarkdown = (text: string): string => text.replaceAll(/[\\|*_<>`[\]]/g, '\\$&');

/** A table as GitHub-flavoured Markdown, with its notes below. */
export function markdownTable(table: Table): string {
  const { heads, rows } = tableText(table);
  const line = (cells: readonly string[]): string => `| ${cells.map(plainMarkdown).join(' | ')} |`;
  const order = orderOf(table);
  const notes = [...(order ? [order] : []), ...tableNotes(table)];
  return [
    `**${plainMarkdown(table.title)}**`,
    '',
    line(heads),
    `|${heads.map((_, column) => (column === 0 ? ' --- |' : ' ---: |')).join('')}`,
    ...rows.map(line),
    '',
    ...notes.map((note) => `- ${plainMarkdown(note)}`),
    '',
  ].join('\n');
}
