import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { PassThrough, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { Parser, type ReadEntry } from 'tar';
import { DataError } from './data-error.js';

/** What to take out of an archive, and how much of it there may be. */
export interface ArchiveRequest {
  /** A .tar or .tar.gz file. */
  archive: string;
  /** Path in the archive -> most bytes that it may have. Everything else is passed over. */
  wanted: ReadonlyMap<string, number>;
  /** Takes one wanted file; nothing is ever written under a name from the archive. */
  take: (path: string, content: AsyncIterable<Uint8Array>) => Promise<void>;
  /** Most bytes that the whole archive may unpack to. */
  mostBytes: number;
  signal?: AbortSignal | undefined;
}

const PLAIN = new Set(['File', 'OldFile', 'ContiguousFile', 'Directory', 'GNUDumpDir']);

/**
 * Reads a .tar or .tar.gz and hands out the wanted files. The archive is refused as a whole when any entry is a link or a device,
 * leaves its folder (`..`, an absolute path), is larger than allowed or comes twice, or when all of it unpacks to more than
 * was allowed.
 *
 * Throws   DataError archive-refused, archive-incomplete (a wanted file is missing, or the archive ends early).
 */
export async function readArchive(request: ArchiveRequest): Promise<void> {
  const reader = new EntryReader(request);
  try {
    const packed = await isGzip(request.archive);
    await pipeline(
      createReadStream(request.archive),
      packed ? createGunzip() : new PassThrough(),
      byteLimit(request),
      (source: AsyncIterable<Buffer>) => reader.feed(source),
      request.signal ? { signal: request.signal } : {},
    );
    await reader.finish();
  } catch (error) {
    const first = reader.failure ?? error;
    await reader.giveUp();
    request.signal?.throwIfAborted();
    if (first instanceof DataError || reader.takerFailed) throw first;
    const what = `the archive cannot be read to its end (${(first as Error).message})`;
    throw new DataError('archive-incomplete', { where: request.archive, what, mend: 'Delete it and fetch it again', cause: first });
  }
}

class EntryReader {
  /** What went wrong first, of the archive or of a taker. */
  failure: unknown;
  takerFailed = false;
  private readonly missing: Set<string>;
  private readonly parser = new Parser({ strict: true, maxMetaEntrySize: 64 * 1024 });
  private readonly taken: { entry: ReadEntry; done: Promise<void> }[] = [];
  private readonly failed: Promise<never>;
  private fail: (error: unknown) => void = () => undefined;

  constructor(private readonly request: ArchiveRequest) {
    this.missing = new Set(request.wanted.keys());
    this.failed = new Promise((_, reject) => {
      this.fail = (error) => {
        this.failure ??= error;
        reject(error);
      };
    });
    this.failed.catch(() => undefined);
    this.parser.on('error', this.fail);
    this.parser.on('ignoredEntry', (entry: ReadEntry) => this.guarded(() => this.check(entry)));
    this.parser.on('entry', (entry: ReadEntry) => this.guarded(() => this.enter(entry)));
  }

  async feed(source: AsyncIterable<Buffer>): Promise<void> {
    for await (const chunk of source) {
      const drained = new AbortController();
      const more = this.parser.write(chunk) || once(this.parser, 'drain', { signal: drained.signal });
      await Promise.race([more, this.failed]).finally(() => drained.abort());
    }
  }

  async finish(): Promise<void> {
    const ended = once(this.parser, 'end');
    this.parser.end();
    await Promise.race([ended, this.failed]);
    await Promise.race([Promise.all(this.taken.map(({ done }) => done)), this.failed]);
    if (this.missing.size === 0) return;
    const what = `${[...this.missing].join(', ')} is not in the archive`;
    const mend = 'This is not the archive that was expected: delete it and fetch it again';
    throw new DataError('archive-incomplete', { where: this.request.archive, what, mend });
  }

  /** Lets whoever still waits for bytes of an entry come to an end; what they took is not whole, and the caller throws it away. */
  async giveUp(): Promise<void> {
    for (const { entry } of this.taken) if (!entry.emittedEnd) entry.end();
    await Promise.allSettled(this.taken.map(({ done }) => done));
  }

  private guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.fail(error);
    }
  }

  private enter(entry: ReadEntry): void {
    this.check(entry);
    if (!this.request.wanted.has(entry.path) || entry.type === 'Directory') {
      entry.resume();
      return;
    }
    if (!this.missing.delete(entry.path)) throw refused(this.request.archive, `"${entry.path}" comes twice`);
    const done = this.request.take(entry.path, entry as unknown as AsyncIterable<Uint8Array>);
    done.catch((error) => {
      if (this.failure === undefined) this.takerFailed = !isParserError(error);
      this.fail(error);
    });
    entry.on('error', this.fail);
    this.taken.push({ entry, done });
  }

  private check(entry: ReadEntry): void {
    const { archive, wanted, mostBytes } = this.request;
    if (!PLAIN.has(entry.type)) throw refused(archive, `"${entry.path}" is a ${entry.type}, not a file or folder`);
    if (entry.path.startsWith('/') || /^[a-z]:/i.test(entry.path) || entry.path.split(/[/\\]/).includes('..')) {
      throw refused(archive, `"${entry.path}" leaves the folder that the archive is for`);
    }
    const most = wanted.get(entry.path) ?? mostBytes;
    if (entry.size > most) throw refused(archive, `"${entry.path}" unpacks to ${entry.size} bytes, at most ${most} are allowed`);
  }
}

/** Takers see the parser's own errors too, through the entry that they read. */
function isParserError(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'tarCode' in error;
}

function refused(archive: string, what: string): DataError {
  return new DataError('archive-refused', { where: archive, what, mend: 'Nothing of it was unpacked; fetch the archive from its home' });
}

async function isGzip(file: string): Promise<boolean> {
  const handle = await open(file, 'r');
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
  } finally {
    await handle.close();
  }
}

function byteLimit({ archive, mostBytes }: ArchiveRequest): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      done(bytes > mostBytes ? refused(archive, `it unpacks to more than ${mostBytes} bytes`) : null, chunk);
    },
  });
}

/** Writes the bytes of an entry to a new file, synced; the file must not be there yet. */
export async function writeStream(file: string, content: AsyncIterable<Uint8Array>): Promise<void> {
  const handle = await open(file, 'wx');
  try {
    for await (const chunk of content) await handle.writeFile(chunk);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
