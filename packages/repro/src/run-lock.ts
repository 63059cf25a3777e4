import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, openSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { isAlive } from './atomic-file.js';
import { UserError } from './errors.js';

/** Who works in a folder. */
export interface Owner {
  pid: number;
  /** When that process started, in the machine's own count, so that a pid used again is not taken for it; null: not known. */
  started: string | null;
  host: string;
  /** Different for every lock that was ever taken. */
  token: string;
  /** It is saving and about to leave: worth waiting for. */
  leaving?: boolean;
}

export interface RunLock {
  owner: Owner;
  /** Throws where somebody else has taken the folder over: ask before every commit. */
  check(): void;
  /** Says that this owner is about to leave, so that whoever comes next waits. */
  leave(): void;
  release(): void;
}

const HEARTBEAT_MS = 5_000;
/** An owner on another machine that has been silent for so long is gone. */
const SILENCE_MS = 60_000;
/** An owner that is leaving takes at most so long over it. */
const LEAVING_MS = 60_000;
/** A file without readable content is still being written, for at most so long. */
const TORN_MS = 5_000;

/**
 * Takes a folder for this process: a file made with O_EXCL that names pid, start, host and a token, touched every 5 s.
 *
 * A lock whose process is gone (or, on another machine, silent for a minute) is taken over; who takes over holds a second
 * such file meanwhile, so that of several only one does.
 *
 * Throws   UserError naming the owner's pid and host where somebody works there.
 */
export function takeRunLock(folder: string): RunLock {
  const path = join(folder, 'owner.json');
  const owner: Owner = { pid: process.pid, started: startOf(process.pid), host: hostname(), token: randomUUID() };
  if (!create(path, owner)) {
    const takeover = `${path}.takeover`;
    if (!create(takeover, owner)) {
      if (!isStale(takeover)) throw inUse(folder, readOwner(takeover));
      rmSync(takeover, { force: true });
      if (!create(takeover, owner)) throw inUse(folder, readOwner(takeover));
    }
    try {
      if (existsSync(path)) {
        if (!isStale(path)) throw inUse(folder, readOwner(path));
        rmSync(path, { force: true });
      }
      if (!create(path, owner)) throw inUse(folder, readOwner(path));
    } finally {
      rmSync(takeover, { force: true });
    }
  }
  const isOurs = (): boolean => readOwner(path)?.token === owner.token;
  const heartbeat = setInterval(() => {
    if (isOurs()) utimesSync(path, new Date(), new Date());
  }, HEARTBEAT_MS);
  heartbeat.unref();
  return {
    owner,
    check: () => {
      if (!isOurs()) throw inUse(folder, readOwner(path));
    },
    leave: () => {
      if (!isOurs()) return;
      writeFileSync(`${path}.leaving`, JSON.stringify({ ...owner, leaving: true }));
      renameSync(`${path}.leaving`, path);
    },
    release: () => {
      clearInterval(heartbeat);
      if (isOurs()) rmSync(path, { force: true });
    },
  };
}

/** Takes a folder like `takeRunLock`; where its owner is saving and about to leave, as soon as it has left. */
export async function takeRunLockSoon(folder: string, signal?: AbortSignal): Promise<RunLock> {
  const path = join(folder, 'owner.json');
  const until = Date.now() + LEAVING_MS;
  while (Date.now() < until && readOwner(path)?.leaving && !isStale(path) && !signal?.aborted)
    await new Promise((resolve) => setTimeout(resolve, 50));
  return takeRunLock(folder);
}

/** Who works in a folder right now; null where nobody does, or who did is gone. */
export function liveOwner(folder: string): Owner | null {
  const path = join(folder, 'owner.json');
  return existsSync(path) && !isStale(path) ? readOwner(path) : null;
}

function create(path: string, owner: Owner): boolean {
  let file: number;
  try {
    file = openSync(path, 'wx');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
  writeSync(file, JSON.stringify(owner));
  closeSync(file);
  return true;
}

function readOwner(path: string): Owner | null {
  try {
    const owner = JSON.parse(readFileSync(path, 'utf8')) as Owner;
    return typeof owner.pid === 'number' && typeof owner.token === 'string' ? owner : null;
  } catch {
    return null;
  }
}

function isStale(path: string): boolean {
  const touched = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
  if (touched === undefined) return true;
  const owner = readOwner(path);
  if (!owner) return Date.now() - touched > TORN_MS;
  if (owner.host !== hostname()) return Date.now() - touched > SILENCE_MS;
  return !isAlive(owner.pid) || startOf(owner.pid) !== owner.started;
}

/** When a process started, in clock ticks since boot; null where the system does not say (no /proc). */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}

function inUse(folder: string, owner: Owner | null): UserError {
  const who = owner ? `process ${owner.pid} on ${owner.host}` : 'another process';
  return new UserError({
    what: `${who} is working there`,
    where: folder,
    mend: 'wait until it is done, or name another folder with --out',
  });
}
