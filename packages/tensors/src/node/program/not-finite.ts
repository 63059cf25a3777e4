import { NotFiniteError } from '../../state.js';

const MARK = 'tempered requires a finite';

/** What a failed check says in TensorFlow's error. */
export const notFinite = (name: string): string => `${MARK} ${name}.`;

/** The error of a run as callers know it: a failed check by its name, anything else as it is. */
export function named(error: unknown): unknown {
  const found = new RegExp(`${MARK} (\\S+)\\.`).exec(error instanceof Error ? error.message : '');
  return found ? new NotFiniteError(found[1]!, { cause: error }) : error;
}
