import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openRowStore, type RowIdentity, type RowStore, type TrainingImages, VARIANTS } from '@tempered/data';
import { writeAtomically } from './atomic-file.js';
import { messageOf, UserError } from './errors.js';
import type { TeacherOutput } from './teacher-outputs.js';
import { TEACHER_BATCH } from './teaching.js';

/** Where teachers' outputs are kept, and how. */
export interface TeacherCache {
  /** Folder of all stores. */
  folder: string;
  /** Most bytes that all stores together may take; what is beyond is computed again each time. */
  mostBytes: number;
  /** float32: training is bit-equal to one without a store. float16: half the space, logits rounded to 11 bits. */
  precision: 'float32' | 'float16';
}

/** What the stores of a group hold: everything that decides what the teacher says. */
export interface TaughtRows {
  cache: TeacherCache;
  weights: Readonly<Record<string, Float32Array>>;
  model: string;
  train: TrainingImages;
  /** Fingerprint of the engine that the teacher runs on. */
  engine: string;
  outputs: readonly TeacherOutput[];
  classes: number;
}

/** What a store of rows has cost to make, so that a run that computes nothing can say what it saved. */
const COST = 'cost.json';

/** Outputs that are small enough to be kept; a feature map of a whole stage is larger than the picture. */
const KEPT = new Set(['teacher.logits', 'teacher.pooled']);

/** SHA-256 (hex) of weights: names, sizes and values. */
export function hashWeights(weights: Readonly<Record<string, Float32Array>>): string {
  const hash = createHash('sha256');
  for (const [name, values] of Object.entries(weights).sort(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(`${name} ${values.length}\n`).update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  return hash.digest('hex');
}

/** The stores of one teacher over one set of images: its logits and pooled features by (picture, variant), strong views by epoch. */
export class TeacherStores {
  private constructor(
    readonly weak: ReadonlyMap<string, RowStore>,
    private readonly rows: TaughtRows,
    private readonly identity: RowIdentity,
  ) {}

  /**
   * Opens them. Where an objective reads feature maps nothing is kept: the teacher has to look at each picture anyway.
   *
   * Throws   UserError where the folder cannot be written.
   */
  static async open(rows: TaughtRows): Promise<TeacherStores> {
    const { cache, weights, model, train, engine, outputs } = rows;
    const identity: RowIdentity = {
      teacher: hashWeights(weights),
      model,
      images: train.fingerprint,
      views: `${train.height}x${train.width}, mean ${train.mean.join(' ')}, std ${train.std.join(' ')}`,
      engine,
      batch: TEACHER_BATCH,
    };
    const stores = new Map<string, RowStore>();
    const keyCount = train.length * VARIANTS;
    try {
      await mkdir(cache.folder, { recursive: true });
      for (const { name, shape } of outputs.every((output) => KEPT.has(output.name)) ? outputs : []) {
        const options = { root: cache.folder, precision: cache.precision, keyCount, rowLength: shape[0]! };
        stores.set(name, await openRowStore({ ...options, identity: { ...identity, rows: name }, mostBytes: cache.mostBytes }));
      }
    } catch (error) {
      throw new UserError(
        { what: `the teacher's outputs cannot be kept there: ${messageOf(error)}`, where: cache.folder, mend: '--teacher-cache off' },
        { cause: error },
      );
    }
    return new TeacherStores(stores, rows, identity);
  }

  /** The store of the logits of one epoch's strong views: these are drawn anew in each epoch of each seed. */
  async strong(seed: number, epoch: number): Promise<RowStore> {
    const { cache, classes, train } = this.rows;
    const identity = { ...this.identity, rows: 'logits of strong views', seed, epoch };
    const options = { root: cache.folder, precision: cache.precision, keyCount: train.length, rowLength: classes };
    return await openRowStore({ ...options, identity, mostBytes: cache.mostBytes });
  }

  /** Takes note of what other processes have added. */
  async refresh(): Promise<void> {
    for (const store of this.weak.values()) await store.refresh();
  }

  /** Seconds that a row took where these were made, if that is known. */
  async costOfRow(): Promise<number | null> {
    const [store] = this.weak.values();
    if (!store || !existsSync(join(store.folder, COST))) return null;
    const { secondsPerRow } = JSON.parse(await readFile(join(store.folder, COST), 'utf8')) as { secondsPerRow: number };
    return Number.isFinite(secondsPerRow) ? secondsPerRow : null;
  }

  /** Writes what waits, and what a row cost where enough were computed to tell. */
  async close(secondsPerRow: number | null): Promise<void> {
    const [first] = this.weak.values();
    if (first && secondsPerRow !== null) await writeAtomically(join(first.folder, COST), `${JSON.stringify({ secondsPerRow })}\n`);
    for (const store of this.weak.values()) await store.close();
  }
}
