import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { modelTable, withModelTable } from './model-table.js';
import { MODEL_NAMES } from './registry.js';

test("docs/models.md has the registry's table; 'nx run models:table' writes it", () => {
  const page = readFileSync(new URL('../../../docs/models.md', import.meta.url), 'utf8');
  expect(page).toBe(withModelTable(page));
});

test('it has a row for each model, with the figures that the code counts', () => {
  const rows = modelTable().split('\n').slice(2);
  expect(rows.map((row) => row.split('`')[1])).toEqual(MODEL_NAMES);
  expect(rows[0]).toBe('| `resnet8` | resnet-cifar | 83,892 | 12,507,392 | 32 | 100 |  |');
});

test('a page without its marks is an error', () => {
  expect(() => withModelTable('# Models')).toThrow(/lost its marks/);
});
