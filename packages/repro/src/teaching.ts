import { type Batch, type RowBatch, type RowColumn, type RowStore, VARIANTS, withRows } from '@tempered/data';
import type { Values } from '@tempered/tensors';
import type { FeedMeter } from './feed-meter.js';
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

/** A batch with the second view of its pictures, where somebody trains on one. */
export interface ViewedBatch extends Batch {
  /** float32 [count, height, width, 3], normalised. */
  strong: Float32Array | null;
}

/** Which batches these are, and whether their second views are asked about too. */
export interface EpochViews {
  seed: number;
  epoch: number;
  views: boolean;
}

interface TaughtOnce extends TaughtBatch {
  batch: ViewedBatch;
}

interface StrongBatch extends RowBatch {
  of: TaughtOnce;
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
  async *over(batches: AsyncIterable<ViewedBatch>, of: EpochViews, meter: FeedMeter): AsyncGenerator<TaughtBatch, void> {
    await this.stores?.refresh();
    const weak = this.weak(batches, meter);
    if (!of.views) {
      yield* weak;
      return;
    }
    const store = (await this.stores?.strong(of.seed, of.epoch)) ?? null;
    try {
      yield* this.strong(weak, store, meter);
    } finally {
      await store?.close();
    }
  }

  /** What the teacher says of the batches themselves. */
  private async *weak(batches: AsyncIterable<ViewedBatch>, meter: FeedMeter): AsyncGenerator<TaughtOnce, void> {
    const columns = this.outputs.map(({ name, shape }): RowColumn => {
      const length = shape.reduce((product, side) => product * side, 1);
      return { name, length, store: this.stores?.weak.get(name) ?? null };
    });
    const keyOf = ({ indices, variants }: ViewedBatch, k: number): number => indices[k]! * VARIANTS + variants[k]!;
    const compute = this.timed(meter, async (images) => (await this.program.outputs(images)) as Record<string, Float32Array>);
    for await (const { batch, rows, hits } of withRows(batches, { columns, keyOf, computeSize: TEACHER_BATCH, compute })) {
      meter.record.asked += batch.count;
      meter.record.hits += hits;
      yield { batch, taught: rows, strong: null };
    }
  }

  /** Adds the second views. */
  private async *strong(weak: AsyncIterable<TaughtOnce>, store: RowStore | null, meter: FeedMeter): AsyncGenerator<TaughtBatch, void> {
    async function* views(): AsyncGenerator<StrongBatch, void> {
      for await (const of of weak) yield { of, count: of.batch.count, images: of.batch.strong! };
    }
    const columns = [{ name: LOGITS, length: this.classes, store }];
    const keyOf = ({ of }: StrongBatch, k: number): number => of.batch.indices[k]!;
    const compute = this.timed(meter, async (images) => ({ [LOGITS]: await this.program.logits(images) }));
    for await (const { batch, rows, hits } of withRows(views(), { columns, keyOf, computeSize: TEACHER_BATCH, compute })) {
      meter.record.asked += batch.count;
      meter.record.hits += hits;
      yield { ...batch.of, strong: { images: batch.images, logits: rows[LOGITS]! } };
    }
  }

  private timed<T>(meter: FeedMeter, compute: (images: Float32Array) => Promise<T>): (images: Float32Array) => Promise<T> {
    return async (images) => {
      const began = performance.now();
      const result = await meter.during(compute(images));
      meter.record.teacherSeconds += (performance.now() - began) / 1000;
      meter.record.computed += TEACHER_BATCH;
      return result;
    };
  }
}
