import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isDataError } from './data-error.js';
import { writeDurably } from './durable.js';
import { folderBytes } from './folder-bytes.js';
import { OpenFiles } from './open-files.js';
import { claimFolder, identityHash, type RowIdentity, removeLeftovers, rowStoreFolder } from './row-identity.js';
import { encodeShard, readShardHead, rowSum, rowsAt } from './row-shard.js';
import { bytesPerValue, decodeValues, encodeValues, type RowPrecision } from './row-values.js';

export interface RowStoreOptions {
  /** Folder of all stores; each identity has its own below it. */
  root: string;
  identity: RowIdentity;
  /** Values of a row. */
  rowLength: number;
  /** Keys are 0 .. keyCount - 1. */
  keyCount: number;
  /** Default float32: rows come back to the bit. */
  precision?: RowPrecision;
  /**
   * Most bytes that all stores of the root together may take on disk; rows beyond are not kept. What the others take is looked at when
   * the store is opened and at each refresh. Default: no limit.
   */
  mostBytes?: number;
  /** Rows that are gathered before a file is written. Default: what makes about 8 MB. */
  shardRows?: number;
}

export interface RowStoreStatistics {
  hits: number;
  misses: number;
  /** Files and rows that were not what was written; they count as misses and are made again. */
  damagedFiles: number;
  damagedRows: number;
  /** Rows that the byte budget left out. */
  refused: number;
}

interface Shard {
  file: string;
  firstRow: number;
  keys: Uint32Array;
  sums: Uint32Array;
}

const SHARD_BYTES = 8 * 1024 * 1024;
const ENDING = '.rows';

/**
 * Opens a store of rows of numbers by key: what is costly to compute and is a function of `identity` and the key. Many
 * processes may read and write one store at once: a file is written once, under a name of its own, and appears whole. A file
 * or row that is not what was written, or that belongs to other rows, is found when it is read, thrown away and reported missing.
 */
export async function openRowStore(options: RowStoreOptions): Promise<RowStore> {
  const identity = { ...options.identity, rowLength: options.rowLength, precision: options.precision ?? 'float32' };
  const folder = rowStoreFolder(options.root, identity);
  await mkdir(folder, { recursive: true });
  await claimFolder(folder, identity);
  await removeLeftovers(folder);
  const store = new RowStore(folder, identityHash(identity), options);
  await store.refresh();
  return store;
}

export class RowStore {
  readonly statistics: RowStoreStatistics = { hits: 0, misses: 0, damagedFiles: 0, damagedRows: 0, refused: 0 };
  private readonly shards: Shard[] = [];
  private readonly known = new Set<string>();
  /** 0: not there; else 1 + the row's number over all shards. */
  private readonly place: Uint32Array;
  private readonly pending = new Map<number, Uint8Array>();
  private readonly files = new OpenFiles();
  private readonly rowBytes: number;
  private readonly shardRows: number;
  private readonly precision: RowPrecision;
  private bytes = 0;
  private bytesOfOthers = 0;
  private writing: Promise<void> = Promise.resolve();
  private writeQueued = false;
  private rowsInWriting = 0;
  private failure: unknown;

  constructor(
    readonly folder: string,
    private readonly identity: Uint8Array,
    private readonly options: RowStoreOptions,
  ) {
    this.precision = options.precision ?? 'float32';
    this.rowBytes = options.rowLength * bytesPerValue(this.precision);
    this.shardRows = options.shardRows ?? Math.max(1, Math.floor(SHARD_BYTES / this.rowBytes));
    this.place = new Uint32Array(options.keyCount);
  }

  /** Bytes of the files that are known of, and of rows that wait to be written. */
  get storedBytes(): number {
    return this.bytes + this.pending.size * (this.rowBytes + 8);
  }

  /** Whether a row is there; a damaged one counts as there until it is read. */
  has(key: number): boolean {
    return this.pending.has(key) || this.place[this.checkKey(key)] !== 0;
  }

  /**
   * Writes the rows of keys[k] to place k of `out` and returns the places that have none.
   *
   * Shapes   out: float32 [at least N, rowLength].
   */
  get(keys: ArrayLike<number>, out: Float32Array): number[] {
    const { rowLength } = this.options;
    if (out.length < keys.length * rowLength) throw new RangeError(`${out.length} values cannot hold ${keys.length} rows of ${rowLength}`);
    const missing: number[] = [];
    for (let k = 0; k < keys.length; k++) {
      const row = this.read(this.checkKey(keys[k]!));
      if (row) decodeValues(row, this.precision, out, k * rowLength);
      else missing.push(k);
    }
    this.statistics.hits += keys.length - missing.length;
    this.statistics.misses += missing.length;
    return missing;
  }

  /** Values as `get` will give them back: themselves, or rounded to half precision where that is how they are kept. */
  asKept(values: Float32Array): Float32Array {
    if (this.precision === 'float32') return values;
    const bytes = new Uint8Array(values.length * bytesPerValue(this.precision));
    encodeValues(values, this.precision, bytes);
    const kept = new Float32Array(values.length);
    decodeValues(bytes, this.precision, kept, 0);
    return kept;
  }

  /** Keeps rows; those whose key is there already are passed over. A file is written whenever enough have come together. */
  put(keys: ArrayLike<number>, rows: Float32Array): void {
    const { rowLength, mostBytes = Number.POSITIVE_INFINITY } = this.options;
    for (let k = 0; k < keys.length; k++) {
      if (this.has(keys[k]!)) continue;
      if (this.bytesOfOthers + this.storedBytes + this.rowBytes + 8 > mostBytes) {
        this.statistics.refused++;
        continue;
      }
      const row = new Uint8Array(this.rowBytes);
      encodeValues(rows.subarray(k * rowLength, (k + 1) * rowLength), this.precision, row);
      this.pending.set(keys[k]!, row);
    }
    if (this.pending.size - this.rowsInWriting < this.shardRows || this.writeQueued) return;
    this.writeQueued = true;
    this.queue(() => this.write());
  }

  /** Writes what waits. Afterwards every row that was put is on disk; an error of an earlier write comes up here. */
  async flush(): Promise<void> {
    this.queue(() => this.write());
    await this.writing;
    if (this.failure === undefined) return;
    const error = this.failure;
    this.failure = undefined;
    throw error;
  }

  /** Takes note of files that other processes have written meanwhile. */
  async refresh(): Promise<void> {
    for (const name of (await readdir(this.folder)).sort()) {
      if (name.endsWith(ENDING) && !this.known.has(name)) await this.enter(name);
    }
    const { root, mostBytes } = this.options;
    if (mostBytes !== undefined) this.bytesOfOthers = (await folderBytes(root)) - (await folderBytes(this.folder));
  }

  /** Writes what waits and lets the files go. */
  async close(): Promise<void> {
    await this.flush();
    this.files.closeAll();
  }

  private checkKey(key: number): number {
    if (Number.isInteger(key) && key >= 0 && key < this.place.length) return key;
    throw new RangeError(`the store has keys 0 to ${this.place.length - 1}, not ${key}`);
  }

  /** One after the other; an error waits for the next flush, so that a row that cannot be kept does not stop who computes it. */
  private queue(work: () => Promise<void>): void {
    this.writing = this.writing.then(work).catch((error: unknown) => {
      this.failure ??= error;
    });
  }

  private async write(): Promise<void> {
    this.writeQueued = false;
    if (this.pending.size === 0) return;
    const rows = [...this.pending];
    this.rowsInWriting = rows.length;
    const data = Buffer.concat(rows.map(([, row]) => row));
    const name = `${Date.now().toString(36)}-${randomUUID()}${ENDING}`;
    const keys = rows.map(([key]) => key);
    try {
      await writeDurably(join(this.folder, name), encodeShard(this.identity, keys, data, this.rowBytes));
      await this.enter(name);
      for (const [key, row] of rows) if (this.pending.get(key) === row) this.pending.delete(key);
    } finally {
      this.rowsInWriting = 0;
    }
  }

  /** Reads the list of rows of a file; one that is damaged is deleted. */
  private async enter(name: string): Promise<void> {
    this.known.add(name);
    const file = join(this.folder, name);
    try {
      const { keys, sums, bytes } = await readShardHead(file, this.identity, this.rowBytes, this.place.length);
      const last = this.shards.at(-1);
      const firstRow = last ? last.firstRow + last.keys.length : 0;
      this.shards.push({ file, firstRow, keys, sums });
      this.bytes += bytes;
      keys.forEach((key, r) => {
        if (this.place[key] === 0) this.place[key] = 1 + firstRow + r;
      });
    } catch (error) {
      if (!isDataError(error)) throw error;
      this.statistics.damagedFiles++;
      await rm(file, { force: true });
    }
  }

  private read(key: number): Uint8Array | undefined {
    const waiting = this.pending.get(key);
    if (waiting) return waiting;
    const place = this.place[key]!;
    if (place === 0) return undefined;
    const shard = this.shardOf(place - 1);
    const row = this.readRow(shard, place - 1 - shard.firstRow);
    if (row === undefined) this.salvage(shard);
    return row;
  }

  private shardOf(row: number): Shard {
    let low = 0;
    let high = this.shards.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.shards[middle]!.firstRow <= row) low = middle;
      else high = middle - 1;
    }
    return this.shards[low]!;
  }

  /** A row of a file, if it is what was written. */
  private readRow({ file, keys, sums }: Shard, r: number): Uint8Array | undefined {
    const row = new Uint8Array(this.rowBytes);
    try {
      const count = this.files.readAt(file, row, rowsAt(keys.length) + r * this.rowBytes);
      return count === row.length && rowSum(keys[r]!, row) === sums[r] ? row : undefined;
    } catch {
      return undefined;
    }
  }

  /** Takes the sound rows of a damaged file over into the next one, and deletes it. */
  private salvage(shard: Shard): void {
    this.statistics.damagedFiles++;
    shard.keys.forEach((key, r) => {
      if (this.place[key] !== 1 + shard.firstRow + r) return;
      this.place[key] = 0;
      const row = this.readRow(shard, r);
      if (row) this.pending.set(key, row);
      else this.statistics.damagedRows++;
    });
    this.bytes -= rowsAt(shard.keys.length) + shard.keys.length * this.rowBytes;
    this.files.close(shard.file);
    this.queue(() => rm(shard.file, { force: true }));
  }
}
