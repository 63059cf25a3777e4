import { WeightFileError } from './stored.js';

/** What an unpickled value is made of: plain values and containers, and what the allow-list rebuilds. */
export type Plain<R> = null | boolean | number | bigint | string | R | PlainList<R> | Map<PlainKey, Plain<R>>;
export interface PlainList<R> extends Array<Plain<R>> {}
export type PlainKey = string | number | bigint | boolean | null;

/** The names that a pickle may call and the storages that it may name, and what becomes of them. */
export interface Allowed<R> {
  /** For `module.name`: what calling it gives; a name without an entry is refused. */
  call: (name: string, args: Plain<R>[]) => Plain<R>;
  /** Whether a pickle may name this global at all. */
  has: (name: string) => boolean;
  /** What a persistent id stands for. */
  persistent: (id: Plain<R> | Global) => Plain<R>;
}

/** A global that a pickle named: only ever called through the allow-list, or passed in a persistent id. */
export class Global {
  constructor(readonly name: string) {}
}

const MARK = Symbol('mark');
type Item<R> = Plain<R> | Global | typeof MARK;

/**
 * Reads one pickle of plain values. Nothing is executed: a global is a name that an allow-list knows or the file is refused, and
 * calling it runs the allow-list's function.
 *
 * Throws   WeightFileError on a truncated pickle, on an instruction or a global that is not on the lists, on building what is no
 *          plain container, and on a repeated key.
 * Source   Python's pickletools; the instructions are those that torch.load(weights_only=True) takes.
 */
export function unpickle<R>(bytes: Uint8Array, allowed: Allowed<R>): { value: Plain<R>; end: number } {
  return new Unpickler(bytes, allowed).run();
}

class Unpickler<R> {
  #at = 0;
  readonly #view: DataView;
  readonly #stack: Item<R>[] = [];
  readonly #memo = new Map<number, Item<R>>();

  constructor(
    readonly bytes: Uint8Array,
    readonly allowed: Allowed<R>,
  ) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  run(): { value: Plain<R>; end: number } {
    for (;;) {
      const opcode = this.#byte();
      if (opcode === 0x2e) {
        const value = this.#plain();
        if (this.#stack.length > 0) fail('values are left over at the end');
        return { value, end: this.#at };
      }
      const step = OPCODES[opcode];
      if (!step) fail(`instruction 0x${opcode.toString(16).padStart(2, '0')} at byte ${this.#at - 1} is not allowed`);
      step(this as unknown as Machine);
    }
  }

  #byte(): number {
    return this.#at < this.bytes.length ? this.bytes[this.#at++]! : fail('truncated');
  }

  take(count: number): Uint8Array {
    if (count > this.bytes.length - this.#at) fail('truncated');
    this.#at += count;
    return this.bytes.subarray(this.#at - count, this.#at);
  }

  uint(width: 1 | 2 | 4 | 8): number {
    const at = this.#at;
    this.take(width);
    if (width === 1) return this.#view.getUint8(at);
    if (width === 2) return this.#view.getUint16(at, true);
    if (width === 4) return this.#view.getUint32(at, true);
    const wide = this.#view.getBigUint64(at, true);
    return wide > 0xffffffffn ? fail(`a length of ${wide}`) : Number(wide);
  }

  int32(): number {
    return this.uint(4) | 0;
  }

  float64(): number {
    this.take(8);
    return this.#view.getFloat64(this.#at - 8);
  }

  text(length: number, encoding: 'utf-8' | 'latin1' = 'utf-8'): string {
    try {
      return new TextDecoder(encoding, { fatal: true }).decode(this.take(length));
    } catch (error) {
      if (error instanceof WeightFileError) throw error;
      return fail('a text that is not UTF-8');
    }
  }

  line(): string {
    const end = this.bytes.indexOf(0x0a, this.#at);
    if (end < 0) fail('truncated');
    const text = this.text(end - this.#at);
    this.take(1);
    return text;
  }

  long(length: number): number | bigint {
    let value = 0n;
    const bytes = this.take(length);
    for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!);
    value = BigInt.asIntN(8 * Math.max(length, 1), value);
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }

  push(item: Item<R>): void {
    this.#stack.push(item);
  }

  pop(): Item<R> {
    return this.#stack.length > 0 ? this.#stack.pop()! : fail('an empty stack');
  }

  top(): Item<R> {
    return this.#stack.length > 0 ? this.#stack.at(-1)! : fail('an empty stack');
  }

  #plain(): Plain<R> {
    return plain(this.pop());
  }

  plains(count: number): Plain<R>[] {
    const items: Plain<R>[] = [];
    for (let i = 0; i < count; i++) items.unshift(this.#plain());
    return items;
  }

  /** Everything above the last mark, which goes too. */
  sinceMark(): Item<R>[] {
    const mark = this.#stack.lastIndexOf(MARK);
    if (mark < 0) fail('no mark on the stack');
    const items = this.#stack.splice(mark);
    return items.slice(1);
  }

  remember(index: number): void {
    this.#memo.set(index, this.top());
  }

  memoize(): void {
    this.remember(this.#memo.size);
  }

  recall(index: number): void {
    const item = this.#memo.get(index);
    if (item === undefined) fail(`memo ${index} is empty`);
    this.push(item);
  }

  global(name: string): void {
    if (!this.allowed.has(name)) fail(`it names ${name}, which is not on the allow-list; nothing of the file was executed`);
    this.push(new Global(name));
  }

  reduce(): void {
    const args = this.pop();
    const callee = this.pop();
    if (!(callee instanceof Global) || !Array.isArray(args)) fail('a call of something that is no allowed function');
    this.push(this.allowed.call(callee.name, args));
  }

  persistent(): void {
    const id = this.pop();
    if (id === MARK) fail('a mark where a value should be');
    this.push(this.allowed.persistent(id));
  }

  setItems(items: Item<R>[]): void {
    const target = this.top();
    if (!(target instanceof Map) || items.length % 2) fail('items set on something that is no dictionary');
    for (let i = 0; i < items.length; i += 2) {
      const key = plain(items[i]!);
      if (typeof key === 'object' && key !== null) fail('a dictionary key that is no plain value');
      if (target.has(key as PlainKey)) fail(`the key ${JSON.stringify(String(key))} occurs twice in a dictionary`);
      target.set(key as PlainKey, plain(items[i + 1]!));
    }
  }

  append(items: Item<R>[]): void {
    const target = this.top();
    if (!Array.isArray(target)) fail('values appended to something that is no list');
    for (const item of items) target.push(plain(item));
  }

  /** Attributes of a dictionary (PyTorch hangs `_metadata` on a state dict) carry nothing that is read. */
  build(): void {
    const state = this.pop();
    if (!(state instanceof Map) || !(this.top() instanceof Map)) fail('state set on something that is no dictionary');
  }

  /** A tuple may hold globals where it is a persistent id. */
  tuple(items: Item<R>[]): void {
    if (items.includes(MARK)) fail('a mark where a value should be');
    this.push(items as Plain<R>[]);
  }

  pops(count: number): Item<R>[] {
    const items: Item<R>[] = [];
    for (let i = 0; i < count; i++) items.unshift(this.pop());
    return items;
  }
}

type Machine = Unpickler<never>;

/** The instructions by their byte; everything else, INST, OBJ, NEWOBJ, EXT and protocol 0 among it, is refused. */
const OPCODES: Record<number, (m: Machine) => void> = {
  128: (m) => checkProtocol(m.uint(1)), // PROTO
  149: (m) => void m.take(8), // FRAME
  40: (m) => m.push(MARK), // MARK
  48: (m) => void m.pop(), // POP
  49: (m) => void m.sinceMark(), // POP_MARK
  50: (m) => m.push(m.top()), // DUP
  78: (m) => m.push(null), // NONE
  136: (m) => m.push(true), // NEWTRUE
  137: (m) => m.push(false), // NEWFALSE
  74: (m) => m.push(m.int32()), // BININT
  75: (m) => m.push(m.uint(1)), // BININT1
  77: (m) => m.push(m.uint(2)), // BININT2
  138: (m) => m.push(m.long(m.uint(1))), // LONG1
  71: (m) => m.push(m.float64()), // BINFLOAT
  88: (m) => m.push(m.text(m.uint(4))), // BINUNICODE
  140: (m) => m.push(m.text(m.uint(1))), // SHORT_BINUNICODE
  141: (m) => m.push(m.text(m.uint(8))), // BINUNICODE8
  84: (m) => m.push(m.text(m.uint(4), 'latin1')), // BINSTRING
  85: (m) => m.push(m.text(m.uint(1), 'latin1')), // SHORT_BINSTRING
  93: (m) => m.push([]), // EMPTY_LIST
  41: (m) => m.push([]), // EMPTY_TUPLE
  125: (m) => m.push(new Map()), // EMPTY_DICT
  97: (m) => m.append(m.pops(1)), // APPEND
  101: (m) => m.append(m.sinceMark()), // APPENDS
  115: (m) => m.setItems(m.pops(2)), // SETITEM
  117: (m) => m.setItems(m.sinceMark()), // SETITEMS
  116: (m) => m.tuple(m.sinceMark()), // TUPLE
  133: (m) => m.tuple(m.pops(1)), // TUPLE1
  134: (m) => m.tuple(m.pops(2)), // TUPLE2
  135: (m) => m.tuple(m.pops(3)), // TUPLE3
  113: (m) => m.remember(m.uint(1)), // BINPUT
  114: (m) => m.remember(m.uint(4)), // LONG_BINPUT
  148: (m) => m.memoize(), // MEMOIZE
  104: (m) => m.recall(m.uint(1)), // BINGET
  106: (m) => m.recall(m.uint(4)), // LONG_BINGET
  99: (m) => m.global(`${m.line()}.${m.line()}`), // GLOBAL
  147: (m) => m.global(m.pops(2).map(String).join('.')), // STACK_GLOBAL
  82: (m) => m.reduce(), // REDUCE
  98: (m) => m.build(), // BUILD
  81: (m) => m.persistent(), // BINPERSID
};

function checkProtocol(version: number): void {
  if (version > 5) fail(`protocol ${version}`);
}

function plain<R>(item: Item<R>): Plain<R> {
  if (item === MARK) return fail('a mark where a value should be');
  if (item instanceof Global) return fail(`${item.name} where a value should be`);
  return item;
}

function fail(what: string): never {
  throw new WeightFileError(`pickle: ${what}`);
}
