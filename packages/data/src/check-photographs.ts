import type { DataError } from './data-error.js';
import { evaluationPlan } from './picture-plans.js';
import type { PictureSet } from './picture-set.js';
import { PictureWorkers } from './prefetch.js';
import type { OnProgress } from './progress.js';

const BATCH = 64;
/** Small views: what is looked at is whether a picture can be decoded. */
const VIEW = { size: 8, resize: 8 };
const how = { size: VIEW.size, onBroken: 'skip', decode: { whole: true } } as const;

/** Decodes every picture of a set and returns what is wrong with those that cannot be; `onProgress` hears of every batch. */
export async function checkPhotographs(
  set: PictureSet,
  { signal, onProgress }: { signal?: AbortSignal; onProgress?: OnProgress } = {},
): Promise<DataError[]> {
  const workers = new PictureWorkers();
  const broken: DataError[] = [];
  let done = 0;
  try {
    const plan = evaluationPlan(set.length, { batchSize: BATCH, ...VIEW });
    for await (const batch of workers.batches(set, plan, { ...how, ...(signal ? { signal } : {}) })) {
      broken.push(...batch.broken);
      done += batch.count + batch.broken.length;
      onProgress?.({ step: 'check', what: `decoding the pictures of ${set.name} ${set.split}`, done, total: set.length, unit: 'files' });
    }
    return broken;
  } finally {
    await workers.close();
  }
}
