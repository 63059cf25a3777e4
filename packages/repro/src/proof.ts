import type { StoredRun } from './run-folder.js';

const number = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

/**
 * What the cells of a smoke run have shown: each that is done took its steps with a finite loss, found a gradient at every trainable
 * in the first of them, and a loss there that moves when an option of its is switched off.
 */
export function proofWords(runs: readonly StoredRun[]): string {
  const done = runs.filter(({ summary }) => summary?.status === 'done').map(({ cell }) => cell.recipe);
  const pairs = new Set(done.map(({ teacher, student }) => (teacher ? `${teacher}:${student}` : '')));
  pairs.delete('');
  const methods = new Set(done.map(({ method }) => method));
  const moved = [
    ['standardization', done.filter(({ standardize }) => standardize).length],
    ['the learned temperature', done.filter(({ curriculum }) => curriculum).length],
  ] as const;
  const options = moved.filter(([, cells]) => cells > 0).map(([name, cells]) => `${name} (${number(cells, 'cell')})`);
  const changed = options.length > 0 ? `, a loss that ${options.join(' and ')} change${options.length === 1 ? 's' : ''}` : '';
  return (
    `${done.length} of ${number(runs.length, 'cell')} trained: ${number(pairs.size, 'pair')}, ${number(methods.size, 'method')}; every loss finite, ` +
    `a gradient for every trainable${changed}.`
  );
}
