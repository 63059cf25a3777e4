/** A decoded picture: RGB bytes, row by row, 3 a pixel. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** A rectangle of a picture, in pixels. */
export interface Box {
  top: number;
  left: number;
  height: number;
  width: number;
}

/** Throws RangeError unless a box lies inside a picture of that size. */
export function checkInside({ left, top, width, height }: Box, of: { width: number; height: number }): void {
  if (top >= 0 && left >= 0 && width > 0 && height > 0 && top + height <= of.height && left + width <= of.width) return;
  throw new RangeError(`a box of ${width}x${height} at ${left}, ${top} leaves a picture of ${of.width}x${of.height}`);
}

/** The part of a picture inside a box, copied. The box must lie inside the picture. */
export function cut(picture: Picture, box: Box): Picture {
  checkInside(box, picture);
  const data = new Uint8Array(box.width * box.height * 3);
  for (let y = 0; y < box.height; y++) {
    const from = ((box.top + y) * picture.width + box.left) * 3;
    data.set(picture.data.subarray(from, from + box.width * 3), y * box.width * 3);
  }
  return { width: box.width, height: box.height, data };
}
