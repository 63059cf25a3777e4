import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { DataError, isDataError } from './data-error.js';
import { syncPath } from './durable.js';
import { hashFile } from './file-hash.js';
import { openBody } from './http-body.js';
import { isRunning } from './process-alive.js';
import type { OnProgress } from './progress.js';

/** One file to fetch, with what it must turn out to be. */
export interface Download {
  url: string;
  /** Where it goes, once it is whole and checked. */
  file: string;
  /** Name of the part without its ending, when not `file`: processes that fetch the same bytes to different files share it. */
  part?: string;
  /** Its size; where nobody published one, the server's word counts, up to `mostBytes`. */
  bytes?: number;
  /** More than this is never fetched; `bytes` unless given. */
  mostBytes?: number;
  /** SHA-256, hex. Without one nothing tells a part of this file from a part of another, so no earlier call's part is gone on with. */
  sha256?: string;
  /** What it is, for messages. */
  what: string;
  /** What to do when it cannot be had, for messages. */
  mend: string;
  /** Milliseconds without a connection, and without a byte, after which it is given up. */
  connectMs?: number;
  stallMs?: number;
  /** How often a body that ends early or stalls is gone on with. */
  attempts?: number;
  onProgress?: OnProgress | undefined;
  signal?: AbortSignal | undefined;
}

/** Tells apart the calls of this process, which may fetch the same file at once. */
let calls = 0;

/**
 * Fetches a file over HTTP(S). Bytes are gathered in a `.part` file, which a later call goes on from (one call at a time
 * holds it, under a name of its own); size and SHA-256 are checked before the file gets its name. A part that turns out wrong is
 * deleted, and fetched once more from the start when it had been gone on with.
 *
 * Returns  size and SHA-256 of the file.
 * Throws   DataError no-connection, http-status, not-an-archive (a web page or another size), download-stalled,
 *          download-short, checksum-mismatch.
 */
export async function download(request: Download): Promise<{ bytes: number; sha256: string }> {
  if (request.bytes === undefined && request.mostBytes === undefined) throw new RangeError('download: say bytes or mostBytes');
  await mkdir(dirname(request.file), { recursive: true });
  const part = request.part ?? request.file;
  const mine = `${part}.${process.pid}-${calls++}.part`;
  const canResume = request.bytes !== undefined && request.sha256 !== undefined;
  const resumed = canResume && (await claimPart(part, mine));
  try {
    let found: { bytes: number; sha256: string };
    await gather(request, mine);
    try {
      found = await check(request, mine);
    } catch (error) {
      await rm(mine, { force: true });
      if (!resumed) throw error;
      await gather(request, mine);
      found = await check(request, mine);
    }
    await syncPath(mine);
    await rename(mine, request.file);
    await syncPath(dirname(request.file));
    return found;
  } catch (error) {
    if (!canResume || isDataError(error, 'checksum-mismatch', 'not-an-archive')) await rm(mine, { force: true });
    else await leavePart(part, mine);
    throw error;
  }
}

/** Takes over what an earlier call left: `<file>.part`, or the part of a process that is gone. */
async function claimPart(file: string, mine: string): Promise<boolean> {
  const prefix = `${basename(file)}.`;
  const names = (await readdir(dirname(file))).filter((name) => name.startsWith(prefix) && name.endsWith('.part'));
  for (const name of names) {
    const pid = /^(\d+)-\d+\.part$/.exec(name.slice(prefix.length))?.[1];
    if (name !== `${prefix}part` && (pid === undefined || isRunning(Number(pid)))) continue;
    const claimed = await rename(join(dirname(file), name), mine).then(
      () => true,
      () => false,
    );
    if (claimed) return (await stat(mine)).size > 0;
  }
  return false;
}

/** Leaves the bytes so far for a later call; an empty part is no use to it. */
async function leavePart(file: string, mine: string): Promise<void> {
  const size = await stat(mine).then(
    ({ size }) => size,
    () => 0,
  );
  if (size > 0) await rename(mine, `${file}.part`).catch(() => undefined);
  else await rm(mine, { force: true });
}

/** Appends to the part until it has all bytes; goes on after a short or stalled body as long as that brings more. */
async function gather(request: Download, part: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await append(request, part);
      return;
    } catch (error) {
      if (!isDataError(error, 'download-short', 'download-stalled') || attempt >= (request.attempts ?? 5)) throw error;
    }
  }
}

async function append(request: Download, part: string): Promise<void> {
  const { url, what, onProgress } = request;
  const handle = await open(part, 'a');
  try {
    let done = (await handle.stat()).size;
    if (done > most(request)) await handle.truncate((done = 0));
    if (done === request.bytes) return;
    const body = await openBody(request, done);
    const bytes = body.total;
    if (body.start !== done) await handle.truncate((done = body.start));
    for await (const chunk of body.chunks) {
      if (done + chunk.length > (bytes ?? most(request))) {
        const found = `the server sends more than the ${bytes ?? most(request)} bytes that ${bytes === undefined ? 'are taken' : 'the file has'}`;
        throw new DataError('not-an-archive', { where: url, what: found, mend: request.mend });
      }
      await handle.writeFile(chunk);
      done += chunk.length;
      onProgress?.({ step: 'download', what, done, ...(bytes === undefined ? {} : { total: bytes }), unit: 'bytes' });
    }
    if (bytes !== undefined && done < bytes) {
      throw new DataError('download-short', { where: url, what: `the body ended after ${done} of ${bytes} bytes`, mend: request.mend });
    }
  } finally {
    await handle.close();
  }
}

const most = ({ bytes, mostBytes }: Download): number => bytes ?? mostBytes!;

async function check(request: Download, part: string): Promise<{ bytes: number; sha256: string }> {
  request.onProgress?.({ step: 'check', what: request.what });
  const { size } = await stat(part);
  const sha256 = await hashFile(part, 'sha256', 'hex', request.signal);
  const { bytes = size, sha256: expected = sha256 } = request;
  if (size === bytes && sha256 === expected) return { bytes, sha256 };
  const what = `${size} bytes with SHA-256 ${sha256} came, ${bytes} bytes with ${expected} were expected`;
  throw new DataError('checksum-mismatch', { where: request.url, what, mend: request.mend });
}
