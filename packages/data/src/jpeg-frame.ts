/** What the header of a JPEG says of its picture. */
export interface JpegFrame {
  width: number;
  height: number;
  /** 1 gray, 3 colour, 4 CMYK. */
  components: number;
}

const FILL = 0xff;

/**
 * The frame header of a JPEG of 8 bits, read without a decoder; undefined where the bytes are no such JPEG, end before it, or
 * leave the height to a later marker.
 *
 * Source   ITU-T T.81, B.1 and B.2.
 */
export function jpegFrame(bytes: Uint8Array): JpegFrame | undefined {
  const word = (at: number): number => (bytes[at]! << 8) | bytes[at + 1]!;
  if (bytes.length < 2 || word(0) !== 0xffd8) return undefined;
  let at = 2;
  while (at + 9 < bytes.length) {
    const marker = bytes[at + 1]!;
    if (bytes[at] !== FILL || !(marker >= 0xc0)) return undefined;
    if (marker === FILL) {
      at++;
    } else if (isFrame(marker)) {
      const [precision, height, width, components] = [bytes[at + 4]!, word(at + 5), word(at + 7), bytes[at + 9]!];
      return precision === 8 && height > 0 && width > 0 ? { width, height, components } : undefined;
    } else if (marker >= 0xd0 && marker <= 0xda) {
      return undefined;
    } else {
      at += 2 + word(at + 2);
    }
  }
  return undefined;
}

/** SOF0 .. SOF15; three of their codes mean tables and extensions. */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}
