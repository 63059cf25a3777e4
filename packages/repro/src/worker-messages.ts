import type { Interruption } from './interruption.js';
import type { CellSummary, RunEvent } from './run-types.js';

/** What a worker says to whoever started it: what happens, and at last how it ended. */
export type FromWorker =
  | { kind: 'event'; event: RunEvent }
  /** `error`: what is wrong in words for people; `again`: whether another try may go better. */
  | { kind: 'ended'; summaries: readonly CellSummary[]; error?: { text: string; again: boolean } };

/** What a worker is told: save and leave. */
export interface ToWorker {
  kind: 'stop';
  signal: Interruption;
}
