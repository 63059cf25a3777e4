import { isDataError } from '@tempered/data';
import { exitCodes, messageOf, UserError } from './errors.js';
import { WorkerCrash, WorkerFailure } from './worker-process.js';

export interface ErrorDescription {
  /** For people: what, where, mend; with a stack where it is a defect of ours. */
  text: string;
  /** For programs. */
  record: Readonly<Record<string, unknown>>;
  exitCode: number;
}

/** What to tell about anything that was thrown. */
export function describeError(error: unknown): ErrorDescription {
  if (error instanceof UserError) {
    const { exitCode, complaint } = error;
    return { text: error.message, record: { kind: 'error', ...complaint, exitCode }, exitCode };
  }
  const exitCode = exitCodes.failed;
  // What a worker said, or how it died, is said already; where in this process it was heard is nobody's concern.
  if (error instanceof WorkerFailure || error instanceof WorkerCrash)
    return { text: error.message, record: { kind: 'error', what: error.message, exitCode }, exitCode };
  if (isDataError(error)) {
    const { message, code, where, mend } = error;
    return { text: message, record: { kind: 'error', what: message, where, mend, code, exitCode }, exitCode };
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { text: `this should not have happened: ${stack}`, record: { kind: 'error', what: messageOf(error), exitCode }, exitCode };
}
