import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Download, download } from './download.js';
import { type Answer, answers, faultServer, serves, servesPart } from './testing/fault-server.js';
import { filesUnder, temporaryFolder } from './testing/temporary-folder.js';

const content = Buffer.from(Uint8Array.from({ length: 300_000 }, (_, i) => (i * i) >> 3));
const wrong = Buffer.from(content).fill(7, 1000, 1001);

async function setUp(...server: Answer[]): Promise<{ folder: string; file: string; request: Download; ranges: (string | undefined)[] }> {
  const folder = await temporaryFolder();
  const file = join(folder, 'got');
  const { url, ranges } = await faultServer(...server);
  const sha256 = createHash('sha256').update(content).digest('hex');
  const request = { url, file, bytes: content.length, sha256, what: 'a file', mend: 'Mend it', connectMs: 2000, stallMs: 150, attempts: 1 };
  return { folder, file, request, ranges };
}

describe('a download', () => {
  test('arrives whole, with progress', async () => {
    const { file, folder, request } = await setUp(serves(content));
    const seen: (number | undefined)[] = [];
    await download({ ...request, onProgress: ({ step, done }) => step === 'download' && seen.push(done) });
    expect(content.equals(await readFile(file))).toBe(true);
    expect(await filesUnder(folder)).toEqual(['got']);
    expect(seen.at(-1)).toBe(content.length);
    expect(seen).toEqual([...seen].sort((a, b) => a! - b!));
  });

  test('goes on where a broken connection left it', async () => {
    const { file, request, ranges } = await setUp(servesPart(content, 5000, 'breaks'), serves(content));
    await download({ ...request, attempts: 3 });
    expect(content.equals(await readFile(file))).toBe(true);
    expect(ranges).toEqual([undefined, 'bytes=5000-']);
  });

  test('goes on in a later call, also where the earlier process was killed', async () => {
    for (const part of ['got.part', 'got.999999999-0.part']) {
      const { folder, file, request, ranges } = await setUp(serves(content));
      await writeFile(join(folder, part), content.subarray(0, 5000));
      await download(request);
      expect(content.equals(await readFile(file))).toBe(true);
      expect(ranges).toEqual(['bytes=5000-']);
      expect(await filesUnder(folder)).toEqual(['got']);
    }
  });

  test('leaves the part of a living process alone', async () => {
    const { folder, request, ranges } = await setUp(serves(content));
    await writeFile(join(folder, `got.${process.ppid}-0.part`), content.subarray(0, 5000));
    await download(request);
    expect(ranges).toEqual([undefined]);
    expect(await filesUnder(folder)).toEqual(['got', `got.${process.ppid}-0.part`]);
  });

  test('starts again when what it went on from was wrong, and when the server cannot go on', async () => {
    const whole: Answer = (_, response) => response.writeHead(200, { 'content-length': content.length }).end(content);
    for (const [part, server] of [
      [wrong.subarray(0, 9000), serves(content)],
      [content.subarray(0, 9000), whole],
    ] as const) {
      const { folder, file, request } = await setUp(server);
      await writeFile(join(folder, 'got.part'), part);
      await download(request);
      expect(content.equals(await readFile(file))).toBe(true);
    }
  });

  test('follows a redirect', async () => {
    const target = await faultServer(serves(content));
    const { file, request } = await setUp((_, response) => response.writeHead(302, { location: target.url }).end());
    await download(request);
    expect(content.equals(await readFile(file))).toBe(true);
  });
});

describe('a download that nobody published a checksum of', () => {
  const unpinned = ({ bytes: _, sha256: __, ...request }: Download): Download => ({ ...request, mostBytes: 400_000 });

  test('has the size that the server says, and says its checksum', async () => {
    const { folder, file, request } = await setUp(servesPart(content, 5000, 'breaks'), serves(content));
    expect(await download({ ...unpinned(request), attempts: 2 })).toEqual({ bytes: content.length, sha256: request.sha256 });
    expect(content.equals(await readFile(file))).toBe(true);
    expect(await filesUnder(folder)).toEqual(['got']);
  });

  test('leaves no part behind, and takes none of an earlier call', async () => {
    const { folder, request, ranges } = await setUp(servesPart(content, 5000, 'breaks'));
    await writeFile(join(folder, 'got.part'), content.subarray(0, 9000));
    await expect(download(unpinned(request))).rejects.toMatchObject({ code: 'download-short' });
    expect(ranges).toEqual([undefined]);
    expect(await filesUnder(folder)).toEqual(['got.part']);
  });

  test('may not be larger than is taken, whether or not the server says so', async () => {
    const silent: Answer = (_, response) => void response.writeHead(200).end(content);
    for (const server of [serves(content), silent]) {
      const { folder, request } = await setUp(server);
      await expect(download({ ...unpinned(request), mostBytes: 200_000 })).rejects.toMatchObject({ code: 'not-an-archive' });
      expect(await filesUnder(folder)).toEqual([]);
    }
  });

  test('without a bound is a mistake of the caller', async () => {
    const { request } = await setUp(serves(content));
    await expect(download({ ...unpinned(request), mostBytes: undefined as never })).rejects.toThrow(RangeError);
  });
});

const faults: [string, string, Answer][] = [
  ['wrong bytes', 'checksum-mismatch', serves(wrong)],
  ['a web page', 'not-an-archive', answers(200, '<html>Please log in</html>')],
  ['another length', 'not-an-archive', serves(content.subarray(1))],
  ['more bytes than it should', 'not-an-archive', (_, response) => response.writeHead(200).end(Buffer.concat([content, content]))],
  ['503', 'http-status', answers(503)],
  ['404', 'http-status', answers(404)],
  ['redirects without end', 'http-status', (request, response) => response.writeHead(302, { location: request.url }).end()],
];

describe('a download that goes wrong', () => {
  test.each(faults)('%s: %s, and nothing is left', async (_, code, server) => {
    const { folder, request } = await setUp(server);
    await expect(download(request)).rejects.toMatchObject({ name: 'DataError', code, mend: 'Mend it' });
    expect(await filesUnder(folder)).toEqual([]);
  });

  const cuts: [string, string, Answer][] = [
    ['a short body', 'download-short', servesPart(content, 1000, 'breaks')],
    ['a short body without a length', 'download-short', (_, response) => response.writeHead(200).end(content.subarray(0, 1000))],
    ['a stall', 'download-stalled', servesPart(content, 1000, 'stalls')],
  ];
  test.each(cuts)('%s: %s, and only the part is kept, to go on from', async (_, code, server) => {
    const { folder, request } = await setUp(server);
    await expect(download(request)).rejects.toMatchObject({ name: 'DataError', code });
    expect(await filesUnder(folder)).toEqual(['got.part']);
  });

  test('connected, but no answer', async () => {
    const { folder, request } = await setUp(() => undefined);
    await expect(download(request)).rejects.toMatchObject({ code: 'download-stalled' });
    expect(await filesUnder(folder)).toEqual([]);
  });

  test('nobody there', async () => {
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const { port } = closed.address() as { port: number };
    await new Promise((resolve) => closed.close(resolve));
    const { folder, request } = await setUp(serves(content));
    await expect(download({ ...request, url: `http://127.0.0.1:${port}/x` })).rejects.toMatchObject({ code: 'no-connection' });
    await expect(download({ ...request, url: 'http://no.such.host.invalid/x' })).rejects.toMatchObject({ code: 'no-connection' });
    expect(await filesUnder(folder)).toEqual([]);
  });

  test('a connection that never comes about is given up in time', async () => {
    const silent = createServer((socket) => onTestFinished(() => void socket.destroy()));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void silent.close());
    const { port } = silent.address() as { port: number };
    const { request } = await setUp(serves(content));
    const started = Date.now();
    const call = download({ ...request, url: `https://127.0.0.1:${port}/x`, connectMs: 200 });
    await expect(call).rejects.toMatchObject({ code: 'no-connection', message: expect.stringContaining('within 0.2 s') });
    expect(Date.now() - started).toBeLessThan(5000);
  });

  test('is told to stop', async () => {
    const { folder, request } = await setUp(servesPart(content, 1000, 'stalls'));
    const stop = new AbortController();
    const call = download({ ...request, stallMs: 60_000, signal: stop.signal, onProgress: () => stop.abort() });
    await expect(call).rejects.toMatchObject({ name: 'AbortError' });
    expect(await filesUnder(folder)).toEqual(['got.part']);
  });
});
