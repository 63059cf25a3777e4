import { expect, test } from 'vitest';
import { recipeLines } from './recipe-lines.js';
import { styleFor } from './terminal.js';
import { quickCells } from './testing/fake-runs.js';

const plain = styleFor({}, { NO_COLOR: '1' });

test('what cells share is said once, what each minimises on a line of its own', () => {
  const lines = recipeLines(quickCells(), plain, 100).split('\n');
  expect(lines[0]).toBe('Recipes');
  expect(lines[1]).toBe('  12 epochs of batches of 64, lr 0.05 x 0.1 after 7, 9, 10, momentum 0.9, decay 0.0005');
  expect(lines).toContain('    vanilla: CE 1');
  expect(lines).toContain('    KD+LS: CE 0.1, KD 9, T 2, standardized');
  expect(lines.filter((line) => /^ {2}\d/.test(line))).toHaveLength(1);
});

test('of several pairs each name says which; too many are counted, not printed', () => {
  const cells = quickCells();
  const other = cells.map((cell) => ({ ...cell, recipe: { ...cell.recipe, student: 'resnet8' as const } }));
  const both = recipeLines([...cells.slice(0, 3), ...other.slice(0, 3)], plain, 100);
  expect(both).toContain('KD (resnet56 → resnet20): CE 0.1, KD 0.9, T 4');
  expect(both).toContain('KD (resnet56 → resnet8): CE 0.1, KD 0.9, T 4');
  const many = Array.from({ length: 4 }, (_, k) => cells.map((cell) => ({ ...cell, label: `${cell.label} ${k}` }))).flat();
  expect(recipeLines(many, plain, 200)).toBe(
    "Recipes: 32; 'tempered plan' with the same options prints them, and each cell's config.json holds its own",
  );
});
