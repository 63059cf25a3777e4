import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, createWriteStream, openSync, readSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { crc32 } from 'node:zlib';
import { buildFolder, readCachedFolder } from './cached-folder.js';
import { DataError } from './data-error.js';

/** A picture in a pack: where it begins, its bytes, its class, and what its bytes add up to. */
export interface PackedPicture {
  offset: number;
  length: number;
  label: number;
  sum: number;
}

const PACK = 'pictures.pack';
const INDEX = 'pictures.index';
const ENTRY = 12;
const MEND = 'Delete its folder; it is made again from the parquet files';

/** Writes encoded pictures one after the other into one file, with an index, so that any of them can be read by itself. */
export async function writePack(
  folder: string,
  source: string,
  pictures: AsyncIterable<{ bytes: Uint8Array; label: number }>,
): Promise<void> {
  await buildFolder(folder, source, async (aside) => {
    const pack = createWriteStream(join(aside, PACK));
    const ended = finished(pack);
    ended.catch(() => undefined);
    const hash = createHash('sha256');
    const entries: Buffer[] = [];
    try {
      for await (const { bytes, label } of pictures) {
        const entry = Buffer.alloc(ENTRY);
        entry.writeUInt32LE(label, 0);
        entry.writeUInt32LE(bytes.length, 4);
        entry.writeUInt32LE(crc32(bytes), 8);
        entries.push(entry);
        hash.update(bytes);
        if (!pack.write(bytes)) await Promise.race([once(pack, 'drain'), ended]);
      }
    } finally {
      pack.end();
    }
    await ended;
    const index = Buffer.concat(entries);
    const handle = await open(join(aside, INDEX), 'wx');
    await handle.writeFile(index).finally(() => handle.close());
    return new Map([
      [PACK, hash.digest('hex')],
      [INDEX, createHash('sha256').update(index).digest('hex')],
    ]);
  });
}

/**
 * The pictures of a pack; undefined where there is none.
 *
 * Throws   DataError file-corrupt when the index is not what was written or the pack has another length. The pictures' own
 *          bytes are checked when they are read.
 */
export async function readPack(folder: string): Promise<{ file: string; pictures: PackedPicture[] } | undefined> {
  const cached = await readCachedFolder(folder);
  if (cached === undefined) return undefined;
  const index = await readFile(join(folder, INDEX));
  const corrupt = (file: string, what: string): DataError => new DataError('file-corrupt', { where: join(folder, file), what, mend: MEND });
  if (createHash('sha256').update(index).digest('hex') !== cached.sha256.get(join(folder, INDEX)))
    throw corrupt(INDEX, 'it is not what was written');
  let offset = 0;
  const pictures = Array.from({ length: index.length / ENTRY }, (_, i): PackedPicture => {
    const at = i * ENTRY;
    const picture = { offset, label: index.readUInt32LE(at), length: index.readUInt32LE(at + 4), sum: index.readUInt32LE(at + 8) };
    offset += picture.length;
    return picture;
  });
  const handle = await open(join(folder, PACK), 'r');
  const { size } = await handle.stat().finally(() => handle.close());
  if (size !== offset) throw corrupt(PACK, `it has ${size} bytes, its pictures ${offset}`);
  return { file: join(folder, PACK), pictures };
}

/** The bytes of a packed picture, checked. */
export function readPacked(file: string, { offset, length, sum }: Omit<PackedPicture, 'label'>): Uint8Array {
  const bytes = new Uint8Array(length);
  const descriptor = openSync(file, 'r');
  let bytesRead: number;
  try {
    bytesRead = readSync(descriptor, bytes, 0, length, offset);
  } finally {
    closeSync(descriptor);
  }
  if (bytesRead === length && crc32(bytes) === sum) return bytes;
  throw new DataError('checksum-mismatch', { where: file, offset, what: 'the bytes of a picture are not what was written', mend: MEND });
}
