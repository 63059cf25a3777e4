import { createRequire } from 'node:module';
import { join } from 'node:path';
import type Koffi from 'koffi';
import { type Box, checkInside, cut, type Picture } from './picture.js';
import type { Size } from './resample.js';

/** Numbers of libjpeg-turbo's interface. */
const DECOMPRESS = 1;
const RGB = 0;
const PARAMETER = { stopOnWarning: 0, subsampling: 4, width: 5, height: 6 } as const;
/** Width of the smallest unit that is decoded, by the number of the chroma subsampling: 4:4:4, 4:2:2, 4:2:0, gray, 4:4:0, 4:1:1, 4:4:1. */
const UNIT_WIDTHS = [8, 16, 16, 8, 8, 32, 8];
/** Pixels beside a part that its own colours are made of too: chroma is interpolated between neighbours. */
const NEIGHBOURS = 2;

/** The address of libjpeg-turbo's state of one decoding. */
type Handle = bigint;

interface Library {
  init(kind: number): Handle | null;
  destroy(handle: Handle): void;
  set(handle: Handle, parameter: number, value: number): number;
  get(handle: Handle, parameter: number): number;
  header(handle: Handle, bytes: Uint8Array, length: number): number;
  scale(handle: Handle, factor: { num: number; denom: number }): number;
  crop(handle: Handle, region: { x: number; y: number; w: number; h: number }): number;
  decompress(handle: Handle, bytes: Uint8Array, length: number, out: Uint8Array, pitch: number, format: number): number;
}

let loaded: Library | null | undefined;
/** Parts are decoded into it and cut out: a thread decodes one at a time, and pages that are there already cost nothing. */
let scratch = new Uint8Array(0);

/** Whether JPEGs are decoded by libjpeg-turbo itself; else sharp decodes them, to the same bytes. */
export function hasTurboJpeg(): boolean {
  loaded ??= loadLibrary();
  return loaded !== null;
}

/**
 * A part of a gray or colour JPEG of size `of` as RGB, decoded by libjpeg-turbo without anything around it: the rows below are not looked at, nor
 * are the columns beside it, except for reading past them. `shrink` 2, 4 or 8 leaves out the finest frequencies and counts `part` in pixels of
 * the picture of 1/shrink of the size (rounded up).
 *
 * Returns  undefined where there is no library, or where it finds anything wrong at all: then sharp decodes, and says what.
 * Throws   RangeError on a part that leaves the picture.
 */
export function turboPart(bytes: Uint8Array, of: Size, part?: Box, shrink = 1): Picture | undefined {
  if (!hasTurboJpeg()) return undefined;
  const { init, destroy, ...turbo } = loaded!;
  const handle = init(DECOMPRESS);
  if (!handle) return undefined;
  try {
    turbo.set(handle, PARAMETER.stopOnWarning, 1);
    if (turbo.header(handle, bytes, bytes.length) !== 0) return undefined;
    if (shrink !== 1 && turbo.scale(handle, { num: 1, denom: shrink }) !== 0) return undefined;
    if (turbo.get(handle, PARAMETER.width) !== of.width || turbo.get(handle, PARAMETER.height) !== of.height) return undefined;
    const [width, height] = [Math.ceil(of.width / shrink), Math.ceil(of.height / shrink)];
    if (!part) {
      const data = new Uint8Array(width * height * 3);
      return turbo.decompress(handle, bytes, bytes.length, data, 0, RGB) === 0 ? { width, height, data } : undefined;
    }
    checkInside(part, { width, height });
    const unit = UNIT_WIDTHS[turbo.get(handle, PARAMETER.subsampling)]! / shrink;
    const x = Math.max(0, Math.floor((part.left - NEIGHBOURS) / unit) * unit);
    const w = Math.min(width, part.left + part.width + NEIGHBOURS) - x;
    if (turbo.crop(handle, { x, y: part.top, w, h: part.height }) !== 0) return undefined;
    const length = w * part.height * 3;
    if (scratch.length < length) scratch = new Uint8Array(length);
    if (turbo.decompress(handle, bytes, bytes.length, scratch, 0, RGB) !== 0) return undefined;
    return cut({ width: w, height: part.height, data: scratch }, { ...part, top: 0, left: part.left - x });
  } finally {
    destroy(handle);
  }
}

/**
 * libjpeg-turbo as the package @julusian/jpeg-turbo ships it for Linux. Its own binding is not used: it neither decodes parts nor takes the
 * exact transform.
 */
function loadLibrary(): Library | null {
  const require = createRequire(import.meta.url);
  for (const kind of ['', '-musl']) {
    try {
      const koffi = require('koffi') as typeof Koffi;
      const folder = join(require.resolve('@julusian/jpeg-turbo/package.json'), '..', 'prebuilds');
      return bind(koffi, join(folder, `jpeg-turbo-linux-${process.arch}${kind}`, 'libturbojpeg.so.0'));
    } catch {
      // Another platform, or installed without optional packages.
    }
  }
  return null;
}

function bind(koffi: typeof Koffi, file: string): Library {
  const library = koffi.load(file);
  const [handle, bytes] = ['void *', 'const uint8_t *'];
  const factor = koffi.struct({ num: 'int', denom: 'int' });
  const region = koffi.struct({ x: 'int', y: 'int', w: 'int', h: 'int' });
  return {
    init: library.func('tj3Init', handle, ['int']),
    destroy: library.func('tj3Destroy', 'void', [handle]),
    set: library.func('tj3Set', 'int', [handle, 'int', 'int']),
    get: library.func('tj3Get', 'int', [handle, 'int']),
    header: library.func('tj3DecompressHeader', 'int', [handle, bytes, 'size_t']),
    scale: library.func('tj3SetScalingFactor', 'int', [handle, factor]),
    crop: library.func('tj3SetCroppingRegion', 'int', [handle, region]),
    decompress: library.func('tj3Decompress8', 'int', [handle, bytes, 'size_t', 'uint8_t *', 'int', 'int']),
  };
}
