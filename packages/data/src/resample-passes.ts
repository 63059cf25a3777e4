import type { Picture } from './picture.js';
import { RESAMPLE_WASM } from './resample-wasm.js';

/** Weights are whole numbers that add up to about 2^WEIGHT_BITS; resample.wat rounds sums of them. */
export const WEIGHT_BITS = 22;
const PAGE_BYTES = 65_536;
/** What a pass may touch past the end of its pixels. */
const SLACK_BYTES = 16;
/** A memory that had to become larger than this for one picture is given up after it. */
const MOST_KEPT_BYTES = 64 * 2 ** 20;

/** Which source pixels each output pixel of one axis is made of, and with what weights. */
export interface Taps {
  /** Source pixels that an output pixel is made of: as many for each, some with no weight. */
  count: number;
  /** First source pixel of each output pixel. */
  first: Int32Array;
  /** [outputs, count] */
  weights: Int32Array;
}

/** What resample.wat exports; numbers are places in the memory. */
interface Passes {
  memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  horizontal(from: number, line: number, rows: number, first: number, weights: number, count: number, outputs: number, to: number): void;
  vertical(from: number, line: number, first: number, weights: number, count: number, outputs: number, to: number): void;
}

/** The part of JavaScript's WebAssembly that is used: its types are the browsers' alone. */
const { WebAssembly } = globalThis as unknown as {
  WebAssembly: { Module: new (bytes: Uint8Array) => object; Instance: new (module: object) => { exports: unknown } };
};
const assembled = new WebAssembly.Module(Buffer.from(RESAMPLE_WASM, 'base64'));
let kept: Passes | null = null;

/** Both axes of a picture resampled, each to bytes: the rows first, or where `verticalFirst` the columns. */
export function resampleAxes({ width, height, data }: Picture, across: Taps, down: Taps, verticalFirst: boolean): Picture {
  const [toWidth, toHeight] = [across.first.length, down.first.length];
  const middle = verticalFirst ? width * toHeight : toWidth * height;
  const sizes = [across.first.byteLength, across.weights.byteLength, down.first.byteLength, down.weights.byteLength];
  const [acrossFirst, acrossWeights, downFirst, downWeights, from, between, to, end] = placesOf(
    ...sizes,
    data.length,
    3 * middle,
    3 * toWidth * toHeight,
  );
  const passes = withMemory(end!);
  const bytes = new Uint8Array(passes.memory.buffer);
  const whole = new Int32Array(passes.memory.buffer);
  across.first.forEach((pixel, x) => {
    whole[acrossFirst! / 4 + x] = 3 * pixel;
  });
  whole.set(across.weights, acrossWeights! / 4);
  whole.set(down.first, downFirst! / 4);
  whole.set(down.weights, downWeights! / 4);
  bytes.set(data, from);
  const horizontal = (source: number, line: number, rows: number, target: number): void =>
    passes.horizontal(source, line, rows, acrossFirst!, acrossWeights!, across.count, toWidth, target);
  const vertical = (source: number, line: number, target: number): void =>
    passes.vertical(source, line, downFirst!, downWeights!, down.count, toHeight, target);
  if (verticalFirst) {
    vertical(from!, 3 * width, between!);
    horizontal(between!, 3 * width, toHeight, to!);
  } else {
    horizontal(from!, 3 * width, height, between!);
    vertical(between!, 3 * toWidth, to!);
  }
  if (bytes.length > MOST_KEPT_BYTES) kept = null;
  return { width: toWidth, height: toHeight, data: bytes.slice(to, to! + 3 * toWidth * toHeight) };
}

/** Where things of so many bytes lie one after the other, and where the last one ends. */
function placesOf(...sizes: number[]): number[] {
  const places = [0];
  for (const size of sizes) places.push(Math.ceil((places.at(-1)! + size + SLACK_BYTES) / SLACK_BYTES) * SLACK_BYTES);
  return places;
}

/** The passes with at least so much memory. */
function withMemory(bytes: number): Passes {
  kept ??= new WebAssembly.Instance(assembled).exports as Passes;
  const missing = bytes - kept.memory.buffer.byteLength;
  if (missing > 0) kept.memory.grow(Math.ceil(missing / PAGE_BYTES));
  return kept;
}
