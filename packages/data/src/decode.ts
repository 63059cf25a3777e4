import sharp, { type Metadata, type Sharp, type SharpOptions } from 'sharp';
import { DataError } from './data-error.js';
import { type JpegFrame, jpegFrame } from './jpeg-frame.js';
import type { Picture } from './picture.js';
import { type Size, type View, viewOf } from './resample.js';
import { turboPart } from './turbo-jpeg.js';

export interface DecodeOptions {
  /** Takes what there is of a picture that ends early; the rest is gray. Default false: such a picture is an error. */
  allowTruncated?: boolean;
  /** Most pixels that a picture may have. */
  mostPixels?: number;
  /** Decodes all of a picture where a view needs a part, so that damage anywhere in it is found. Default false. */
  whole?: boolean;
  /** Leaves JPEGs to sharp where libjpeg-turbo itself could decode them: the same bytes, more slowly. Default false. */
  sharpOnly?: boolean;
}

const MOST_PIXELS = 100_000_000;
const NOT_AN_IMAGE = 'Replace or remove the file, or skip broken pictures';
const TAIL_BYTES = 1024;
const JPEG = [0xff, 0xd8, 0xff];
const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/**
 * Decodes a JPEG or PNG, told by its first bytes and not by its name, to RGB bytes.
 *
 * EXIF orientation and ICC profiles are ignored; alpha is dropped and the colour under it kept; gray goes to all three
 * channels; CMYK becomes RGB without a profile; 16-bit colour keeps the high byte. 16-bit gray is cut at 255 and not scaled,
 * which turns most of such a picture white: that is what the reference pipeline does with it.
 *
 * Throws   DataError not-an-image, image-truncated, image-too-large, file-corrupt; each names the file.
 * Source   torchvision's default loader (PIL, convert('RGB')); equal to the bit with libjpeg-turbo and sharp's libspng.
 */
export async function decodePicture(bytes: Uint8Array, where: string, options: DecodeOptions = {}): Promise<Picture> {
  const frame = plainJpeg(bytes, options);
  const picture = frame && !options.sharpOnly && turboPart(bytes, frame);
  if (picture) return picture;
  return withSharp(bytes, where, options, async (settings) => {
    if (frame === undefined) {
      const metadata = await sharp(bytes, settings).metadata();
      if (metadata.space === 'cmyk') return decodeCmyk(bytes, settings);
      if (metadata.space === 'grey16' && !metadata.hasAlpha) return decodeGray16(bytes, settings, metadata);
    }
    return rgb(sharp(bytes, settings));
  });
}

/**
 * A view of an encoded picture. Of a gray or colour JPEG only the part that the view needs is decoded: the rows below it are not
 * looked at, nor is what may be wrong with them, unless the file is cut off.
 *
 * Throws   as decodePicture.
 */
export async function decodeView(
  bytes: Uint8Array,
  where: string,
  viewOfSize: (of: Size) => View,
  options: DecodeOptions = {},
): Promise<Picture> {
  const frame = options.whole || !hasEnd(bytes) ? undefined : plainJpeg(bytes, options);
  if (frame === undefined) {
    const picture = await decodePicture(bytes, where, options);
    return viewOf(picture, viewOfSize(picture));
  }
  const { needs, make } = viewOfSize(frame);
  return make(
    (options.sharpOnly ? undefined : turboPart(bytes, frame, needs)) ??
      (await withSharp(bytes, where, options, (settings) => rgb(sharp(bytes, settings).extract(needs)))),
  );
}

/** The frame of a JPEG that becomes RGB without further ado: gray or colour, and not too large. */
export function plainJpeg(bytes: Uint8Array, { mostPixels = MOST_PIXELS }: DecodeOptions): JpegFrame | undefined {
  const frame = jpegFrame(bytes);
  if (!frame || frame.width * frame.height > mostPixels) return undefined;
  return frame.components === 1 || frame.components === 3 ? frame : undefined;
}

/** Runs sharp on a JPEG or PNG, told by its first bytes, with the settings that all decoding shares; its errors get names. */
export async function withSharp(
  bytes: Uint8Array,
  where: string,
  options: DecodeOptions,
  work: (settings: SharpOptions) => Promise<Picture>,
): Promise<Picture> {
  if (!begins(bytes, JPEG) && !begins(bytes, PNG)) {
    throw new DataError('not-an-image', {
      where,
      what: bytes.length === 0 ? 'it is empty' : 'it is neither JPEG nor PNG',
      mend: NOT_AN_IMAGE,
    });
  }
  const failOn = options.allowTruncated ? 'none' : 'warning';
  try {
    return await work({ ignoreIcc: true, limitInputPixels: options.mostPixels ?? MOST_PIXELS, failOn });
  } catch (error) {
    throw named(error as Error, bytes, where);
  }
}

function begins(bytes: Uint8Array, start: number[]): boolean {
  return start.every((byte, i) => bytes[i] === byte);
}

/** What a pipeline gives, as RGB bytes. */
export async function rgb(pipeline: Sharp): Promise<Picture> {
  const { data, info } = await pipeline.toColourspace('srgb').removeAlpha().raw().toBuffer({ resolveWithObject: true });
  if (info.channels !== 3) throw new Error(`it decodes to ${info.channels} channels`);
  return { width: info.width, height: info.height, data };
}

/** C, M, Y, K as ink 0 .. 255 to RGB: (255 - K) less the share of it that the ink takes. */
async function decodeCmyk(bytes: Uint8Array, settings: SharpOptions): Promise<Picture> {
  const { data, info } = await sharp(bytes, settings)
    .pipelineColourspace('cmyk')
    .toColourspace('cmyk')
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  const out = new Uint8Array(width * height * 3);
  for (let p = 0; p < width * height; p++) {
    const light = 255 - data[4 * p + 3]!;
    for (let c = 0; c < 3; c++) out[3 * p + c] = Math.max(0, light - times(data[4 * p + c]!, light));
  }
  return { width, height, data: out };
}

/** a b / 255, rounded, in whole numbers. */
function times(a: number, b: number): number {
  const t = a * b + 128;
  return (t + (t >> 8)) >> 8;
}

async function decodeGray16(bytes: Uint8Array, settings: SharpOptions, { width, height }: Metadata): Promise<Picture> {
  const raw = await sharp(bytes, settings).pipelineColourspace('grey16').toColourspace('grey16').raw({ depth: 'ushort' }).toBuffer();
  const levels = new Uint16Array(raw.buffer.slice(raw.byteOffset, raw.byteOffset + raw.byteLength));
  const out = new Uint8Array(width * height * 3);
  levels.forEach((level, p) => {
    out.fill(Math.min(level, 255), 3 * p, 3 * p + 3);
  });
  return { width, height, data: out };
}

/**
 * libvips gathers its messages in one place for all threads, so a message may be another picture's: whether a picture was cut off
 * is told by its own end.
 */
function named(error: Error, bytes: Uint8Array, where: string): DataError {
  const problem = { where, what: error.message.trim().split('\n')[0]!, mend: NOT_AN_IMAGE, cause: error };
  if (!hasEnd(bytes)) return new DataError('image-truncated', { ...problem, what: `it is cut off after ${bytes.length} bytes` });
  if (/pixel limit/i.test(error.message)) return new DataError('image-too-large', problem);
  return new DataError('file-corrupt', problem);
}

/** Whether the mark that ends a JPEG, or the chunk that ends a PNG, is among the last bytes. */
export function hasEnd(bytes: Uint8Array): boolean {
  const tail = Buffer.from(bytes.subarray(Math.max(0, bytes.length - TAIL_BYTES)));
  return begins(bytes, JPEG) ? tail.includes(Buffer.of(0xff, 0xd9)) : tail.includes('IEND');
}
