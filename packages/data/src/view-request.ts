import { type DecodeOptions, decodeView } from './decode.js';
import { fastView } from './fast-view.js';
import { evaluationView, placeResizedCrop, trainingView } from './imagenet-views.js';
import type { Picture } from './picture.js';
import { nameOf, type PictureSource, readSource } from './picture-set.js';
import type { Size, View } from './resample.js';

/**
 * What becomes of a picture: a training view placed by drawn numbers, or the evaluation view. Plain data, so that it can go to
 * a worker.
 */
export type ViewRequest = { kind: 'train'; size: number; draws: Float64Array } | { kind: 'evaluate'; size: number; resize: number };

/** Exact: equal to torchvision's on PIL to the bit. Fast: large JPEGs are shrunk while they are decoded, which gives other levels. */
export type ViewPath = 'exact' | 'fast';

/** Reads, decodes and crops one picture. */
export async function makeView(source: PictureSource, request: ViewRequest, path: ViewPath, decode?: DecodeOptions): Promise<Picture> {
  const bytes = readSource(source);
  const make = path === 'fast' ? fastView : decodeView;
  return make(bytes, nameOf(source), (of, decoded = of) => requestedView(of, decoded, request), decode);
}

/** The view of a picture of size `of`, to be made of it as it was decoded. */
function requestedView(of: Size, decoded: Size, request: ViewRequest): View {
  if (request.kind === 'evaluate') return evaluationView(of, request.resize, request.size, decoded);
  return trainingView(placeResizedCrop(of, request.draws), request.size, of, decoded);
}
