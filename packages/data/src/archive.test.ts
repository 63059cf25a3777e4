import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { readArchive, writeStream } from './archive.js';
import { type TarEntry, tarBytes, tarGzBytes } from './testing/tar-bytes.js';
import { filesUnder, temporaryFolder } from './testing/temporary-folder.js';

const good: TarEntry[] = [
  { path: 'set/', type: '5' },
  { path: 'set/train.bin', content: 'abc'.repeat(50_000) },
  { path: 'set/readme.txt', content: 'words' },
  { path: 'set/test.bin', content: 'xyz' },
];

/** Unpacks an archive into a folder; returns what is there afterwards. */
async function unpacked(bytes: Uint8Array, mostBytes = 1_000_000): Promise<string[]> {
  const root = await temporaryFolder();
  const archive = join(root, 'archive.tar.gz');
  await writeFile(archive, bytes);
  const wanted = new Map([
    ['set/train.bin', 200_000],
    ['set/test.bin', 200_000],
  ]);
  const take = (path: string, content: AsyncIterable<Uint8Array>): Promise<void> =>
    writeStream(join(root, path.replace('/', '-')), content);
  await readArchive({ archive, wanted, mostBytes, take });
  return filesUnder(root);
}

describe('an archive', () => {
  test('gives out what was asked for and nothing else', async () => {
    expect(await unpacked(tarGzBytes(good))).toEqual(['archive.tar.gz', 'set-test.bin', 'set-train.bin']);
    expect(await unpacked(tarBytes(good))).toEqual(['archive.tar.gz', 'set-test.bin', 'set-train.bin']);
  });

  const evil: [string, TarEntry][] = [
    ['a path out of the folder', { path: '../outside', content: 'x' }],
    ['a path out of the folder further in', { path: 'set/../../outside', content: 'x' }],
    ['a path with backslashes', { path: 'set\\..\\..\\outside', content: 'x' }],
    ['an absolute path', { path: '/etc/outside', content: 'x' }],
    ['a drive', { path: 'C:/outside', content: 'x' }],
    ['a symbolic link', { path: 'set/link', type: '2', link: '/etc/passwd' }],
    ['a symbolic link in the place of a wanted file', { path: 'set/test.bin', type: '2', link: '../../outside' }],
    ['a hard link', { path: 'set/link', type: '1', link: 'set/train.bin' }],
    ['a device', { path: 'set/null', type: '3' }],
    ['a pipe', { path: 'set/pipe', type: '6' }],
    ['a second wanted file of the same name', { path: 'set/train.bin', content: 'other' }],
    ['a wanted file that is too large', { path: 'set/test.bin', content: 'x'.repeat(200_001) }],
  ];
  test.each(evil)('with %s is refused', async (_, entry) => {
    await expect(unpacked(tarGzBytes([good[1]!, entry, good[3]!]))).rejects.toMatchObject({ code: 'archive-refused' });
    await expect(unpacked(tarGzBytes([entry, good[1]!, good[3]!]))).rejects.toMatchObject({ code: 'archive-refused' });
  });

  test('that unpacks to far more than it should is refused while it is read', async () => {
    const bomb = tarGzBytes([...good, { path: 'set/zeros', content: Buffer.alloc(3_000_000) }]);
    expect(bomb.length).toBeLessThan(10_000);
    await expect(unpacked(bomb)).rejects.toMatchObject({ code: 'archive-refused' });
    const trailing = gzipSync(Buffer.concat([tarBytes(good), Buffer.alloc(3_000_000)]));
    await expect(unpacked(trailing)).rejects.toMatchObject({
      code: 'archive-refused',
      message: expect.stringContaining('more than 1000000'),
    });
  });

  test('without a wanted file is incomplete', async () => {
    await expect(unpacked(tarGzBytes(good.slice(0, 3)))).rejects.toMatchObject({
      code: 'archive-incomplete',
      message: expect.stringContaining('set/test.bin'),
    });
  });

  test('cut off anywhere is incomplete, never hangs', async () => {
    const whole = tarGzBytes(good);
    const plain = tarBytes(good);
    for (const share of [0.1, 0.5, 0.9]) {
      await expect(unpacked(whole.subarray(0, Math.floor(share * whole.length)))).rejects.toMatchObject({ code: 'archive-incomplete' });
      await expect(unpacked(gzipSync(plain.subarray(0, Math.floor(share * plain.length))))).rejects.toMatchObject({
        code: 'archive-incomplete',
      });
    }
    for (const nonsense of [Buffer.alloc(0), Buffer.from('<html>'), gzipSync('words')]) {
      await expect(unpacked(nonsense)).rejects.toMatchObject({ code: 'archive-incomplete' });
    }
  });

  test('a failing taker ends the reading with its error', async () => {
    const root = await temporaryFolder();
    const archive = join(root, 'a.tar.gz');
    await writeFile(archive, tarGzBytes(good));
    const take = (): Promise<void> => Promise.reject(new Error('disk full'));
    const reading = readArchive({ archive, wanted: new Map([['set/train.bin', 200_000]]), mostBytes: 1e6, take });
    await expect(reading).rejects.toThrow(/disk full/);
  });

  test('stops when it is told to', async () => {
    const root = await temporaryFolder();
    const archive = join(root, 'a.tar.gz');
    await writeFile(archive, tarGzBytes(good));
    const take = (): Promise<void> => Promise.resolve();
    const reading = readArchive({ archive, wanted: new Map(), mostBytes: 1e6, take, signal: AbortSignal.abort() });
    await expect(reading).rejects.toMatchObject({ name: 'AbortError' });
  });
});
