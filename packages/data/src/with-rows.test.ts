import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Batch, epochBatches } from './batches.js';
import { pixelDataset } from './dataset.js';
import { openRowStore } from './row-store.js';
import { temporaryFolder } from './testing/temporary-folder.js';
import { withRows } from './with-rows.js';

const LENGTH = 40;

function dataset() {
  const about = {
    name: 'x',
    split: 'train',
    height: 1,
    width: 1,
    classes: LENGTH,
    labelNames: [],
    mean: [0, 0, 0],
    std: [1, 1, 1],
  } as const;
  return pixelDataset(
    about,
    Uint8Array.from({ length: LENGTH * 3 }, (_, i) => i),
    Uint16Array.from({ length: LENGTH }, (_, i) => i),
  );
}

const COLUMNS = { twice: 3, first: 1 };
const keyOf = ({ indices, variants }: Batch, k: number): number => indices[k]! * 162 + variants[k]!;
const rowsOf = (images: Float32Array): Record<keyof typeof COLUMNS, Float32Array> => ({
  twice: images.map((v) => v * 2 + 1),
  first: Float32Array.from({ length: images.length / 3 }, (_, k) => images[3 * k]!),
});

test('every picture gets its rows, in the order of the batches; computations are of one size and as few as can be', async () => {
  const shape = {
    batchSize: fc.integer({ min: 1, max: 16 }),
    computeSize: fc.integer({ min: 1, max: 24 }),
    lookahead: fc.integer({ min: 1, max: 60 }),
    kept: fc.subarray(['twice', 'first'] as const),
  };
  await fc.assert(
    fc.asyncProperty(fc.record(shape), async ({ batchSize, computeSize, lookahead, kept }) => {
      const root = await temporaryFolder();
      const columns = await Promise.all(
        Object.entries(COLUMNS).map(async ([name, length]) => {
          const isKept = (kept as string[]).includes(name);
          const options = { root, identity: { name }, rowLength: length, keyCount: LENGTH * 162 };
          return { name, length, store: isKept ? await openRowStore(options) : null };
        }),
      );
      const known = new Set<number>();
      for (const epoch of [1, 1, 2]) {
        let computed = 0;
        const compute = async (images: Float32Array): Promise<Record<string, Float32Array>> => {
          expect(images.length).toBe(computeSize * 3);
          computed++;
          return rowsOf(images);
        };
        const plain = [...epochBatches(dataset(), { seed: 1, epoch, batchSize })];
        let b = 0;
        let hits = 0;
        for await (const { batch, rows, hits: found } of withRows(epochBatches(dataset(), { seed: 1, epoch, batchSize }), {
          columns,
          keyOf,
          computeSize,
          compute,
          lookahead,
        })) {
          expect(batch).toEqual(plain[b++]);
          expect(rows).toEqual(rowsOf(batch.images));
          hits += found;
        }
        expect(b).toBe(plain.length);
        const keys = plain.flatMap((batch) => Array.from({ length: batch.count }, (_, k) => keyOf(batch, k)));
        expect(hits).toBe(kept.length === 2 ? keys.filter((key) => known.has(key)).length : 0);
        const fewest = Math.ceil((LENGTH - hits) / computeSize);
        expect(computed).toBeGreaterThanOrEqual(fewest);
        if (lookahead * batchSize >= LENGTH + batchSize) expect(computed).toBe(fewest);
        for (const key of keys) known.add(key);
      }
      await Promise.all(columns.map(({ store }) => store?.close()));
    }),
    { numRuns: 25 },
  );
});

test('leaving the loop early ends the batches', async () => {
  let ended = false;
  function* batches(): Generator<Batch> {
    try {
      yield* epochBatches(dataset(), { seed: 1, epoch: 1, batchSize: 4 });
    } finally {
      ended = true;
    }
  }
  const columns = [{ name: 'twice', length: 3, store: null }];
  for await (const { batch } of withRows(batches(), { columns, keyOf, computeSize: 4, compute: async (images) => rowsOf(images) })) {
    expect(batch.count).toBe(4);
    break;
  }
  expect(ended).toBe(true);
});

test('half precision: rows are the same the first time as out of the store', async () => {
  const store = await openRowStore({
    root: await temporaryFolder(),
    identity: { is: 'half' },
    rowLength: 3,
    keyCount: LENGTH * 162,
    precision: 'float16',
  });
  const columns = [{ name: 'third', length: 3, store }];
  const once = async (): Promise<Float32Array[]> => {
    const all: Float32Array[] = [];
    const compute = async (images: Float32Array): Promise<Record<string, Float32Array>> => ({ third: images.map((v) => v / 3) });
    for await (const { rows } of withRows(epochBatches(dataset(), { seed: 1, epoch: 1, batchSize: 8 }), {
      columns,
      keyOf,
      computeSize: 8,
      compute,
    })) {
      all.push(rows.third!);
    }
    return all;
  };
  const first = await once();
  expect(await once()).toEqual(first);
  expect(store.statistics).toMatchObject({ hits: LENGTH, misses: LENGTH });
  await store.close();
});
