import type { Kind } from './compare.js';

type Cells = readonly (string | number)[];

const WHO = { ours: 'ours', torch: 'PyTorch' } as Record<string, string>;
const WHERE = { 'ours-cpu': '', 'torch-cpu': ' on the processor' } as Record<string, string>;

/** A kind as a reader knows it: 'ours, f32', 'PyTorch, f32 on the GPU' ... */
export function nameOf({ side, precision }: Kind): string {
  const [who] = side.split('-');
  return `${WHO[who!] ?? who}, ${precision}${WHERE[side] ?? (side.endsWith('cuda') ? ' on the GPU' : ` on ${side}`)}`;
}

export const percent = (value: number): string => value.toFixed(2);
export const signed = (value: number): string => `${value < 0 ? '' : '+'}${percent(value)}`;
export const small = (value: number): string => (value === 0 ? '0' : value.toExponential(1));

/** A learning rate without the last bit that a decay leaves in it: 0.005, not 0.005000000000000001. */
export const plainRate = (rate: number): number => Number(rate.toPrecision(10));

export const counted = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;

const row = (cells: Cells): string => `| ${cells.join(' | ')} |`;

const isWord = (cell: string | number | undefined): boolean => /^[A-Za-z*]/.test(String(cell));

/** A Markdown table: columns that begin with a word to the left, numbers to the right. */
export const table = (head: Cells, rows: readonly Cells[]): string[] => [
  row(head),
  row(head.map((_, i) => (isWord(rows[0]?.[i]) ? '---' : '---:'))),
  ...rows.map(row),
];
