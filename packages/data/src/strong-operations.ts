import type { Picture } from './picture.js';

/**
 * The operations of MLKD's strong view. Each takes a picture and its drawn argument and gives a new picture.
 *
 * Source   The authors' augmentation (Pillow's ImageOps, ImageEnhance and affine transforms); equal to the bit.
 */
export const STRONG_OPERATIONS = {
  AutoContrast: { least: 0, most: 1, apply: autoContrast },
  Brightness: { least: 0.05, most: 0.95, apply: (picture: Picture, factor: number) => mapLevels(picture, (v) => blend(0, v, factor)) },
  Color: { least: 0.05, most: 0.95, apply: color },
  Contrast: { least: 0.05, most: 0.95, apply: contrast },
  Equalize: { least: 0, most: 1, apply: equalize },
  Identity: { least: 0, most: 1, apply: ({ width, height, data }: Picture) => ({ width, height, data: data.slice() }) },
  Posterize: { least: 4, most: 8, apply: posterize },
  Rotate: { least: -30, most: 30, apply: rotate },
  Sharpness: { least: 0.05, most: 0.95, apply: sharpness },
  ShearX: { least: -0.3, most: 0.3, apply: shearX },
  ShearY: { least: -0.3, most: 0.3, apply: shearY },
  Solarize: {
    least: 0,
    most: 256,
    apply: (picture: Picture, threshold: number) => mapLevels(picture, (v) => (v < threshold ? v : 255 - v)),
  },
  TranslateX: { least: -0.3, most: 0.3, apply: translateX },
  TranslateY: { least: -0.3, most: 0.3, apply: translateY },
} as const satisfies Record<string, { least: number; most: number; apply: (picture: Picture, argument: number) => Picture }>;

export type StrongOperation = keyof typeof STRONG_OPERATIONS;

const LEVELS = 256;

/** A table of what becomes of each level. */
function tableOf(value: (level: number) => number): Uint8Array {
  const table = new Uint8Array(LEVELS);
  for (let level = 0; level < LEVELS; level++) table[level] = value(level);
  return table;
}

/** The same change of level for all values of a picture. */
function mapLevels({ width, height, data }: Picture, value: (level: number) => number): Picture {
  const table = tableOf(value);
  const out = new Uint8Array(data.length);
  for (let at = 0; at < data.length; at++) out[at] = table[data[at]!]!;
  return { width, height, data: out };
}

/** From d (factor 0) to v (factor 1): in float32 at each step, cut to a whole number. */
function blend(d: number, v: number, factor: number): number {
  return Math.trunc(Math.fround(d + Math.fround(Math.fround(factor) * (v - d))));
}

/** Brightness of the pixel whose red value is at `at`. */
function luma(data: Uint8Array, at: number): number {
  return (19595 * data[at]! + 38470 * data[at + 1]! + 7471 * data[at + 2]! + 32768) >> 16;
}

function color({ width, height, data }: Picture, factor: number): Picture {
  const out = new Uint8Array(data.length);
  for (let at = 0; at < data.length; at += 3) {
    const gray = luma(data, at);
    out[at] = blend(gray, data[at]!, factor);
    out[at + 1] = blend(gray, data[at + 1]!, factor);
    out[at + 2] = blend(gray, data[at + 2]!, factor);
  }
  return { width, height, data: out };
}

function contrast(picture: Picture, factor: number): Picture {
  let sum = 0;
  for (let at = 0; at < picture.data.length; at += 3) sum += luma(picture.data, at);
  const mean = Math.floor(sum / (picture.data.length / 3) + 0.5);
  return mapLevels(picture, (v) => blend(mean, v, factor));
}

/** Towards (the 8 neighbours + 5 times the pixel) / 13, rounded; the outermost pixels stay as they are. */
function sharpness({ width, height, data }: Picture, factor: number): Picture {
  const out = data.slice();
  const line = width * 3;
  for (let y = 1; y < height - 1; y++) {
    for (let at = y * line + 3; at < (y + 1) * line - 3; at++) {
      const above = data[at - line - 3]! + data[at - line]! + data[at - line + 3]!;
      const below = data[at + line - 3]! + data[at + line]! + data[at + line + 3]!;
      const sum = above + data[at - 3]! + 5 * data[at]! + data[at + 3]! + below;
      out[at] = blend(Math.floor(sum / 13 + 0.5), data[at]!, factor);
    }
  }
  return { width, height, data: out };
}

/** Applies to each channel the table that is made for it; a channel without one stays as it is. */
function mapChannels({ width, height, data }: Picture, channelTable: (histogram: Uint32Array) => Uint8Array | undefined): Picture {
  const out = data.slice();
  for (let c = 0; c < 3; c++) {
    const histogram = new Uint32Array(LEVELS);
    for (let at = c; at < data.length; at += 3) histogram[data[at]!]!++;
    const table = channelTable(histogram);
    if (table === undefined) continue;
    for (let at = c; at < data.length; at += 3) out[at] = table[data[at]!]!;
  }
  return { width, height, data: out };
}

function autoContrast(picture: Picture): Picture {
  return mapChannels(picture, (histogram) => {
    const low = histogram.findIndex((count) => count > 0);
    const high = histogram.findLastIndex((count) => count > 0);
    if (high === low) return undefined;
    const scale = 255 / (high - low);
    const offset = -low * scale;
    return tableOf((v) => Math.min(255, Math.max(0, Math.trunc(v * scale + offset))));
  });
}

function equalize(picture: Picture): Picture {
  return mapChannels(picture, (histogram) => {
    const step = Math.floor((picture.width * picture.height - histogram.findLast((count) => count > 0)!) / 255);
    if (step === 0) return undefined;
    let below = 0;
    return tableOf((v) => {
      const level = Math.min(255, Math.floor((Math.floor(step / 2) + below) / step));
      below += histogram[v]!;
      return level;
    });
  });
}

function posterize(picture: Picture, bits: number): Picture {
  const mask = 0xff & ~(2 ** (8 - Math.trunc(bits)) - 1);
  return mapLevels(picture, (v) => v & mask);
}

/** A number in units of 1/65536. */
function fixed(value: number): number {
  return Math.floor(65536 * value + 0.5);
}

const WHOLE = fixed(1);

/** Where pixel (x, y) is taken from: column (startX + x xx + y xy) >> 16, row (startY + x yx + y yy) >> 16. */
interface Affine {
  startX: number;
  xx: number;
  xy: number;
  startY: number;
  yx: number;
  yy: number;
}

const STILL: Affine = { startX: 0, xx: WHOLE, xy: 0, startY: 0, yx: 0, yy: WHOLE };

/** Every pixel taken from where the affine map says; black where that is outside. */
function move({ width, height, data }: Picture, { startX, xx, xy, startY, yx, yy }: Affine): Picture {
  const moved = new Uint8Array(data.length);
  let to = 0;
  for (let y = 0; y < height; y++) {
    let placeX = startX + y * xy;
    let placeY = startY + y * yy;
    for (let x = 0; x < width; x++, to += 3, placeX += xx, placeY += yx) {
      const fromX = placeX >> 16;
      const fromY = placeY >> 16;
      if (fromX < 0 || fromY < 0 || fromX >= width || fromY >= height) continue;
      const from = (fromY * width + fromX) * 3;
      moved[to] = data[from]!;
      moved[to + 1] = data[from + 1]!;
      moved[to + 2] = data[from + 2]!;
    }
  }
  return { width, height, data: moved };
}

function translateX(picture: Picture, fraction: number): Picture {
  return move(picture, { ...STILL, startX: Math.floor(picture.width * fraction + 0.5) * WHOLE });
}

function translateY(picture: Picture, fraction: number): Picture {
  return move(picture, { ...STILL, startY: Math.floor(picture.height * fraction + 0.5) * WHOLE });
}

function shearX(picture: Picture, slope: number): Picture {
  return move(picture, { ...STILL, startX: fixed(0.5 + slope / 2), xy: fixed(slope) });
}

function shearY(picture: Picture, slope: number): Picture {
  return move(picture, { ...STILL, startY: fixed(0.5 + slope / 2), yx: fixed(slope) });
}

/** Counter-clockwise about the middle, in degrees. */
function rotate(picture: Picture, degrees: number): Picture {
  const [midX, midY] = [picture.width / 2, picture.height / 2];
  const angle = (degrees * Math.PI) / 180;
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  const startX = fixed(midX - midX * c + midY * s + c / 2 - s / 2);
  const startY = fixed(midY - midX * s - midY * c + s / 2 + c / 2);
  return move(picture, { startX, xx: fixed(c), xy: fixed(-s), startY, yx: fixed(s), yy: fixed(c) });
}
