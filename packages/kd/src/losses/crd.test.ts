import { type Tensor, type Tensor1D, type Tensor2D, tf } from '@tempered/tensors';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectAgreement, plain } from '../testing/agreement.js';
import * as oracle from '../testing/oracle.js';
import crdLoss, { type CrdMemory, crd, embed } from './crd.js';
import { contrastIndices } from './crd-sampling.js';

const ROWS = 10;
const CONTRAST = [
  [3, 1, 4, 5],
  [0, 9, 9, 2],
  [7, 8, 6, 1],
];
const INDICES = [3, 0, 7];
const bank = (stream: number): number[][] => oracle.rows(plain(stream, [ROWS, 4], 0.5).values, 4);

const memory = (scales: readonly [number, number] = [-1, -1]): CrdMemory => ({
  student: tf.tensor2d(bank(70)),
  teacher: tf.tensor2d(bank(71)),
  studentScale: tf.scalar(scales[0]),
  teacherScale: tf.scalar(scales[1]),
});

const step = (s: Tensor, t: Tensor, start: CrdMemory, temperature = 0.5) =>
  crd(s as Tensor2D, t as Tensor2D, tf.tensor2d(CONTRAST, undefined, 'int32'), tf.tensor1d(INDICES, 'int32'), start, {
    temperature,
    momentum: 0.5,
  });

describe('crd', () => {
  test('agrees with the float64 oracle, embeddings included, with the normalizers known', () => {
    const scales = [8.5, 12] as const;
    expectAgreement(
      { s: plain(1, [3, 3]), t: plain(2, [3, 5]), ws: plain(3, [3, 4]), bs: plain(4, [4]), wt: plain(5, [5, 4]), bt: plain(6, [4]) },
      ({ s, t, ws, bs, wt, bt }) => {
        const u = embed({ 'e.linear.weight': ws, 'e.linear.bias': bs }, 'e', s as Tensor2D);
        const v = embed({ 'e.linear.weight': wt, 'e.linear.bias': bt }, 'e', t as Tensor2D);
        return step(u, v, memory(scales)).loss;
      },
      ({ s, t, ws, bs, wt, bt }) =>
        oracle.crd(
          oracle.embedding(oracle.rows(s, 3), oracle.rows(ws, 4), bs),
          oracle.embedding(oracle.rows(t, 5), oracle.rows(wt, 4), bt),
          bank(70),
          bank(71),
          { contrast: CONTRAST, temperature: 0.5, scales },
        ),
      { gradient: 5e-4 },
    );
  });

  test('estimates the normalizers from the first batch, keeps them, and differentiates past them', () => {
    const [u, v] = [plain(8, [3, 4]), plain(9, [3, 4])];
    tf.tidy(() => {
      const [s, t] = [tf.tensor2d(u.values, [3, 4]), tf.tensor2d(v.values, [3, 4])];
      const first = step(s, t, memory());
      const rows = { s: oracle.rows(u.values, 4), t: oracle.rows(v.values, 4) };
      const settings = { contrast: CONTRAST, temperature: 0.5, scales: [-1, -1] as const };
      expect(first.loss.dataSync()[0]).toBeNear(oracle.crd(rows.s, rows.t, bank(70), bank(71), settings), { relative: 1e-5 });
      const known = [first.memory.studentScale.dataSync()[0]!, first.memory.teacherScale.dataSync()[0]!] as const;
      const second = step(s, t, { ...memory(), studentScale: first.memory.studentScale, teacherScale: first.memory.teacherScale });
      expect(second.memory.studentScale.dataSync()[0]).toBe(known[0]);
      const gradient = (scales: readonly [number, number]): number[] =>
        Array.from(
          tf
            .grad((x: Tensor) => step(x, t, memory(scales)).loss)(s)
            .dataSync(),
        );
      expect(gradient([-1, -1])).toBeNear(gradient(known), { relative: 1e-5 });
    });
  });

  test("moves the batch's rows, leaves the others, and keeps every moved row at length 1", () => {
    tf.tidy(() => {
      const [s, t] = [tf.tensor2d(plain(8, [3, 4]).values, [3, 4]), tf.tensor2d(plain(9, [3, 4]).values, [3, 4])];
      const { memory: after } = step(s, t, memory());
      const rows = after.student.arraySync();
      for (const [i, row] of rows.entries()) {
        const batchRow = INDICES.indexOf(i);
        const old = bank(70)[i]!;
        const blend = old.map((value, k) => 0.5 * value + 0.5 * plain(8, [3, 4]).values[batchRow * 4 + k]!);
        expect(row).toBeNear(batchRow < 0 ? old : blend.map((value) => value / Math.hypot(...blend)), { absolute: 1e-6 });
        if (batchRow >= 0) expect(Math.hypot(...row)).toBeNear(1, { absolute: 1e-6 });
      }
    });
  });

  test('errors name the argument', () => {
    const call = (rows: number, width: number, options: { temperature?: number; momentum?: number }, count = 2) =>
      tf.tidy(() => {
        const side = tf.ones([2, 4]) as Tensor2D;
        const [contrast, indices] = [tf.zeros([rows, width], 'int32') as Tensor2D, tf.zeros([count], 'int32') as Tensor1D];
        return crd(side, side, contrast, indices, memory(), { temperature: 0.07, momentum: 0.5, ...options }).loss.dataSync()[0];
      });
    expect(() => call(2, 1, {})).toThrow(/crd: contrast must be \[2, 1 \+ negatives\]/);
    expect(() => call(3, 4, {})).toThrow(/crd: contrast/);
    expect(() => call(2, 4, {}, 3)).toThrow(/crd: indices must be \[2\]/);
    for (const temperature of [0, -1, Number.NaN]) expect(() => call(2, 4, { temperature })).toThrow(/crd: temperature/);
    for (const momentum of [1, -0.1, Number.NaN]) expect(() => call(2, 4, { momentum })).toThrow(/crd: momentum/);
    expect(call(2, 4, {})).toBeGreaterThan(0);
  });

  test('as a term, it declares embeddings, memory and the contrasts that the host draws', () => {
    const shapes = { student: { logits: [3, 5], pooled: [3, 6] }, teacher: { logits: [3, 5], pooled: [3, 7] }, samples: ROWS } as const;
    const options = { ...crdLoss.defaults, dimension: 4, negatives: 3 };
    const trained = crdLoss.trainables!(shapes, options, 1);
    expect(trained['embed_t.linear.weight']!.shape).toEqual([7, 4]);
    const kept = crdLoss.buffers!(shapes, options, 1);
    expect(kept.memory_v1!.shape).toEqual([ROWS, 4]);
    expect(kept.z_v1!.values[0]).toBe(-1);
    expect(crdLoss.hostInputs!(shapes, options)).toEqual({ contrast: { shape: [3, 4], dtype: 'int32' } });
    const host = { indices: Int32Array.from(INDICES), labels: Int32Array.from({ length: ROWS }, (_, i) => i % 3), seed: 1, step: 0 };
    const contrast = crdLoss.hostValues!(host, shapes, options).contrast as Int32Array;
    const after = tf.tidy(() => {
      const tensors = (record: Record<string, { shape: number[]; values: Float32Array }>): Record<string, Tensor> =>
        Object.fromEntries(Object.entries(record).map(([name, { shape, values }]) => [name, tf.tensor(values, shape)]));
      const side = (width: number) => ({
        logits: tf.ones([3, 5]) as Tensor2D,
        pooled: tf.tensor2d(plain(width, [3, width]).values, [3, width]),
      });
      const result = crdLoss.loss(
        {
          student: side(6),
          teacher: side(7),
          labels: tf.tensor1d([0, 0, 1], 'int32'),
          indices: tf.tensor1d(INDICES, 'int32') as Tensor1D,
          temperature: 4,
          standardize: false,
          trainables: tensors(trained),
          buffers: tensors(kept),
          host: { contrast: tf.tensor2d(contrast, [3, 4], 'int32') },
        },
        options,
      ) as { loss: Tensor; buffers: Record<string, Tensor> };
      return { names: Object.keys(result.buffers), loss: result.loss.dataSync()[0]! };
    });
    expect(after.names).toEqual(['memory_v1', 'memory_v2', 'z_v1', 'z_v2']);
    expect(after.loss).toBeGreaterThan(0);
    expect(() => crdLoss.buffers!({ student: shapes.student, teacher: shapes.teacher }, options, 1)).toThrow(/samples/);
  });
});

describe('contrasts', () => {
  const drawn = fc.record({
    labels: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 6, maxLength: 40 }).filter((labels) => new Set(labels).size > 1),
    seed: fc.nat(),
    step: fc.nat(1000),
    negatives: fc.integer({ min: 1, max: 50 }),
    sampling: fc.constantFrom('exact' as const, 'relax' as const),
  });

  test('the positive is the image (or of its class), negatives are of other classes and differ while there are enough', () => {
    fc.assert(
      fc.property(drawn, ({ labels, seed, step, negatives, sampling }) => {
        const indices = Int32Array.of(0, labels.length - 1);
        const contrast = contrastIndices({ indices, labels: Int32Array.from(labels), seed, step }, negatives, sampling);
        oracle.rows(contrast, negatives + 1).forEach(([positive, ...others], n) => {
          const label = labels[indices[n]!]!;
          if (sampling === 'exact') expect(positive).toBe(indices[n]);
          expect(labels[positive!]).toBe(label);
          expect(others.every((other) => labels[other] !== label && other >= 0 && other < labels.length)).toBe(true);
          const available = labels.filter((other) => other !== label).length;
          if (negatives <= available) expect(new Set(others).size).toBe(negatives);
        });
      }),
    );
  });

  test('every image of the other classes comes up, and a step draws the same again', () => {
    const step = { indices: Int32Array.of(0), labels: Int32Array.from([0, 1, 0, 2, 1, 0, 2]), seed: 3, step: 0 };
    const seen = new Set<number>();
    for (let at = 0; at < 200; at++) for (const index of contrastIndices({ ...step, step: at }, 2, 'exact').subarray(1)) seen.add(index);
    expect([...seen].sort()).toEqual([1, 3, 4, 6]);
    expect(contrastIndices(step, 2, 'relax')).toEqual(contrastIndices(step, 2, 'relax'));
    expect(() => contrastIndices({ ...step, labels: new Int32Array(7) }, 2, 'exact')).toThrow(/no negatives/);
  });
});
