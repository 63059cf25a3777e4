import type { FeedRecord } from './feed-meter.js';
import type { CellSummary, TeacherOutputsRecord } from './run-types.js';

/** What is known about the teacher beside what a run's own record says. */
export interface TaughtCost {
  /** How its outputs were kept: 'float32', 'float16' or 'none'. */
  kept: string;
  /** Seconds that a row took those who filled the store. */
  knownCost: number | null;
}

/** Rows below which their time says little. */
const ENOUGH_ROWS = 10;

const rounded = (value: number, digits: number): number => Math.round(value * 10 ** digits) / 10 ** digits;

/** Seconds of a picture in the teacher's forward pass; null where too few went through. */
export function costOfRow({ computed, teacherSeconds }: FeedRecord): number | null {
  return computed >= ENOUGH_ROWS ? teacherSeconds / computed : null;
}

/** What a cell says about waiting for pictures. */
export function dataRecord({ seconds, waitedSeconds }: FeedRecord): NonNullable<CellSummary['data']> {
  return { waitedSeconds: rounded(waitedSeconds, 3), waitedPercent: seconds > 0 ? rounded((100 * waitedSeconds) / seconds, 3) : 0 };
}

/** What a cell says about its teacher's outputs. */
export function teacherOutputsRecord(feed: FeedRecord, { kept, knownCost }: TaughtCost): TeacherOutputsRecord {
  const { asked, hits, teacherSeconds } = feed;
  const cost = costOfRow(feed) ?? knownCost;
  const savedSeconds = hits === 0 ? 0 : cost === null ? null : rounded(hits * cost, 1);
  return {
    kept,
    asked,
    hits,
    hitPercent: asked > 0 ? rounded((100 * hits) / asked, 2) : 0,
    seconds: rounded(teacherSeconds, 1),
    savedSeconds,
  };
}
