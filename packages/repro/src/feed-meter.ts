/** What feeding a cell took; of the group that it trained in, while it took part. Kept in its checkpoint. */
export interface FeedRecord {
  /** Wall time of the epochs' steps, evaluations left out. */
  seconds: number;
  /** Of these, spent with nothing to do because pictures were not ready, or because the one thread was making them. */
  waitedSeconds: number;
  /** Pictures whose teacher's outputs were asked for, and those that the store answered. */
  asked: number;
  hits: number;
  /** Time in the teacher's forward passes, and pictures that went through them (places that stayed idle included). */
  teacherSeconds: number;
  computed: number;
}

export const freshFeed = (): FeedRecord => ({ seconds: 0, waitedSeconds: 0, asked: 0, hits: 0, teacherSeconds: 0, computed: 0 });

/** The sum of two records. */
export function addFeed(a: FeedRecord, b: FeedRecord): FeedRecord {
  const keys = Object.keys(a) as (keyof FeedRecord)[];
  return Object.fromEntries(keys.map((key) => [key, a[key] + b[key]])) as unknown as FeedRecord;
}

/** A meter's readings now, less those at its start. */
export function feedSince(now: FeedRecord, before: FeedRecord): FeedRecord {
  const keys = Object.keys(now) as (keyof FeedRecord)[];
  return Object.fromEntries(keys.map((key) => [key, now[key] - before[key]])) as unknown as FeedRecord;
}

/** Measures what a training waits for. */
export class FeedMeter {
  readonly record: FeedRecord = freshFeed();
  #idleSince: number | null = null;

  /**
   * The batches, with the time that they cost: all of it where they are made on the spot, since nothing else happens meanwhile; of
   * batches that others make ahead the time in which the training stood still.
   */
  async *watch<B>(batches: Iterable<B> | AsyncIterable<B>): AsyncGenerator<B, void> {
    const source = Symbol.asyncIterator in batches ? batches[Symbol.asyncIterator]() : batches[Symbol.iterator]();
    try {
      for (;;) {
        const made = this.onTheSpot(() => source.next());
        const { done, value } = made instanceof Promise ? await this.#madeAhead(made) : made;
        if (done) return;
        yield value;
      }
    } finally {
      await source.return?.();
    }
  }

  /** Makes something on the one thread; what is only promised takes no time here. */
  onTheSpot<T>(make: () => T): T {
    const began = performance.now();
    const made = make();
    this.record.waitedSeconds += (performance.now() - began) / 1000;
    return made;
  }

  async #madeAhead<T>(made: Promise<T>): Promise<T> {
    const asked = performance.now();
    const result = await made;
    const since = Math.max(asked, this.#idleSince ?? Number.POSITIVE_INFINITY);
    this.record.waitedSeconds += Math.max(0, performance.now() - since) / 1000;
    return result;
  }

  /** Waits for something while the training stands still. */
  async standStill<T>(work: Promise<T>): Promise<T> {
    this.#idleSince = performance.now();
    try {
      return await work;
    } finally {
      this.#idleSince = null;
    }
  }
}
