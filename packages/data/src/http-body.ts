import { type ClientRequest, type IncomingMessage, request as plainRequest } from 'node:http';
import { request as secureRequest } from 'node:https';
import { DataError } from './data-error.js';

const CONNECT_MS = 10_000;
const STALL_MS = 30_000;
const MOST_REDIRECTS = 5;

export interface BodyRequest {
  url: string;
  /** How many bytes the whole file has, where that is known; else the server says, and no more than `mostBytes`. */
  bytes?: number;
  mostBytes?: number;
  mend: string;
  connectMs?: number;
  stallMs?: number;
  signal?: AbortSignal | undefined;
}

/** The body of a file from `start` on; `start` is 0 when the server does not go on from where it was asked to. */
export interface Body {
  start: number;
  /** How many bytes the whole file has, by the request or by the server; unknown where neither says. */
  total: number | undefined;
  chunks: AsyncIterable<Uint8Array>;
}

/**
 * Asks for a file from byte `from` on and looks at the answer before any byte of it is taken: status, kind and length must
 * be those of the file that is expected.
 *
 * Throws   DataError no-connection, http-status, not-an-archive, download-stalled; from the chunks also download-short.
 */
export async function openBody(request: BodyRequest, from: number): Promise<Body> {
  let url = new URL(request.url);
  for (let hop = 0; ; hop++) {
    const response = await ask(request, url, from);
    const status = response.statusCode ?? 0;
    const next = status >= 300 && status < 400 ? response.headers.location : undefined;
    if (next === undefined) {
      try {
        return { ...checkAnswer(request, url, response, from), chunks: chunksOf(request, url, response) };
      } catch (error) {
        response.destroy();
        throw error;
      }
    }
    response.destroy();
    const target = new URL(next, url);
    if (hop >= MOST_REDIRECTS || (url.protocol === 'https:' && target.protocol !== 'https:')) {
      throw new DataError('http-status', {
        where: url.href,
        what: `it redirects to ${target.href}, which is not followed`,
        mend: request.mend,
      });
    }
    url = target;
  }
}

function ask(request: BodyRequest, url: URL, from: number): Promise<IncomingMessage> {
  const { mend, signal } = request;
  const connectMs = request.connectMs ?? CONNECT_MS;
  const stallMs = request.stallMs ?? STALL_MS;
  return new Promise((resolve, reject) => {
    const headers = { 'accept-encoding': 'identity', ...(from > 0 ? { range: `bytes=${from}-` } : {}) };
    const send = url.protocol === 'https:' ? secureRequest : plainRequest;
    const call: ClientRequest = send(url, { headers, agent: false, ...(signal ? { signal } : {}) });
    const giveUp = (code: 'no-connection' | 'download-stalled', what: string, cause?: unknown): void => {
      clearTimeout(timer);
      call.destroy();
      reject(signal?.aborted ? signal.reason : new DataError(code, { where: url.href, what, mend, cause }));
    };
    let timer = setTimeout(() => giveUp('no-connection', `no connection within ${connectMs / 1000} s`), connectMs);
    call.on('socket', (socket) =>
      socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', () => {
        clearTimeout(timer);
        timer = setTimeout(() => giveUp('download-stalled', `connected, but no answer within ${stallMs / 1000} s`), stallMs);
      }),
    );
    call.on('error', (error) =>
      giveUp('no-connection', `no connection (${error.message || (error as NodeJS.ErrnoException).code})`, error),
    );
    call.on('response', (response) => {
      clearTimeout(timer);
      resolve(response);
    });
    call.end();
  });
}

/** The byte that the body starts at, and the size of the whole file. */
function checkAnswer(request: BodyRequest, url: URL, response: IncomingMessage, from: number): Omit<Body, 'chunks'> {
  const { bytes, mostBytes, mend } = request;
  const status = response.statusCode ?? 0;
  const problem = (code: 'http-status' | 'not-an-archive', what: string): DataError => new DataError(code, { where: url.href, what, mend });
  if (status !== 200 && status !== 206)
    throw problem('http-status', `the server answers ${status} ${response.statusMessage ?? ''}`.trimEnd());
  const kind = response.headers['content-type'] ?? '';
  if (/^text\//i.test(kind)) throw problem('not-an-archive', `the server sends ${kind} in place of the file`);
  const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers['content-range'] ?? '');
  const start = status === 206 ? Number(range?.[1] ?? Number.NaN) : 0;
  if (status === 206 && start !== from)
    throw problem('http-status', `asked for byte ${from} on, it answers "${response.headers['content-range']}"`);
  const length = response.headers['content-length'];
  const announced = length === undefined ? undefined : Number(length) + start;
  if (announced !== undefined && bytes !== undefined && announced !== bytes)
    throw problem('not-an-archive', `the server announces ${announced} bytes, the file has ${bytes}`);
  if (announced !== undefined && mostBytes !== undefined && announced > mostBytes)
    throw problem('not-an-archive', `the server announces ${announced} bytes, at most ${mostBytes} are taken`);
  return { start, total: bytes ?? announced };
}

async function* chunksOf(request: BodyRequest, url: URL, response: IncomingMessage): AsyncIterable<Uint8Array> {
  const stallMs = request.stallMs ?? STALL_MS;
  let stalled = false;
  const timer = setTimeout(() => {
    stalled = true;
    response.destroy();
  }, stallMs);
  try {
    for await (const chunk of response) {
      timer.refresh();
      yield chunk as Uint8Array;
    }
  } catch (error) {
    request.signal?.throwIfAborted();
    const [code, what] = stalled
      ? (['download-stalled', `no byte came for ${stallMs / 1000} s`] as const)
      : (['download-short', `the connection broke (${(error as Error).message})`] as const);
    throw new DataError(code, { where: url.href, what, mend: request.mend, cause: error });
  } finally {
    clearTimeout(timer);
    response.destroy();
  }
}
