import { setImmediate } from 'node:timers/promises';

/** What feeding a cell took; of the group that it trained in, while it took part. Kept in its checkpoint. */
export interface FeedRecord {
  /** Wall time of the epochs' steps, evaluations left out. */
  seconds: number;
  /** Of these, time in which a step could have run and did not, because its pictures were not there or the thread was making others. */
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

/**
 * Measures what a training waits for: the time in which a step could have run and did not, because its pictures were not there.
 *
 * Pictures are made one batch ahead, while the engine works. Making them is lost time where the engine had nothing to do or came
 * to its end meanwhile (then all of it counts, since the thread hears of that end only afterwards); waiting for them is where the
 * training stands still, or stands still later because the teacher was held back.
 */
export class FeedMeter {
  readonly record: FeedRecord = freshFeed();
  /** Steps and forward passes under way, and how many have ended. */
  #atWork = 0;
  #ended = 0;
  #idleSince: number | null = null;
  /** Units: milliseconds, as all below. */
  #lost = 0;
  /** Waited for while a step was running: lost as far as the training stands still after it. */
  #heldBack = 0;

  /** Follows a step or a forward pass of the engine. */
  async during<T>(work: Promise<T>): Promise<T> {
    this.#atWork++;
    try {
      return await work;
    } finally {
      this.#atWork--;
      this.#ended++;
    }
  }

  /** The batches as `finish` completes them, in their order, each made while the engine works on the one before. */
  async *ahead<B, V>(batches: Iterable<B> | AsyncIterable<B>, finish: (batch: B) => V): AsyncGenerator<V, void> {
    const source = Symbol.asyncIterator in batches ? batches[Symbol.asyncIterator]() : batches[Symbol.iterator]();
    const prepare = (): Promise<{ value: V } | null> => {
      const made = this.#make(source, finish);
      // Whoever asks for it hears of a failure; until then it is not unhandled.
      made.catch(() => undefined);
      return made;
    };
    let next = prepare();
    try {
      for (;;) {
        const made = await this.#await(next);
        if (!made) return;
        next = prepare();
        yield made.value;
      }
    } finally {
      await Promise.allSettled([next]);
      await source.return?.();
    }
  }

  /** Waits for something while the training stands still. */
  async standStill<T>(work: Promise<T>): Promise<T> {
    const [began, lost] = [performance.now(), this.#lost];
    this.#idleSince = began;
    try {
      return await work;
    } finally {
      const stood = performance.now() - began - (this.#lost - lost);
      this.#lose(Math.min(this.#heldBack, stood));
      this.#heldBack = 0;
      this.#idleSince = null;
    }
  }

  async #make<B, V>(source: Iterator<B> | AsyncIterator<B>, finish: (batch: B) => V): Promise<{ value: V } | null> {
    // Whoever was given the last batch sets the engine to work on it first.
    await setImmediate();
    const { promised } = await this.#onTheSpot(() => ({ promised: source.next() }));
    const { done, value } = await promised;
    return done ? null : { value: await this.#onTheSpot(() => finish(value)) };
  }

  /** Makes something on the one thread. */
  async #onTheSpot<T>(make: () => T): Promise<T> {
    const [idle, ended, began] = [this.#atWork === 0, this.#ended, performance.now()];
    const made = make();
    const took = performance.now() - began;
    // What ended meanwhile is heard of when the thread has looked for it, one whole round later.
    for (let turn = 0; turn < 2 && !idle; turn++) await setImmediate();
    if (idle || this.#ended !== ended) this.#lose(took);
    return made;
  }

  async #await<T>(made: Promise<T>): Promise<T> {
    const [asked, lost] = [performance.now(), this.#lost];
    const result = await made;
    const waited = performance.now() - asked - (this.#lost - lost);
    const stood = this.#idleSince === null ? 0 : performance.now() - Math.max(asked, this.#idleSince) - (this.#lost - lost);
    this.#lose(stood);
    this.#heldBack += Math.max(0, waited - Math.max(0, stood));
    return result;
  }

  #lose(milliseconds: number): void {
    this.#lost += Math.max(0, milliseconds);
    this.record.waitedSeconds += Math.max(0, milliseconds) / 1000;
  }
}
