import { createConnection } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { serveWatch, type WatchServer } from './watch-server.js';
import type { Watched } from './watch-state.js';

const state: Watched = { out: '/somewhere/out', at: 0, cells: [], share: 0, secondsLeft: null };
const read = vi.fn(async () => state);
let server: WatchServer;
let port: number;
let token: string;
beforeEach(async () => {
  read.mockClear();
  server = await serveWatch(read);
  const url = new URL(server.url);
  port = Number(url.port);
  token = url.pathname.slice(1, -1);
});
afterEach(async () => await server.close());

/** Sends bytes as they stand, past every client that would tidy them up; returns the answer. */
const raw = (request: string): Promise<string> =>
  new Promise((resolve, reject) => {
    let answer = '';
    const socket = createConnection(port, '127.0.0.1', () => socket.write(request));
    socket.on('data', (data) => (answer += data.toString()));
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  });

const ask = (path: string, { method = 'GET', host = `127.0.0.1:${port}`, more = '' } = {}): Promise<string> =>
  raw(`${method} ${path} HTTP/1.1\r\nHost: ${host}\r\n${more}Connection: close\r\n\r\n`);
const status = async (answer: Promise<string>): Promise<number> => Number((await answer).split(' ')[1]);

test('the page and its state, under the token', async () => {
  const page = await ask(`/${token}/`);
  expect(page).toMatch(/^HTTP\/1\.1 200/);
  expect(page).toContain("Content-Security-Policy: default-src 'none'");
  expect(page).not.toMatch(/(src|href)=|https?:\/\/(?!www\.w3\.org\/2000\/svg)/);
  expect(JSON.parse((await ask(`/${token}/state.json`)).split('\r\n\r\n')[1]!)).toEqual(state);
  expect(await status(ask(`/${token}/`, { host: `localhost:${port}` }))).toBe(200);
});

test.each(['evil.example', 'evil.example:80', '127.0.0.1', '127.0.0.1:1', '127.0.0.1.evil.example', '169.254.169.254', '[::1]:9', ''])(
  'the foreign host %j is turned away',
  async (host) => {
    expect(await status(ask(`/${token}/state.json`, { host }))).toBe(403);
    expect(read).not.toHaveBeenCalled();
  },
);

test('no host, or two, is turned away', async () => {
  expect(await status(raw(`GET /${token}/state.json HTTP/1.1\r\nConnection: close\r\n\r\n`))).toBeGreaterThanOrEqual(400);
  expect(await status(raw(`GET /${token}/state.json HTTP/1.0\r\n\r\n`))).toBeGreaterThanOrEqual(400);
  expect(await status(ask(`/${token}/state.json`, { more: 'Host: evil.example\r\n' }))).toBeGreaterThanOrEqual(400);
  expect(read).not.toHaveBeenCalled();
});

test.each(['http://evil.example', 'null', 'https://127.0.0.1', 'http://localhost:1', ''])(
  'the foreign origin %j is turned away',
  async (origin) => {
    expect(await status(ask(`/${token}/state.json`, { more: `Origin: ${origin}\r\n` }))).toBe(403);
    expect(read).not.toHaveBeenCalled();
  },
);

test.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])('%s changes nothing: read only', async (method) => {
  expect(await status(ask(`/${token}/`, { method, more: 'Content-Length: 0\r\n' }))).toBe(405);
  expect(await status(ask(`/${token}/state.json`, { method, more: 'Content-Length: 0\r\n' }))).toBe(405);
});

test('no path leads to a file', async () => {
  const paths = [
    '/',
    '/state.json',
    '/TOKEN',
    '/TOKEN/..',
    '/TOKEN/../',
    '/TOKEN/%2e%2e/',
    '/TOKEN/..%2f..%2fetc%2fpasswd',
    '/TOKEN//etc/passwd',
  ]
    .concat([
      '/TOKEN/../../../../etc/passwd',
      '/TOKEN/./',
      '/TOKEN/state.json/',
      '/TOKEN/state.json?x',
      '/TOKEN/runs',
      '//TOKEN/',
      '/TOKEN\\..\\',
    ])
    .concat([
      '/TOKEN/%00',
      '/TOKEN/index.html',
      '/TOKEN/config.json',
      `/${'0'.repeat(32)}/`,
      `/${'0'.repeat(31)}/`,
      'http://evil.example/TOKEN/',
    ]);
  for (const path of paths) expect(await status(ask(path.replace('TOKEN', token))), path).toBe(404);
  expect(read).not.toHaveBeenCalled();
});

test('only this machine reaches it', async () => {
  const outside = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
  for (const { address } of outside.filter(({ internal, family }) => !internal && family === 'IPv4')) {
    await expect(
      new Promise((resolve, reject) => {
        const socket = createConnection({ port, host: address }, () => resolve(socket.destroy()));
        socket.on('error', reject);
      }),
    ).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  }
});

test('what cannot be read is told, and the next look is answered', async () => {
  read.mockRejectedValueOnce(new Error('config.json cannot be read'));
  expect(await ask(`/${token}/state.json`)).toMatch(/^HTTP\/1\.1 500[\s\S]*config\.json cannot be read$/);
  expect(await status(ask(`/${token}/state.json`))).toBe(200);
});
