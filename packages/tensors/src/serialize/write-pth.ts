import type { PthValue } from './pth-views.js';
import { bytesOf, checkedCount, type StoredDType, type StoredTensor } from './stored.js';
import { writeStoredZip } from './write-zip.js';

const STORAGE_NAMES: Record<StoredDType, string> = {
  float64: 'DoubleStorage',
  float32: 'FloatStorage',
  float16: 'HalfStorage',
  bfloat16: 'BFloat16Storage',
  int64: 'LongStorage',
  int32: 'IntStorage',
  int16: 'ShortStorage',
  int8: 'CharStorage',
  uint8: 'ByteStorage',
  bool: 'BoolStorage',
};

/**
 * Writes tensors and plain containers as `torch.save` does (its ZIP format, pickle protocol 2), so that
 * `torch.load(file, weights_only=True)` reads them; a Map becomes an OrderedDict, an array a list. Equal input gives equal bytes.
 *
 * Throws   RangeError on a value that is none of these, or a tensor whose elements are not as many as its shape says.
 */
export function writePth(value: PthValue): Uint8Array {
  const storages: StoredTensor[] = [];
  const pickle = new Pickler(storages).pickle(value);
  const text = (content: string): Uint8Array => new TextEncoder().encode(content);
  return writeStoredZip([
    ['archive/data.pkl', pickle],
    ['archive/byteorder', text('little')],
    ...storages.map((tensor, key): [string, Uint8Array] => [`archive/data/${key}`, bytesOf(tensor)]),
    ['archive/version', text('3\n')],
  ]);
}

class Pickler {
  readonly #bytes: number[] = [];

  constructor(readonly storages: StoredTensor[]) {}

  pickle(value: PthValue): Uint8Array {
    this.#bytes.push(0x80, 2); // PROTO 2
    this.#value(value);
    this.#bytes.push(0x2e); // STOP
    return Uint8Array.from(this.#bytes);
  }

  #value(value: PthValue): void {
    if (value === null) this.#bytes.push(0x4e);
    else if (typeof value === 'boolean') this.#bytes.push(value ? 0x88 : 0x89);
    else if (typeof value === 'string') this.#text(value);
    else if (typeof value === 'bigint') this.#long(value);
    else if (typeof value === 'number') this.#number(value);
    else if (value instanceof Map) this.#dict(value);
    else if (Array.isArray(value)) this.#list(value);
    else this.#tensor(value);
  }

  #number(value: number): void {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
      if (value === (value | 0)) this.#bytes.push(0x4a, ...le32(value));
      else this.#long(BigInt(value));
      return;
    }
    const view = new DataView(new ArrayBuffer(8));
    view.setFloat64(0, value);
    this.#bytes.push(0x47, ...new Uint8Array(view.buffer));
  }

  #long(value: bigint): void {
    const bytes: number[] = [];
    let rest = value;
    for (; rest > 127n || rest < -128n; rest >>= 8n) bytes.push(Number(rest & 0xffn));
    bytes.push(Number(rest & 0xffn));
    if (bytes.length > 255) throw new RangeError('writePth: an integer of more than 255 bytes');
    this.#bytes.push(0x8a, bytes.length, ...bytes);
  }

  #text(value: string): void {
    const bytes = new TextEncoder().encode(value);
    this.#bytes.push(0x58, ...le32(bytes.length));
    for (const byte of bytes) this.#bytes.push(byte);
  }

  #global(module: string, name: string): void {
    this.#bytes.push(0x63, ...new TextEncoder().encode(`${module}\n${name}\n`));
  }

  #dict(entries: Map<unknown, PthValue>): void {
    this.#global('collections', 'OrderedDict');
    this.#bytes.push(0x29, 0x52, 0x28); // EMPTY_TUPLE REDUCE MARK
    for (const [key, value] of entries) {
      this.#value(key as PthValue);
      this.#value(value);
    }
    this.#bytes.push(0x75); // SETITEMS
  }

  #list(values: PthValue[]): void {
    this.#bytes.push(0x5d, 0x28); // EMPTY_LIST MARK
    for (const value of values) this.#value(value);
    this.#bytes.push(0x65); // APPENDS
  }

  /** torch._utils._rebuild_tensor_v2(storage, 0, shape, strides, False, OrderedDict()) */
  #tensor(tensor: StoredTensor): void {
    const { dtype, shape, data } = tensor;
    if (checkedCount(shape, 'writePth') !== data.length)
      throw new RangeError(`writePth: shape [${shape}] does not hold ${data.length} elements`);
    this.#global('torch._utils', '_rebuild_tensor_v2');
    this.#bytes.push(0x28, 0x28); // MARK MARK
    this.#text('storage');
    this.#global('torch', STORAGE_NAMES[dtype]);
    this.#text(String(this.storages.length));
    this.#text('cpu');
    this.#number(data.length);
    this.#bytes.push(0x74, 0x51); // TUPLE BINPERSID
    this.storages.push(tensor);
    this.#number(0);
    this.#sizes(shape);
    this.#sizes(shape.map((_, axis) => checkedCount(shape.slice(axis + 1), 'writePth')));
    this.#bytes.push(0x89); // NEWFALSE
    this.#dict(new Map());
    this.#bytes.push(0x74, 0x52); // TUPLE REDUCE
  }

  #sizes(sizes: readonly number[]): void {
    this.#bytes.push(0x28);
    for (const size of sizes) this.#number(size);
    this.#bytes.push(0x74);
  }
}

function le32(value: number): number[] {
  return [value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, (value >> 24) & 0xff];
}
