import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { DataError } from './data-error.js';
import type { DecodeOptions } from './decode.js';
import type { DecodeFailure, DecodeJob } from './decode-job.js';
import { normalizationTable } from './fill-batch.js';
import type { PictureSet } from './picture-set.js';
import type { ViewPath, ViewRequest } from './view-request.js';

/** The pictures of one batch and the view that is made of each. */
export interface PicturePlan {
  indices: Uint32Array;
  requests: ViewRequest[];
}

/** A batch of photographs, ready to feed. */
export interface PictureBatch {
  /** float32 [count, size, size, 3], normalised. Valid until the next batch is asked for. */
  images: Float32Array;
  /** int32 [count] */
  labels: Int32Array;
  indices: Uint32Array;
  count: number;
  /** Pictures that were skipped, with what is wrong with them. */
  broken: DataError[];
}

export interface PrefetchOptions {
  /** Side of the views. */
  size: number;
  path?: ViewPath;
  decode?: DecodeOptions;
  /** What a picture that cannot be decoded does: ends the epoch with its error, or is left out of its batch. Default 'throw'. */
  onBroken?: 'throw' | 'skip';
  /** Batches that are made ahead. Default 3. */
  ahead?: number;
  signal?: AbortSignal;
}

const PICTURES_A_JOB = 8;

/** Worker threads that decode pictures. Close it when it is no longer needed; nothing of it outlives that. */
export class PictureWorkers {
  readonly threads: number;
  private readonly pool: Piscina<DecodeJob, DecodeFailure[]>;
  /** Room of batches that were given out, used over again: memory that is there already need not be cleared. */
  private spaces: SharedArrayBuffer[] = [];
  private closed = false;

  constructor(options: { threads?: number } = {}) {
    this.threads = options.threads ?? availableParallelism();
    this.pool = new Piscina({ filename: workerFile(), minThreads: this.threads, maxThreads: this.threads });
  }

  /**
   * The batches of a plan, made ahead by the workers and given out in their order. Memory is bounded: `ahead` + 1 batches, whose
   * space is used over again. After the loop was left early, or an error, no picture is being made any more.
   *
   * Throws   DataError of the first picture of a batch that cannot be decoded, with its file, unless those are skipped.
   */
  async *batches(set: PictureSet, plan: Iterable<PicturePlan>, options: PrefetchOptions): AsyncGenerator<PictureBatch, void> {
    const { ahead = 3 } = options;
    if (this.closed) throw new Error('these worker threads are closed');
    const source = plan[Symbol.iterator]();
    const stop = new SharedArrayBuffer(4);
    const halt = (): void => void Atomics.store(new Int32Array(stop), 0, 1);
    options.signal?.addEventListener('abort', halt, { once: true });
    const line: Promise<{ batch: PictureBatch; space: SharedArrayBuffer }>[] = [];
    const refill = (): void => {
      while (line.length <= ahead) {
        const next = source.next();
        if (next.done) return;
        const made = this.make(set, next.value, this.spaces.pop(), options, stop);
        made.catch(() => undefined);
        line.push(made);
      }
    };
    try {
      refill();
      while (line.length > 0) {
        options.signal?.throwIfAborted();
        const { batch, space } = await line.shift()!;
        yield batch;
        this.spaces.push(space);
        refill();
      }
    } finally {
      halt();
      options.signal?.removeEventListener('abort', halt);
      source.return?.();
      await Promise.allSettled(line);
    }
  }

  /** Ends the threads. */
  close(): Promise<void> {
    this.closed = true;
    this.spaces = [];
    return this.pool.destroy();
  }

  private async make(
    set: PictureSet,
    { indices, requests }: PicturePlan,
    space: SharedArrayBuffer | undefined,
    options: PrefetchOptions,
    stop: SharedArrayBuffer,
  ): Promise<{ batch: PictureBatch; space: SharedArrayBuffer }> {
    const { size, path = 'exact', decode } = options;
    const bytes = indices.length * size * size * 3 * 4;
    const batch = space && space.byteLength >= bytes ? space : new SharedArrayBuffer(bytes);
    const table = normalizationTable(set.mean, set.std);
    const sources = await Promise.all(Array.from(indices, (i) => set.source(i)));
    const items = sources.map((source, place) => ({ place, source, request: requests[place]! }));
    const jobs: Promise<DecodeFailure[]>[] = [];
    for (let from = 0; from < items.length; from += PICTURES_A_JOB) {
      const job: DecodeJob = { batch, items: items.slice(from, from + PICTURES_A_JOB), table, stop, path, ...(decode ? { decode } : {}) };
      jobs.push(this.pool.run(job));
    }
    const done = await Promise.allSettled(jobs);
    const failed = done.find((job) => job.status === 'rejected');
    options.signal?.throwIfAborted();
    if (failed) throw workerError(failed.reason, set.name);
    const failures = done.flatMap((job) => (job.status === 'fulfilled' ? job.value : [])).sort((a, b) => a.place - b.place);
    const broken = failures.map(({ code, where, what, mend }) => new DataError(code, { where, what, mend }));
    if (broken.length > 0 && options.onBroken !== 'skip') throw broken[0]!;
    return { batch: closeRanks(set, indices, new Float32Array(batch), size * size * 3, failures, broken), space: batch };
  }
}

/** The batch without the pictures that failed, the others moved together. */
function closeRanks(
  set: PictureSet,
  indices: Uint32Array,
  images: Float32Array,
  length: number,
  failures: DecodeFailure[],
  broken: DataError[],
): PictureBatch {
  const failed = new Set(failures.map(({ place }) => place));
  const sound = Array.from(indices.keys()).filter((place) => !failed.has(place));
  for (const [to, from] of sound.entries()) if (to !== from) images.copyWithin(to * length, from * length, (from + 1) * length);
  const kept = Uint32Array.from(sound, (place) => indices[place]!);
  const labels = Int32Array.from(kept, (i) => set.label(i));
  return { images: images.subarray(0, kept.length * length), labels, indices: kept, count: kept.length, broken };
}

function workerError(error: unknown, where: string): DataError {
  const what = `a decoding thread failed (${error instanceof Error ? error.message : String(error)})`;
  return new DataError('worker-failed', { where, what, mend: 'Start again; with fewer threads if memory ran out', cause: error });
}

/** The compiled worker: beside this file where it is compiled itself, else (from source) in dist. */
function workerFile(): string {
  const beside = fileURLToPath(new URL('./decode-worker.js', import.meta.url));
  return existsSync(beside) ? beside : fileURLToPath(new URL('../dist/decode-worker.js', import.meta.url));
}
