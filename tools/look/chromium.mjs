// @ts-check
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/** @param {string} name */
const isThere = (name) => spawnSync('which', [name], { stdio: 'ignore' }).status === 0;

/**
 * The browser's command; installs Debian's package where there is none and we may.
 * @returns {string}
 */
export function findChromium() {
  const found = NAMES.find(isThere);
  if (found) return found;
  if (process.getuid?.() === 0 && isThere('apt-get')) {
    process.stderr.write('look: no Chromium here; installing the Debian package\n');
    spawnSync('apt-get', ['update', '-qq'], { stdio: 'inherit' });
    spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium', 'fonts-dejavu-core'], { stdio: 'inherit' });
    if (isThere('chromium')) return 'chromium';
  }
  throw new Error(`no ${NAMES.join(', ')} on the PATH; install one (Debian: apt-get install chromium)`);
}

/** A headless browser with one page, driven through its debugging pipe. */
export class Browser {
  #next = 0;
  #rest = '';
  /** @type {Map<number, { resolve(value: any): void; reject(error: Error): void }>} */
  #waiting = new Map();
  /** @type {((method: string, params: any) => void)[]} */
  #listeners = [];
  /** @type {string | undefined} */
  #session;

  /** @param {string} command */
  constructor(command) {
    this.profile = mkdtempSync(join(tmpdir(), 'tempered-look-'));
    const flags = [
      '--headless=new',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--remote-debugging-pipe',
      '--no-first-run',
    ];
    this.process = spawn(command, [...flags, `--user-data-dir=${this.profile}`, 'about:blank'], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    });
    this.input = /** @type {import('node:stream').Writable} */ (this.process.stdio[3]);
    const output = /** @type {import('node:stream').Readable} */ (this.process.stdio[4]);
    output.setEncoding('utf8').on('data', (/** @type {string} */ text) => this.#read(text));
  }

  /** @param {string} text */
  #read(text) {
    const parts = (this.#rest + text).split('\0');
    this.#rest = parts.pop() ?? '';
    for (const part of parts) {
      const { id, result, error, method, params } = JSON.parse(part);
      if (method) for (const listener of this.#listeners) listener(method, params);
      const waiting = this.#waiting.get(id);
      if (!waiting) continue;
      this.#waiting.delete(id);
      if (error) waiting.reject(new Error(error.message));
      else waiting.resolve(result);
    }
  }

  /** @param {(method: string, params: any) => void} listener */
  listen(listener) {
    this.#listeners.push(listener);
  }

  /** @param {string} method @param {object} [params] @returns {Promise<any>} */
  send(method, params = {}) {
    const id = ++this.#next;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.input.write(`${JSON.stringify({ id, method, params, ...(this.#session ? { sessionId: this.#session } : {}) })}\0`);
    });
  }

  /** Takes hold of the first page. */
  async attach() {
    const { targetInfos } = await this.send('Target.getTargets');
    const page = targetInfos.find((/** @type {{ type: string }} */ { type }) => type === 'page');
    const { sessionId } = await this.send('Target.attachToTarget', { targetId: page.targetId, flatten: true });
    this.#session = sessionId;
    for (const domain of ['Page', 'Network', 'Runtime', 'Log']) await this.send(`${domain}.enable`);
  }

  /** @param {string} expression @returns {Promise<any>} */
  async evaluate(expression) {
    const { result, exceptionDetails } = await this.send('Runtime.evaluate', { expression, returnByValue: true, awaitPromise: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  async close() {
    await this.send('Browser.close').catch(() => undefined);
    await new Promise((resolve) => (this.process.exitCode === null ? this.process.once('exit', resolve) : resolve(null)));
    rmSync(this.profile, { recursive: true, force: true });
  }
}
