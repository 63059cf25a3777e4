import { expect, test } from 'vitest';
import { proofWords } from './proof.js';
import { fakeSummary, quickCells } from './testing/fake-runs.js';

test('a smoke run says what its cells have shown, and of those that did not run nothing', () => {
  const runs = quickCells().map((cell, i) => ({ cell, summary: i === 0 ? null : fakeSummary(cell) }));
  const [vanilla, ...others] = runs;
  expect(vanilla!.cell.label).toBe('vanilla');
  expect(proofWords(runs)).toBe(
    '7 of 8 cells trained: 1 pair, 2 methods; every loss finite, a gradient for every trainable, ' +
      'a loss that standardization (3 cells) and the learned temperature (2 cells) change.',
  );
  expect(proofWords(others.filter(({ cell }) => cell.label === 'KD'))).toBe(
    '1 of 1 cell trained: 1 pair, 1 method; every loss finite, a gradient for every trainable.',
  );
});
