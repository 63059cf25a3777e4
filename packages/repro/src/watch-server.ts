import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { messageOf } from './errors.js';
import { watchPage } from './watch-page.js';
import type { Watched } from './watch-state.js';

export interface WatchServer {
  /** With the token of this start: nobody who does not have the address gets an answer. */
  url: string;
  close(): Promise<void>;
}

const HEADERS = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
} as const;

/**
 * Serves what goes on as a page of this machine: on the loopback address alone, for reading alone, two fixed paths under a token.
 *
 *   403   a Host that is not this server's (DNS rebinding), an Origin that is another page's, more than one Host
 *   404   every other path; no path of a request ever names a file
 *   405   every method but GET and HEAD
 */
export async function serveWatch(read: () => Promise<Watched>, port = 0): Promise<WatchServer> {
  const token = randomBytes(16).toString('hex');
  const server = createServer((request, response) => {
    answer(request, response, { token, read, port: (server.address() as AddressInfo).port }).catch((error: unknown) => {
      if (!response.headersSent) send(response, 500, 'text/plain; charset=utf-8', messageOf(error));
      else response.destroy();
    });
  });
  server.requestTimeout = 10_000;
  server.headersTimeout = 5_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/${token}/`;
  return { url, close: async () => await close(server) };
}

async function close(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
}

interface Serving {
  token: string;
  port: number;
  read(): Promise<Watched>;
}

async function answer(request: IncomingMessage, response: ServerResponse, { token, port, read }: Serving): Promise<void> {
  const own = [`127.0.0.1:${port}`, `localhost:${port}`];
  const hosts = request.rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'host').length;
  const { host, origin } = request.headers;
  if (hosts !== 1 || !own.includes(host ?? '')) return send(response, 403, 'text/plain', 'this address is not served');
  if (origin !== undefined && !own.some((name) => origin === `http://${name}`))
    return send(response, 403, 'text/plain', 'no other page may ask here');
  if (request.method !== 'GET' && request.method !== 'HEAD') return send(response, 405, 'text/plain', 'read only', { Allow: 'GET, HEAD' });
  const [, given = '', page, ...more] = (request.url ?? '').split('/');
  if (!equal(given, token) || more.length > 0) return send(response, 404, 'text/plain', 'there is nothing here');
  if (page === 'state.json') return send(response, 200, 'application/json; charset=utf-8', JSON.stringify(await read()));
  if (page !== '') return send(response, 404, 'text/plain', 'there is nothing here');
  const nonce = randomBytes(16).toString('base64');
  const policy = `default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
  send(response, 200, 'text/html; charset=utf-8', watchPage(nonce), { 'Content-Security-Policy': policy });
}

const equal = (a: string, b: string): boolean => a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));

function send(response: ServerResponse, status: number, type: string, body: string, headers: Record<string, string> = {}): void {
  response.writeHead(status, { ...HEADERS, 'Content-Type': type, 'Content-Length': Buffer.byteLength(body), ...headers });
  response.end(body);
}
