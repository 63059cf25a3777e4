import type { StoredRun } from './run-folder.js';

/**
 * What the cells of a smoke run have shown: each that is done took its steps with a finite loss, found a gradient at every trainable
 * in the first of them, and a loss there that moves when an option of its is switched off.
 */
export function proofWords(runs: readonly StoredRun[]): string {
  const done = runs.filter(({ summary }) => summary?.status === 'done').map(({ cell }) => cell.recipe);
  const pairs = new Set(done.map(({ teacher, student }) => (teacher ? `${teacher}:${student}` : '')));
  pairs.delete('');
  const methods = new Set(done.map(({ method }) => method));
  const standardized = done.filter(({ standardize }) => standardize).length;
  const learned = done.filter(({ curriculum }) => curriculum).length;
  return (
    `${done.length} of ${runs.length} cells trained: ${pairs.size} pairs, ${methods.size} methods; finite losses, a gradient for every trainable, ` +
    `and a loss that standardization (${standardized} cells) and the learned temperature (${learned}) change.`
  );
}
