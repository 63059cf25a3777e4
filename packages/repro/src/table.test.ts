import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parsePairs } from './selection-words.js';
import { arrangeTables, byTableOrder, spread } from './table.js';
import { orderOf, tableNotes } from './table-notes.js';
import { fakeImages, fakeRuns, fakeSummary, quickCells } from './testing/fake-runs.js';

test('mean and sample deviation', () => {
  expect(spread([])).toBeNull();
  expect(spread([3])).toEqual({ mean: 3, std: null, n: 1 });
  expect(spread([1, 2, 3])).toEqual({ mean: 2, std: 1, n: 3 });
});

test('eight cells over two seeds are eight rows in their order', () => {
  const cells = quickCells({ seeds: [0, 1] });
  const [table, ...others] = arrangeTables(fakeRuns(cells, (cell, index) => 50 + (index % 8) + cell.seed));
  expect(others).toEqual([]);
  expect(table!.rows.map(({ label }) => label)).toEqual(['vanilla', 'KD', 'KD T=2 w=9', 'KD+LS', 'CTKD', 'CTKD+LS', 'DKD', 'DKD+LS']);
  expect(table!.rows[3]).toMatchObject({
    last: { mean: 53.5, n: 2, std: expect.closeTo(Math.SQRT1_2) },
    overKd: { mean: 2, std: 0 },
    paper: { value: 71.43 },
  });
  expect(table!.rows[1]!.overKd).toBeNull();
  expect(table!.rows[2]!.paper.value).toBeNull();
  expect(table!.title).toBe('resnet56 → resnet20 · CIFAR-10, 5,000 training and 10,000 test images · 12 epochs · bf16');
});

test('differences to KD are taken seed by seed, and only where KD has the seed', () => {
  const runs = fakeRuns(quickCells({ methods: ['kd'], seeds: [0, 1, 2] }), ({ label, seed }) =>
    label === 'KD' ? 10 * seed : 10 * seed + 1,
  );
  const withoutKd = runs.map((run) => (run.cell.label === 'KD' && run.cell.seed === 2 ? { ...run, summary: null } : run));
  const ls = arrangeTables(withoutKd)[0]!.rows.find(({ label }) => label === 'KD+LS')!;
  expect(ls.overKd).toEqual({ mean: 1, std: 0, n: 2 });
  expect(ls.last!.n).toBe(3);
});

test('what diverged or is not finished is named and never averaged', () => {
  const [kept, lost] = quickCells({ methods: ['dkd'], ls: 'off', seeds: [0, 1] });
  const diverged = { cell: lost!, summary: fakeSummary(lost!, { status: 'diverged', lastTop1: Number.NaN }) };
  const [table] = arrangeTables([...fakeRuns([kept!], () => 50), diverged]);
  expect(table!.rows[0]).toMatchObject({ last: { mean: 50, n: 1 }, missing: [{ seed: 1, status: 'diverged' }] });
  expect(tableNotes(table!).join('\n')).toContain('DKD: seed 1 diverged; left out of the means.');
});

test('a table for each pair; the student alone stands in both', () => {
  const pairs = parsePairs('resnet56:resnet20,resnet110:resnet20');
  const tables = arrangeTables(fakeRuns(quickCells({ pairs, methods: ['vanilla', 'kd'], ls: 'off' }), () => 50));
  expect(tables.map(({ title, rows }) => [title.split(' · ')[0], rows.map(({ label }) => label)])).toEqual([
    ['resnet56 → resnet20', ['vanilla', 'KD']],
    ['resnet110 → resnet20', ['vanilla', 'KD']],
  ]);
  expect(arrangeTables(fakeRuns(quickCells({ methods: ['vanilla'] }), () => 50))[0]!.title).toMatch(/^resnet20 · /);
});

test('the notes say why a quick result is not comparable, what the control is, and what one seed is worth', () => {
  const notes = tableNotes(arrangeTables(fakeRuns(quickCells(), () => 50))[0]!).join('\n');
  expect(notes).toContain('CIFAR-100, all 50,000 training images, 240 epochs');
  expect(notes).toContain(
    "A quick result is not comparable with the papers' numbers: other images (cifar10, not cifar100); 5,000 of 50,000 training images; 12 epochs, not 240; bf16, not f32.",
  );
  expect(notes).toContain('none (KD T=2 w=9): the LS recipe without LS, ours alone');
  expect(notes).toContain('One seed (0)');
  expect(notes).toContain('Teacher resnet56: 91.50 % of the 10,000 test images');
});

test('the order is reported as it came out', () => {
  const [table] = arrangeTables(fakeRuns(quickCells({ methods: ['kd'] }), (_, index) => [52, 50, 51][index]!));
  expect(orderOf(table!)).toBe('Order by accuracy after the last epoch: KD > KD+LS > KD T=2 w=9.');
});

test('cells that print the same accuracy share a place', () => {
  const [table] = arrangeTables(fakeRuns(quickCells({ methods: ['kd'] }), (_, index) => [50, 51.001, 51.004][index]!));
  expect(orderOf(table!)).toBe('Order by accuracy after the last epoch: KD+LS = KD T=2 w=9 > KD.');
});

test('where only some cells have two seeds, the notes say what the others are worth', () => {
  const cells = quickCells({ methods: ['kd'], seeds: [0, 1] });
  const noted = (list: typeof cells): string => tableNotes(arrangeTables(fakeRuns(list, ({ seed }) => 50 + seed))[0]!).join('\n');
  const chance = 'Without ± it is one seed: differences of a point or so can be chance.';
  expect(noted(cells)).not.toContain(chance);
  expect(noted(cells.filter(({ seed, label }) => seed === 0 || label !== 'KD+LS'))).toContain(chance);
});

test('rows read back from disk come in the order of the table', () => {
  const cells = [...quickCells({ seeds: [0, 1] }), ...quickCells({}, { ...fakeImages, dataset: 'cifar100' })];
  const labels = (list: typeof cells): string[] => list.map(({ id }) => id);
  fc.assert(
    fc.property(fc.shuffledSubarray(cells, { minLength: cells.length }), (shuffled) => {
      const sorted = [...shuffled].sort(byTableOrder);
      expect(labels(sorted)).toEqual(labels([...cells].sort(byTableOrder)));
    }),
  );
  const quick = quickCells();
  expect([...quick].sort(byTableOrder).map(({ label }) => label)).toEqual(quick.map(({ label }) => label));
});
