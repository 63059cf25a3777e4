import { protobuf } from '@tempered/tensors';

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ 0x82f63b78 : c >>> 1;
  return c >>> 0;
});

/** The checksum of TensorFlow's records: CRC-32C of Castagnoli. */
export function crc32c(bytes: Uint8Array): number {
  let c = 0xffffffff;
  for (const byte of bytes) c = TABLE[(c ^ byte) & 0xff]! ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}

/** How a checksum is written down: turned and shifted, so that checksums of checksums stay sound. */
const masked = (bytes: Uint8Array): number => {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
};

const HEADER = 12;
const FOOTER = 4;

/** One record: length (uint64), its checksum, the bytes, their checksum; all little-endian. */
export function frameRecord(data: Uint8Array): Uint8Array {
  const header = Buffer.alloc(HEADER);
  header.writeBigUInt64LE(BigInt(data.length));
  header.writeUInt32LE(masked(header.subarray(0, 8)), 8);
  const footer = Buffer.alloc(FOOTER);
  footer.writeUInt32LE(masked(data));
  return protobuf.concatBytes([header, data, footer]);
}

/**
 * The records of a file up to the first that is torn or damaged.
 *
 * Returns  them, and how many bytes they take: where a writer that goes on has to begin.
 */
export function readRecords(file: Uint8Array): { records: Uint8Array[]; bytes: number } {
  const view = Buffer.from(file.buffer, file.byteOffset, file.length);
  const records: Uint8Array[] = [];
  let at = 0;
  while (at + HEADER + FOOTER <= view.length) {
    if (view.readUInt32LE(at + 8) !== masked(view.subarray(at, at + 8))) break;
    const length = view.readBigUInt64LE(at);
    const end = at + HEADER + Number(length);
    if (length > BigInt(view.length) || end + FOOTER > view.length) break;
    const data = view.subarray(at + HEADER, end);
    if (view.readUInt32LE(end) !== masked(data)) break;
    records.push(data);
    at = end + FOOTER;
  }
  return { records, bytes: at };
}
