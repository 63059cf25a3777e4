import { type Batch, type RowBatch, type RowColumn, type RowStore, VARIANTS, withRows } from '@tempered/data';
import type { Values } from '@tempered/tensors';
import type { FeedRecord } from './feed-meter.js';
import type { StrongView } from './step-inputs.js';
import type { TeacherOutput } from './teacher-outputs.js';
import type { TeacherProgram } from './teacher-program.js';
import type { TeacherStores } from './teacher-store.js';

/**
 * Pictures of every forward pass of a teacher, whatever the students' batch is and whether or not its outputs are kept. A row does
 * not depend on which other rows are in the pass, but it may on how many: so there is one size.
 */
export const TEACHER_BATCH = 64;

/** A batch and what the teacher says of it, by the names under which students take it. */
export interface TaughtBatch {
  batch: Batch;
  taught: Record<string, Values>;
  /** Null where nobody trains on a second view. */
  strong: StrongView | null;
}

/** Which batches these are, and how their second view is made. */
export interface EpochViews {
  seed: number;
  epoch: number;
  /** Makes the second view of a batch's pictures; null where nobody trains on one. */
  strong: ((batch: Batch) => Float32Array) | null;
}

interface StrongBatch extends RowBatch {
  of: TaughtBatch;
}

const LOGITS = 'logits';

/** A teacher at work: what it says of batch after batch, out of its stores where they have it. */
export class Teaching {
  constructor(
    private readonly program: TeacherProgram,
    private readonly outputs: readonly TeacherOutput[],
    private readonly classes: number,
    private readonly stores: TeacherStores | null = null,
  ) {}

  /** Batches with what the teacher says of them, in their order; it looks no further ahead than it takes to fill a forward pass. */
  async *over(batches: AsyncIterable<Batch>, { seed, epoch, strong }: EpochViews, meter: FeedRecord): AsyncGenerator<TaughtBatch, void> {
    await this.stores?.refresh();
    const weak = this.weak(batches, meter);
    if (strong === null) {
      yield* weak;
      return;
    }
    const store = (await this.stores?.strong(seed, epoch)) ?? null;
    try {
      yield* this.strong(weak, strong, store, meter);
    } finally {
      await store?.close();
    }
  }

  /** What the teacher says of the batches themselves. */
  private async *weak(batches: AsyncIterable<Batch>, meter: FeedRecord): AsyncGenerator<TaughtBatch, void> {
    const columns = this.outputs.map(({ name, shape }): RowColumn => {
      const length = shape.reduce((product, side) => product * side, 1);
      return { name, length, store: this.stores?.weak.get(name) ?? null };
    });
    const keyOf = ({ indices, variants }: Batch, k: number): number => indices[k]! * VARIANTS + variants[k]!;
    const compute = this.timed(meter, async (images) => (await this.program.outputs(images)) as Record<string, Float32Array>);
    for await (const { batch, rows, hits } of withRows(batches, { columns, keyOf, computeSize: TEACHER_BATCH, compute })) {
      meter.asked += batch.count;
      meter.hits += hits;
      yield { batch, taught: rows, strong: null };
    }
  }

  /** Adds the second views. */
  private async *strong(
    weak: AsyncIterable<TaughtBatch>,
    viewOf: (batch: Batch) => Float32Array,
    store: RowStore | null,
    meter: FeedRecord,
  ): AsyncGenerator<TaughtBatch, void> {
    async function* views(): AsyncGenerator<StrongBatch, void> {
      for await (const of of weak) yield { of, count: of.batch.count, images: viewOf(of.batch) };
    }
    const columns = [{ name: LOGITS, length: this.classes, store }];
    const keyOf = ({ of }: StrongBatch, k: number): number => of.batch.indices[k]!;
    const compute = this.timed(meter, async (images) => ({ [LOGITS]: await this.program.logits(images) }));
    for await (const { batch, rows, hits } of withRows(views(), { columns, keyOf, computeSize: TEACHER_BATCH, compute })) {
      meter.asked += batch.count;
      meter.hits += hits;
      yield { ...batch.of, strong: { images: batch.images, logits: rows[LOGITS]! } };
    }
  }

  private timed<T>(meter: FeedRecord, compute: (images: Float32Array) => Promise<T>): (images: Float32Array) => Promise<T> {
    return async (images) => {
      const began = performance.now();
      const result = await compute(images);
      meter.teacherSeconds += (performance.now() - began) / 1000;
      meter.computed += TEACHER_BATCH;
      return result;
    };
  }
}
