/** A field of a message: its number, and a number or the bytes of a string or an embedded message. */
export interface ProtobufField {
  field: number;
  value: bigint | Uint8Array;
}

/**
 * The fields of a protocol buffer message, in order; 32- and 64-bit fixed numbers come as their bytes.
 *
 * Throws   RangeError where the bytes end inside a field or a wire type is unknown.
 */
export function* readFields(bytes: Uint8Array): Generator<ProtobufField> {
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined || shift > 63n) throw new RangeError('protocol buffer: a number does not end');
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  const take = (size: number): Uint8Array => {
    if (at + size > bytes.length) throw new RangeError('protocol buffer: a field reaches beyond its message');
    at += size;
    return bytes.subarray(at - size, at);
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const [field, wire] = [tag >> 3, tag & 7];
    if (wire === 0) yield { field, value: varint() };
    else if (wire === 1) yield { field, value: take(8) };
    else if (wire === 2) yield { field, value: take(Number(varint())) };
    else if (wire === 5) yield { field, value: take(4) };
    else throw new RangeError(`protocol buffer: wire type ${wire} is unknown`);
  }
}
