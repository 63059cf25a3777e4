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

/** The part of a picture inside a box, copied. The box must lie inside the picture. */
export function cut(picture: Picture, box: Box): Picture {
  if (box.top < 0 || box.left < 0 || box.top + box.height > picture.height || box.left + box.width > picture.width) {
    throw new RangeError(
      `a box of ${box.width}x${box.height} at ${box.left}, ${box.top} leaves a picture of ${picture.width}x${picture.height}`,
    );
  }
  const data = new Uint8Array(box.width * box.height * 3);
  for (let y = 0; y < box.height; y++) {
    const from = ((box.top + y) * picture.width + box.left) * 3;
    data.set(picture.data.subarray(from, from + box.width * 3), y * box.width * 3);
  }
  return { width: box.width, height: box.height, data };
}
