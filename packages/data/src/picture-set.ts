import { readFileSync } from 'node:fs';
import type { LabelledSet } from './dataset.js';
import { type DecodeOptions, decodePicture } from './decode.js';
import type { Picture } from './picture.js';
import { readPacked } from './picture-pack.js';

/** An encoded picture: a file, or a part of one with its checksum and a name for messages. Plain data, to be sent to a worker. */
export type PictureSource = { file: string } | { file: string; offset: number; length: number; sum: number; where: string };

/** Pictures of many sizes that are decoded when they are asked for: folders and parquet files. */
export interface PictureSet extends LabelledSet {
  /** Where picture i is. */
  source(i: number): PictureSource | Promise<PictureSource>;
  /** Picture i, decoded. */
  image(i: number): Promise<Picture>;
}

/** The encoded bytes of a picture, read at once: a worker has nothing else to do, and going through the event loop costs five times as much. */
export function readSource(source: PictureSource): Uint8Array {
  return 'offset' in source ? readPacked(source.file, source) : readFileSync(source.file);
}

/** What a picture is called in messages. */
export function nameOf(source: PictureSource): string {
  return 'where' in source ? source.where : source.file;
}

/** Reads and decodes a picture; an error names its file. */
export async function loadPicture(source: PictureSource, options?: DecodeOptions): Promise<Picture> {
  return decodePicture(readSource(source), nameOf(source), options);
}

/** The usual constants of ImageNet, for folders of photographs. */
export const IMAGENET_STATISTICS = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } as const;
