import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readPth } from './pth.js';
import type { PthValue } from './pth-views.js';
import { readStoredZip } from './read-zip.js';
import { type StoredTensor, WeightFileError } from './stored.js';
import { writePth } from './write-pth.js';
import { writeStoredZip } from './write-zip.js';

const text = (content: string): Uint8Array => new TextEncoder().encode(content);
const bytes = (...parts: (number | string | Uint8Array)[]): Uint8Array =>
  Uint8Array.from(
    Buffer.concat(parts.map((part) => (typeof part === 'number' ? Uint8Array.of(part) : typeof part === 'string' ? text(part) : part))),
  );

/** An archive around any pickle. */
const zipped = (pickle: Uint8Array, ...files: [string, Uint8Array][]): Uint8Array => writeStoredZip([['x/data.pkl', pickle], ...files]);

const PROTO = bytes(0x80, 2);
const short = (value: string): Uint8Array => bytes(0x8c, value.length, value);
const storage = (key: string, count: number, type = 'FloatStorage'): Uint8Array =>
  bytes('(', short('storage'), `ctorch\n${type}\n`, short(key), short('cpu'), int(count), 't', 'Q');
const int = (value: number): Uint8Array => bytes('J', value & 255, (value >> 8) & 255, (value >> 16) & 255, (value >> 24) & 255);
const long = (value: bigint): Uint8Array => bytes(0x8a, 9, ...Array.from({ length: 9 }, (_, i) => Number((value >> BigInt(8 * i)) & 255n)));
const tuple = (...parts: Uint8Array[]): Uint8Array => bytes('(', ...parts, 't');
const view = (from: Uint8Array, offset: Uint8Array, shape: Uint8Array, strides: Uint8Array): Uint8Array =>
  bytes('ctorch._utils\n_rebuild_tensor_v2\n', '(', from, offset, shape, strides, 0x89, '}', 't', 'R');
const four = ['x/data/0', new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer)] as [string, Uint8Array];

const tensor = (...data: number[]): StoredTensor => ({ dtype: 'float32', shape: [data.length], data: Float32Array.from(data) });

describe('what is written reads back', () => {
  const leaf: fc.Arbitrary<PthValue> = fc.oneof(
    fc.constantFrom(null, true, false),
    fc.integer(),
    fc.double({ noNaN: true }),
    fc.maxSafeInteger(),
    fc.bigInt({ min: -(2n ** 90n), max: 2n ** 90n }).filter((value) => !Number.isSafeInteger(Number(value))),
    fc.string(),
    fc.array(fc.float({ noNaN: true })).map((values) => tensor(...values)),
  );
  const { value } = fc.letrec<{ value: PthValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      leaf,
      fc.array(tie('value'), { maxLength: 4 }),
      fc.array(fc.tuple(fc.string(), tie('value')), { maxLength: 4 }).map((entries) => new Map(entries)),
    ),
  }));

  test('any plain value', () => {
    fc.assert(
      fc.property(value, (written) => {
        expect(readPth(writePth(written))).toEqual(written);
      }),
    );
  });

  test('a text of a million characters', () => {
    const text = 'ab'.repeat(500_000);
    expect(readPth(writePth([text]))).toEqual([text]);
  });

  test('with the bytes of every tensor at a multiple of 64', () => {
    const file = writePth(
      new Map([
        ['a', tensor(1)],
        ['b', tensor(2, 3)],
      ]),
    );
    const offsets = [...readStoredZip(file).values()].map((data) => data.byteOffset - file.byteOffset);
    expect(offsets.map((offset) => offset % 64)).toEqual(offsets.map(() => 0));
  });
});

describe('files of PyTorch', () => {
  const read = (name: string): PthValue => readPth(readFileSync(new URL(`./fixtures/${name}`, import.meta.url)));
  const expected = new Map<string, PthValue>([
    ['epoch', 7],
    ['best_acc', 71.5],
    [
      'model',
      new Map<string, StoredTensor>([
        ['module.w', { dtype: 'float32', shape: [2, 3], data: Float32Array.of(0, 1, 2, 3, 4, 5) }],
        ['module.transposed', { dtype: 'float32', shape: [3, 2], data: Float32Array.of(0, 3, 1, 4, 2, 5) }],
        ['module.half', { dtype: 'float16', shape: [2], data: Uint16Array.of(0x3c00, 0xc000) }],
        ['module.brain', { dtype: 'bfloat16', shape: [1], data: Uint16Array.of(0x3f80) }],
        ['module.count', { dtype: 'int64', shape: [], data: BigInt64Array.of(391n) }],
        ['module.flags', { dtype: 'bool', shape: [2], data: Uint8Array.of(1, 0) }],
      ]),
    ],
    ['args', [1, null, 'x']],
  ]);
  test.each(['zip.pth', 'legacy.pth'])('%s', (name) => expect(read(name)).toEqual(expected));
});

describe('a file that is not what it says is refused by name, and nothing of it runs', () => {
  const system = bytes(PROTO, 'cposix\nsystem\n', short('touch /tmp/tempered-canary'), 0x85, 'R.');
  const cases: [string, Uint8Array, RegExp][] = [
    ['empty', new Uint8Array(), /too few/],
    ['no archive', text('hello world'), /pickle|neither/],
    ['a call of os.system', zipped(system), /posix\.system, which is not on the allow-list/],
    ['the same in the older format', system, /posix\.system/],
    [
      'a call through STACK_GLOBAL',
      zipped(bytes(0x80, 4, short('builtins'), short('eval'), 0x93, short('1'), 0x85, 'R.')),
      /builtins\.eval/,
    ],
    [
      'a dotted global of an allowed module',
      zipped(bytes(PROTO, 'ctorch._utils\n_rebuild_tensor_v2.__globals__\n.')),
      /not on the allow-list/,
    ],
    ['a name of the prototype', zipped(bytes(0x80, 4, short('constructor'), short('constructor'), 0x93, '.')), /not on the allow-list/],
    ['INST', zipped(bytes(PROTO, '(iposix\nsystem\n.')), /instruction 0x69/],
    ['OBJ', zipped(bytes(PROTO, '(o.')), /instruction 0x6f/],
    ['NEWOBJ', zipped(bytes(PROTO, ')', 0x81, '.')), /instruction 0x81/],
    ['EXT1', zipped(bytes(PROTO, 0x82, 1, '.')), /instruction 0x82/],
    ['a storage that is called', zipped(bytes(PROTO, 'ctorch\nFloatStorage\n)R.')), /cannot be called/],
    ['a global as value', zipped(bytes(PROTO, 'ctorch\nFloatStorage\n.')), /where a value should be/],
    ['a global hidden in a tuple', zipped(bytes(PROTO, 'ctorch\nFloatStorage\n', 0x85, '.')), /no known kind/],
    ['a call of a tensor', zipped(bytes(PROTO, ']', ')', 'R.')), /no allowed function/],
    ['SETITEM on a list', zipped(bytes(PROTO, ']', short('a'), 'N', 's.')), /no dictionary/],
    ['APPEND to a dictionary', zipped(bytes(PROTO, '}', 'N', 'a.')), /no list/],
    ['BUILD on a list', zipped(bytes(PROTO, ']', '}', 'b.')), /state set on something/],
    ['a repeated key', zipped(bytes(PROTO, '}', '(', short('a'), 'N', short('a'), 'N', 'u.')), /"a" occurs twice/],
    ['a list as key', zipped(bytes(PROTO, '}', ']', 'N', 's.')), /no plain value/],
    ['an empty memo', zipped(bytes(PROTO, 'h', 3, '.')), /memo 3 is empty/],
    ['an empty stack', zipped(bytes(PROTO, '0.')), /empty stack/],
    ['a missing mark', zipped(bytes(PROTO, 'N', 't.')), /no mark/],
    ['a mark left over', zipped(bytes(PROTO, '(', 'N.')), /left over/],
    ['no STOP', zipped(bytes(PROTO, 'N')), /truncated/],
    ['a text longer than the file', zipped(bytes(PROTO, 'X', 255, 255, 255, 127, '.')), /truncated/],
    ['protocol 6', zipped(bytes(0x80, 6, 'N.')), /protocol 6/],
    ['a persistent id that is no storage', zipped(bytes(PROTO, short('module'), 0x85, 'Q.')), /no storage/],
    ['a missing storage', zipped(bytes(PROTO, view(storage('0', 1), int(0), tuple(int(1)), tuple(int(1))), '.')), /storage 0 is missing/],
    [
      'a storage shorter than told',
      zipped(bytes(PROTO, view(storage('0', 9), int(0), tuple(int(4)), tuple(int(1))), '.'), four),
      /36 bytes, not 16/,
    ],
    [
      'a storage of 2^60 elements',
      zipped(bytes(PROTO, '(', short('storage'), 'ctorch\nFloatStorage\n', short('0'), short('cpu'), long(2n ** 60n), 'tQ.'), four),
      /bad dimension/,
    ],
    [
      'a storage in two descriptions',
      zipped(
        bytes(
          PROTO,
          '(',
          view(storage('0', 4), int(0), tuple(int(1)), tuple(int(1))),
          view(storage('0', 2, 'DoubleStorage'), int(0), tuple(int(1)), tuple(int(1))),
          't.',
        ),
        four,
      ),
      /in two ways/,
    ],
    ['a bare storage', zipped(bytes(PROTO, storage('0', 4), '.'), four), /a storage where a tensor should be/],
    [
      'a view past its storage',
      zipped(bytes(PROTO, view(storage('0', 4), int(1), tuple(int(4)), tuple(int(1))), '.'), four),
      /reaches to element 4/,
    ],
    [
      'a negative offset',
      zipped(bytes(PROTO, view(storage('0', 4), int(-1), tuple(int(1)), tuple(int(1))), '.'), four),
      /bad dimension -1/,
    ],
    [
      'a negative stride',
      zipped(bytes(PROTO, view(storage('0', 4), int(3), tuple(int(2)), tuple(int(-1))), '.'), four),
      /bad dimension -1/,
    ],
    [
      'a shape of 2^31 in stride 0',
      zipped(bytes(PROTO, view(storage('0', 4), int(0), tuple(int(2 ** 31 - 1)), tuple(int(0))), '.'), four),
      /times its/,
    ],
    [
      'a shape beyond 2^53',
      zipped(bytes(PROTO, view(storage('0', 4), int(0), tuple(int(2 ** 30), int(2 ** 30)), tuple(int(0), int(0))), '.'), four),
      /too many elements/,
    ],
    ['TorchScript', zipped(bytes(PROTO, 'N.'), ['x/constants.pkl', new Uint8Array()]), /TorchScript/],
    ['big endian', zipped(bytes(PROTO, 'N.'), ['x/byteorder', text('big')]), /byte order/],
    ['no pickle', writeStoredZip([['x/data', text('')]]), /0 data\.pkl/],
  ];
  test.each(cases)('%s', (_, file, message) => {
    const read = (): unknown => readPth(file);
    expect(read).toThrow(WeightFileError);
    expect(read).toThrow(message);
  });

  test('containers that share each other stay as small as the file', () => {
    const doubling = bytes(PROTO, ']', 'q', 0, ...Array.from({ length: 60 }, (_, i) => bytes('0(', 'h', i, 'h', i, 't', 'q', i + 1)), '.');
    expect(readPth(zipped(doubling))).toHaveLength(2);
  });

  test('containers of very many values, side by side or inside each other, are read', () => {
    const many = 300_000;
    const wide = readPth(zipped(bytes(PROTO, ']', '(', new Uint8Array(many).fill(0x4e), 'e.')));
    expect(wide).toHaveLength(many);
    const deep = readPth(zipped(bytes(PROTO, 'N', new Uint8Array(many).fill(0x85), '.')));
    expect(Array.isArray(deep)).toBe(true);
  });

  test('a list that holds itself is read', () => {
    const list = readPth(zipped(bytes(PROTO, ']', 'q', 0, 'h', 0, 'a.'))) as PthValue[];
    expect(list[0]).toBe(list);
  });

  test('an archive with damaged structure', () => {
    const good = zipped(bytes(PROTO, 'N.'), four);
    const damaged = (at: number, value: number): Uint8Array => good.with(at, value);
    const central = new DataView(good.buffer).getUint32(good.length - 6, true);
    const refused: [Uint8Array, RegExp][] = [
      [good.subarray(0, good.length - 1), /central directory/],
      [damaged(central + 8, 1), /encrypted/],
      [damaged(central + 10, 8), /compressed/],
      [damaged(central + 46, 121), /disagrees/],
      [damaged(8, 8), /disagrees/],
      [damaged(good.indexOf(0x4e), 0x88), /checksum/],
      [damaged(central + 24, 9), /stored, yet/],
      [damaged(central + 42, 255), /local header|truncated/],
      [damaged(good.length - 6, 0), /none/],
    ];
    for (const [file, message] of refused) expect(() => readPth(file)).toThrow(message);
    const twice = writeStoredZip([
      ['x/data.pkl', bytes(PROTO, 'N.')],
      ['x/data.pkl', bytes(PROTO, 'N.')],
    ]);
    expect(() => readPth(twice)).toThrow(/occurs twice/);
  });

  test('any damage gives a named error or a valid value', () => {
    const state = new Map<string, PthValue>([
      [
        'model',
        new Map([
          ['w', tensor(1, 2)],
          ['b', tensor(3)],
        ]),
      ],
      ['epoch', 3],
    ]);
    const pickle = readStoredZip(writePth(state)).get('archive/data.pkl')!;
    const storages: [string, Uint8Array][] = [
      ['x/data/0', new Uint8Array(8)],
      ['x/data/1', new Uint8Array(4)],
    ];
    const whole = writePth(state);
    fc.assert(
      fc.property(fc.boolean(), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 }), (inside, flips) => {
        const target = (inside ? pickle : whole).slice();
        for (const [at, value] of flips) target[at % target.length] = value;
        try {
          readPth(inside ? zipped(target, ...storages) : target);
        } catch (error) {
          expect(error).toBeInstanceOf(WeightFileError);
        }
      }),
      { numRuns: 5000 },
    );
  });
});
