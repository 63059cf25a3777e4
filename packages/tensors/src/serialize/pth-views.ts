import { checkedCount, elementsOf, STORED_TYPES, type StoredData, type StoredDType, type StoredTensor, WeightFileError } from './stored.js';
import type { Plain, PlainKey } from './unpickle.js';

/** What a `.pth` file holds: tensors in plain containers; a dictionary is a Map, a tuple or list an array. */
export type PthValue = null | boolean | number | bigint | string | StoredTensor | PthValue[] | PthMap;
export interface PthMap extends Map<PlainKey, PthValue> {}

/** A storage that the pickle names; its bytes stand elsewhere in the file. */
export class StorageRef {
  constructor(
    readonly key: string,
    readonly dtype: StoredDType,
    readonly count: number,
  ) {}
}

/** A view of a storage, as the pickle describes it. */
export class TensorRef {
  constructor(
    readonly storage: StorageRef,
    readonly offset: number,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
  ) {}
}

/** What a pickle of PyTorch's holds in the place of tensors. */
export type Ref = StorageRef | TensorRef;

/** How many times its own size a file may grow to when its views are unfolded. */
const MAX_GROWTH = 8;

/** Every storage that a value's tensors name, by key; one key with two descriptions is refused. */
export function storageRefs(value: Plain<Ref>): Map<string, StorageRef> {
  const refs = new Map<string, StorageRef>();
  const seen = new Set<unknown>();
  const open: Plain<Ref>[] = [value];
  while (open.length > 0) {
    const item = open.pop()!;
    if (typeof item !== 'object' || item === null || seen.has(item)) continue;
    seen.add(item);
    if (item instanceof Map || Array.isArray(item)) for (const inner of item.values()) open.push(inner);
    else {
      const ref = item instanceof TensorRef ? item.storage : item;
      if (!(ref instanceof StorageRef)) return fail('a value of no known kind');
      const known = refs.get(ref.key);
      if (known && (known.dtype !== ref.dtype || known.count !== ref.count)) fail(`storage ${ref.key} is described in two ways`);
      refs.set(ref.key, ref);
    }
  }
  return refs;
}

/** Puts tensors in the place of their descriptions; what the pickle shares stays shared. */
export function materialise(root: Plain<Ref>, fileSize: number, bytesFor: (storage: StorageRef) => Uint8Array): PthValue {
  const storages = new Map<string, StoredData>();
  for (const ref of storageRefs(root).values()) {
    storages.set(ref.key, elementsOf(ref.dtype, ref.count, bytesFor(ref), `pth: storage ${ref.key}`));
  }
  let budget = MAX_GROWTH * fileSize;
  const made = new Map<object, PthValue>();
  const filled: [Plain<Ref>, PthValue][] = [];
  const make = (item: Plain<Ref>): PthValue => {
    if (typeof item !== 'object' || item === null) return item;
    const known = made.get(item);
    if (known !== undefined) return known;
    let value: PthValue;
    if (item instanceof Map || Array.isArray(item)) filled.push([item, (value = Array.isArray(item) ? [] : new Map())]);
    else if (item instanceof TensorRef) {
      budget -= checkedCount(item.shape, 'pth: tensor') * STORED_TYPES[item.storage.dtype].BYTES_PER_ELEMENT;
      if (budget < 0) fail(`its tensors would take more than ${MAX_GROWTH} times its ${fileSize} bytes`);
      value = { dtype: item.storage.dtype, shape: item.shape, data: viewOf(item, storages.get(item.storage.key)!) };
    } else return fail('a storage where a tensor should be');
    made.set(item, value);
    return value;
  };
  const result = make(root);
  for (let next = filled.pop(); next; next = filled.pop()) {
    const [from, to] = next;
    if (from instanceof Map) for (const [key, item] of from) (to as PthMap).set(key, make(item));
    else for (const item of from as Plain<Ref>[]) (to as PthValue[]).push(make(item));
  }
  return result;
}

/** The elements of a view in C order, copied. */
function viewOf({ storage, offset, shape, strides }: TensorRef, data: StoredData): StoredData {
  const count = checkedCount(shape, 'pth: tensor');
  const last = shape.reduce((at, size, i) => at + (size - 1) * strides[i]!, offset);
  if (count > 0 && !(last < data.length)) fail(`a tensor reaches to element ${last} of storage ${storage.key}, which has ${data.length}`);
  if (isContiguous(shape, strides)) return data.slice(offset, offset + count);
  const view = new STORED_TYPES[storage.dtype](count);
  const index = shape.map(() => 0);
  for (let i = 0, at = offset; i < count; i++) {
    view[i] = data[at]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      at -= shape[axis]! * strides[axis]!;
      index[axis] = 0;
    }
  }
  return view;
}

function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return false;
    expected *= shape[axis]!;
  }
  return true;
}

function fail(what: string): never {
  throw new WeightFileError(`pth: ${what}`);
}
