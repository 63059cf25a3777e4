import sharp from 'sharp';
import { DataError } from './data-error.js';
import type { DecodeFailure, DecodeJob } from './decode-job.js';
import { nameOf } from './picture-set.js';
import { makeView } from './view-request.js';
import { writeNormalised } from './write-normalised.js';

sharp.concurrency(1);
sharp.cache(false);

/** Makes the pictures of a job and writes them, normalised, into their places of the shared batch; names those it could not make. */
export default async function decode({ batch, items, table, stop, path, decode: options }: DecodeJob): Promise<DecodeFailure[]> {
  const out = new Float32Array(batch);
  const failures: DecodeFailure[] = [];
  const stopped = new Int32Array(stop);
  for (const { place, source, request } of items) {
    if (Atomics.load(stopped, 0) !== 0) break;
    try {
      const { data } = await makeView(source, request, path, options);
      writeNormalised(data, table, out, place * data.length);
    } catch (error) {
      failures.push({ place, ...problemOf(error, nameOf(source)) });
    }
  }
  return failures;
}

function problemOf(error: unknown, where: string): Omit<DecodeFailure, 'place'> {
  if (error instanceof DataError) return { code: error.code, where: error.where, what: error.what, mend: error.mend };
  const what = error instanceof Error ? error.message : String(error);
  return { code: 'worker-failed', where, what, mend: 'Check that the file can be read' };
}
