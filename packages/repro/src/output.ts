import { type Style, styleFor, widthOf } from './terminal.js';

/** A place to write to: a stream, or a test's string. */
export interface Sink {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
  rows?: number;
}

/**
 * Where a command speaks. With `json` its results are lines of JSON on stdout and everything for people goes to stderr;
 * otherwise what was asked for is on stdout, and what happens meanwhile on stderr.
 */
export interface Output {
  json: boolean;
  style: Style;
  width: number;
  /** What the command was asked for, for people. */
  say(text: string): void;
  /** What happens meanwhile, for people. */
  log(text: string): void;
  /** One record for programs; nothing without `json`. */
  record(record: Readonly<Record<string, unknown>>): void;
  /** Whether what is said to people is on a terminal, which can be drawn on: as it stands, and so many lines high right now. */
  live: boolean;
  write(text: string): void;
  height(): number;
  /** Where progress is drawn. */
  progress: Sink;
}

export function createOutput(json: boolean, stdout: Sink = process.stdout, stderr: Sink = process.stderr): Output {
  const people = json ? stderr : stdout;
  return {
    json,
    style: styleFor(people),
    width: widthOf(people),
    say: (text) => people.write(`${text}\n`),
    log: (text) => stderr.write(`${text}\n`),
    record: (record) => json && stdout.write(`${JSON.stringify(record)}\n`),
    live: people.isTTY === true,
    write: (text) => void people.write(text),
    height: () => people.rows ?? 24,
    progress: stderr,
  };
}
