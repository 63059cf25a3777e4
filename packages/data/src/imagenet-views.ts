import type { Box, Picture } from './picture.js';
import { resampling, type Size, type View, viewOf } from './resample.js';
import { roundHalfEven } from './round-half-even.js';

const TRIES = 10;
const AREA = { least: 0.08, most: 1 };
const RATIO = { least: 3 / 4, most: 4 / 3 };

/** Whether and where a training view is cut: all that is random about it. */
export interface ResizedCrop {
  box: Box;
  flip: boolean;
}

/**
 * The view for evaluation: the shorter side becomes `resize` (the longer trunc(resize long / short); a shorter side that has
 * that length already is left alone), then the middle `size` x `size` is cut, its corner rounded half to even. `decoded` is the
 * size in which the picture of size `of` is there, if another.
 *
 * Source   torchvision's Resize(256) and CenterCrop(224) on PIL pictures; equal to the bit.
 */
export function evaluationView(of: Size, resize = 256, size = 224, decoded = of): View {
  const to = resizedTo(of, resize);
  return resampling(decoded, to.width, to.height, { window: centerBox(to, size) });
}

/** The evaluation view of a picture. */
export function resizeCenterCrop(picture: Picture, resize = 256, size = 224): Picture {
  return viewOf(picture, evaluationView(picture, resize, size));
}

/** The middle square of a picture, its corner rounded half to even. */
export function centerBox({ width, height }: Size, size: number): Box {
  if (size > Math.min(width, height)) throw new RangeError(`a crop of ${size} is larger than a picture of ${width}x${height}`);
  return { top: roundHalfEven((height - size) / 2), left: roundHalfEven((width - size) / 2), width: size, height: size };
}

/** Width and height when the shorter side becomes `resize`. */
export function resizedTo({ width, height }: Size, resize: number): Size {
  const [short, long] = width <= height ? [width, height] : [height, width];
  if (short === resize) return { width, height };
  const longer = Math.trunc((resize * long) / short);
  return width <= height ? { width: resize, height: longer } : { width: longer, height: resize };
}

/**
 * The view for training: the box is cut first, the cut resized to `size` x `size`, then mirrored where that was drawn. `decoded` is
 * the size in which the picture of size `of` is there, if another.
 */
export function trainingView({ box, flip }: ResizedCrop, size: number, of: Size, decoded = of): View {
  const [across, down] = [decoded.width / of.width, decoded.height / of.height];
  const origin = { left: box.left * across, top: box.top * down };
  return resampling({ width: box.width * across, height: box.height * down }, size, size, { mirrored: flip, origin });
}

/** The training view of a picture. */
export function resizedCrop(picture: Picture, crop: ResizedCrop, size = 224): Picture {
  return viewOf(picture, trainingView(crop, size, picture));
}

/** How many numbers in [0, 1) placing a training view takes. */
export const CROP_DRAWS = 1 + 4 * TRIES;

/**
 * The box and the flip of a training view out of numbers drawn evenly from [0, 1): an area of 8 to 100 % of the picture and a
 * ratio of 3:4 to 4:3 (even in its logarithm), at a place that is even over all where it fits; after ten boxes that do not fit
 * the largest middle box whose ratio is allowed.
 *
 * Shapes   draws: CROP_DRAWS numbers: the flip, then four a try (area, ratio, top, left).
 * Source   torchvision's RandomResizedCrop and RandomHorizontalFlip.
 */
export function placeResizedCrop({ width, height }: Size, draws: ArrayLike<number>): ResizedCrop {
  const flip = draws[0]! < 0.5;
  for (let first = 1; first < CROP_DRAWS; first += 4) {
    const area = width * height * (AREA.least + (AREA.most - AREA.least) * draws[first]!);
    const ratio = Math.exp(Math.log(RATIO.least) + Math.log(RATIO.most / RATIO.least) * draws[first + 1]!);
    const boxWidth = roundHalfEven(Math.sqrt(area * ratio));
    const boxHeight = roundHalfEven(Math.sqrt(area / ratio));
    if (boxWidth < 1 || boxHeight < 1 || boxWidth > width || boxHeight > height) continue;
    const top = Math.floor(draws[first + 2]! * (height - boxHeight + 1));
    const left = Math.floor(draws[first + 3]! * (width - boxWidth + 1));
    return { box: { top, left, width: boxWidth, height: boxHeight }, flip };
  }
  return { box: middleBox(width, height), flip };
}

function middleBox(width: number, height: number): Box {
  const boxWidth = width / height > RATIO.most ? roundHalfEven(height * RATIO.most) : width;
  const boxHeight = width / height < RATIO.least ? roundHalfEven(width / RATIO.least) : height;
  return { top: Math.floor((height - boxHeight) / 2), left: Math.floor((width - boxWidth) / 2), width: boxWidth, height: boxHeight };
}
