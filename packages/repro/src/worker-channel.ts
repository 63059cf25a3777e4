import { EventEmitter } from 'node:events';
import type { SignalSource } from './interruption.js';
import type { FromWorker, ToWorker } from './worker-messages.js';

/** A worker's line to the process that started it. */
export interface WorkerChannel {
  send(message: FromWorker): Promise<void>;
  /** What counts as a signal here: the starter's word, a SIGTERM of one's own, and that the starter is gone. */
  signals: SignalSource;
}

/**
 * The line of this process to a starter that forked it; null where nobody did.
 *
 * Ctrl-C reaches the whole group of processes on a terminal; a worker waits for its starter's word instead, so that it never counts
 * one key press twice. A starter that is gone for good (kill -9) means: save and leave, nobody is left who reads.
 */
export function workerChannel(process: NodeJS.Process = globalThis.process): WorkerChannel | null {
  if (!process.send) return null;
  const emitter = new EventEmitter();
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => emitter.emit('SIGTERM'));
  process.on('message', (message: ToWorker) => emitter.emit(message.signal));
  process.on('disconnect', () => emitter.emit('SIGTERM'));
  // The channel alone does not keep a worker alive that is done.
  process.channel?.unref();
  return {
    send: (message) =>
      new Promise((resolve) => {
        if (process.connected) process.send!(message, undefined, undefined, () => resolve());
        else resolve();
      }),
    // Leaving at once is for the starter to say, with SIGKILL.
    signals: Object.assign(emitter, { exit: () => undefined }) as unknown as SignalSource,
  };
}
