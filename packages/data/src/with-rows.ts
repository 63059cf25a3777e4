import type { Batch } from './batches.js';
import type { RowStore } from './row-store.js';

/** One kind of row that every picture gets, by name: kept in a store, or, where that is null, computed each time. */
export interface RowColumn {
  name: string;
  /** Values of a row. */
  length: number;
  store: RowStore | null;
}

export interface WithRowsOptions<B extends RowBatch> {
  columns: readonly RowColumn[];
  /** Key of picture k of a batch, the same in all columns. */
  keyOf: (batch: B, k: number) => number;
  /** Computes rows, always for this many pictures at a time. */
  computeSize: number;
  /** Float32 [computeSize, ...picture] to a row of each column, float32 [computeSize, length]; a row must not depend on its neighbours. */
  compute: (images: Float32Array) => Promise<Readonly<Record<string, Float32Array>>>;
  /** Most batches that are held to gather what is missing. Default 32. */
  lookahead?: number;
}

/** What of a batch is needed to give it rows. */
export type RowBatch = Pick<Batch, 'images' | 'count'>;

export interface BatchWithRows<B> {
  batch: B;
  /** Float32 [count, length] of each column. */
  rows: Record<string, Float32Array>;
  /** Pictures all of whose rows were in the stores. */
  hits: number;
}

interface Waiting<B> extends BatchWithRows<B> {
  missing: number[];
}

/**
 * Batches with rows for each picture, from the stores where they have them. What is missing is gathered over as many batches
 * ahead as it takes and computed in full computations of one size; only at the end of the batches, or of the look-ahead, some
 * places are idle (they repeat a picture). Where nothing is kept, a batch is as a rule a computation, and none is held back.
 * Batches come out in their order; computed rows are put into the stores.
 */
export async function* withRows<B extends RowBatch>(
  batches: Iterable<B> | AsyncIterable<B>,
  options: WithRowsOptions<B>,
): AsyncGenerator<BatchWithRows<B>, void> {
  const { computeSize, lookahead = 32 } = options;
  const source = iteratorOf(batches);
  const line: Waiting<B>[] = [];
  const pull = async (): Promise<boolean> => {
    const next = await source.next();
    if (next.done) return false;
    line.push(lookUp(next.value, options));
    return true;
  };
  try {
    while (line.length > 0 || (await pull())) {
      const [first] = line as [Waiting<B>];
      if (first.missing.length === 0) {
        line.shift();
        yield { batch: first.batch, rows: first.rows, hits: first.hits };
        continue;
      }
      while (missingIn(line) < computeSize && line.length < lookahead && (await pull()));
      await computeMissing(line, options);
    }
  } finally {
    await source.return?.();
  }
}

function iteratorOf<B>(batches: Iterable<B> | AsyncIterable<B>): AsyncIterator<B> | Iterator<B> {
  return Symbol.asyncIterator in batches ? batches[Symbol.asyncIterator]() : batches[Symbol.iterator]();
}

const missingIn = (line: readonly Waiting<RowBatch>[]): number => line.reduce((sum, { missing }) => sum + missing.length, 0);

/** A batch with what the stores have of it. */
function lookUp<B extends RowBatch>(batch: B, { columns, keyOf }: WithRowsOptions<B>): Waiting<B> {
  const keys = Array.from({ length: batch.count }, (_, k) => keyOf(batch, k));
  const rows: Record<string, Float32Array> = {};
  const missing = new Set<number>();
  for (const { name, length, store } of columns) {
    if (store) rows[name] = new Float32Array(batch.count * length);
    for (const k of store ? store.get(keys, rows[name]!) : keys.keys()) missing.add(k);
  }
  return { batch, rows, missing: [...missing].sort((a, b) => a - b), hits: batch.count - missing.size };
}

/** Computes the missing pictures that come first in line, as many as go into one computation. */
async function computeMissing<B extends RowBatch>(line: Waiting<B>[], options: WithRowsOptions<B>): Promise<void> {
  const { columns, keyOf, computeSize, compute } = options;
  const wanted = line.flatMap((waiting) => waiting.missing.map((k) => ({ waiting, k }))).slice(0, computeSize);
  const images = imagesOf(wanted, computeSize);
  const computed = await compute(images);
  const keys = wanted.map(({ waiting, k }) => keyOf(waiting.batch, k));
  for (const { name, length, store } of columns) {
    const values = store ? store.asKept(computed[name]!) : computed[name]!;
    store?.put(keys, values);
    if (images === line[0]!.batch.images) {
      line[0]!.rows[name] = values;
      continue;
    }
    for (const [place, { waiting, k }] of wanted.entries()) {
      const rows = (waiting.rows[name] ??= new Float32Array(waiting.batch.count * length));
      rows.set(values.subarray(place * length, (place + 1) * length), k * length);
    }
  }
  let left = wanted.length;
  for (const waiting of line) {
    const done = Math.min(left, waiting.missing.length);
    waiting.missing.splice(0, done);
    left -= done;
  }
}

/** The pictures of a computation: those of a batch itself where they are just that, else put together. */
function imagesOf<B extends RowBatch>(wanted: readonly { waiting: Waiting<B>; k: number }[], computeSize: number): Float32Array {
  const [{ waiting: first }] = wanted as [(typeof wanted)[number]];
  const size = first.batch.images.length / first.batch.count;
  if (first.batch.count === computeSize && first.missing.length === computeSize) return first.batch.images;
  const images = new Float32Array(computeSize * size);
  for (let place = 0; place < computeSize; place++) {
    const { waiting, k } = wanted[Math.min(place, wanted.length - 1)]!;
    images.set(waiting.batch.images.subarray(k * size, (k + 1) * size), place * size);
  }
  return images;
}
