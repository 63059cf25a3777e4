import { afterEach, expect, test, vi } from 'vitest';
import { tf } from '../tf.js';
import { checkKernelSettings, type Engine, EngineError, forcedEngine, loadEngine } from './engine.js';
import { fingerprint } from './fingerprint.js';
import { bindingExists } from './placed-engine.js';
import { describeProcessor, oneDnnEnabled } from './processor.js';
import { restoreRemovedUtil } from './removed-util.js';

afterEach(() => vi.unstubAllEnvs());

test('the plain engine is the cpu backend and compiles nothing', async () => {
  const engine = await loadEngine({ force: 'plain' });
  expect(tf.getBackend()).toBe('cpu');
  expect(engine).toMatchObject({ kind: 'plain', backend: 'cpu', tensorflowVersion: null, addon: null });
});

test('TEMPERED_ENGINE is obeyed, and refused when it is no engine', async () => {
  vi.stubEnv('TEMPERED_ENGINE', 'plain');
  expect((await loadEngine()).kind).toBe('plain');
  vi.stubEnv('TEMPERED_ENGINE', 'gpu');
  expect(() => forcedEngine()).toThrow(EngineError);
  await expect(loadEngine()).rejects.toThrow("TEMPERED_ENGINE is 'gpu'; it takes cuda, cpu, plain");
});

test.runIf(bindingExists())(
  'the native engine shares its one copy of tfjs with the tf that everybody imports, and switches back and forth',
  async () => {
    const engine = await loadEngine({ force: 'cpu' });
    expect(engine).toMatchObject({ kind: 'cpu', backend: 'tensorflow' });
    expect(engine.tensorflowVersion).toMatch(/^2\.\d+\.\d+/);
    expect(tf.getBackend()).toBe('tensorflow');
    expect(tf.tidy(() => tf.matMul(tf.ones([2, 3]), tf.ones([3, 2])).dataSync())).toEqual(Float32Array.of(3, 3, 3, 3));
    await loadEngine({ force: 'plain' });
    expect(tf.getBackend()).toBe('cpu');
    await loadEngine({ force: 'cpu' });
    expect(tf.getBackend()).toBe('tensorflow');
  },
);

test.runIf(bindingExists())('forcing CUDA where TensorFlow sees no GPU is an error, not another engine', async () => {
  vi.stubEnv('CUDA_VISIBLE_DEVICES', '-1');
  await expect(loadEngine({ force: 'cuda' })).rejects.toThrow(/TensorFlow sees no GPU/);
});

test('the two functions that Node 23 removed from util are there, and do not complain as those of Node 22 do', () => {
  const complaining = () => {
    throw new Error('deprecated');
  };
  for (const util of [{}, { isNullOrUndefined: complaining, isArray: complaining }] as Record<string, (x: unknown) => boolean>[]) {
    restoreRemovedUtil(util);
    expect(['a', 0, null, undefined].map(util.isNullOrUndefined!)).toEqual([false, false, true, true]);
    expect([[], 'a'].map(util.isArray!)).toEqual([true, false]);
  }
});

test('the processor is read from the description that Linux gives of it', () => {
  const modern = describeProcessor('model name\t: Fast One\nflags\t\t: fpu sse4_2 avx avx2 avx512f avx512_vnni avx512_bf16\n');
  expect(modern).toEqual({ model: 'Fast One', instructions: 'avx512_bf16', bfloat16: 'hardware' });
  const old = describeProcessor('model name\t: Old One\nflags\t\t: fpu sse4_2 avx avx2\n');
  expect(old).toEqual({ model: 'Old One', instructions: 'avx2', bfloat16: 'emulated' });
  expect(describeProcessor('').instructions).toBe('unknown');
  expect(['1', 'true', '0', 'false'].map((setting) => oneDnnEnabled(setting))).toEqual([true, true, false, false]);
});

test('a fingerprint names what changes bits: version, oneDNN, threads, precision, compiled or eager', () => {
  const engine: Engine = {
    kind: 'cpu',
    backend: 'tensorflow',
    tensorflowVersion: '2.21.0',
    tfjsVersion: '4.22.0',
    reason: 'r',
    origin: 'o',
    device: 'd',
    oneDnn: true,
    addon: null,
  };
  const instructions = describeProcessor().instructions;
  expect(fingerprint(engine, { intraOpThreads: 1 })).toBe(`TensorFlow 2.21.0, ${instructions}, oneDNN on, 1 thread, f32, eager`);
  const others = [
    fingerprint(engine, { intraOpThreads: 2 }),
    fingerprint(engine, { intraOpThreads: 1, precision: 'bf16' }),
    fingerprint({ ...engine, oneDnn: false }, { intraOpThreads: 1 }),
    fingerprint({ ...engine, tensorflowVersion: '2.20.0' }, { intraOpThreads: 1 }),
    fingerprint({ ...engine, kind: 'plain' }, { intraOpThreads: 1 }),
  ];
  expect(new Set([...others, fingerprint(engine, { intraOpThreads: 1 })]).size).toBe(6);
});

test('a setting of our kernels that is none is an error that names the ones there are', () => {
  for (const known of ['', 'off', 'avx2']) expect(() => checkKernelSettings({ TEMPERED_KERNELS: known })).not.toThrow();
  for (const known of ['', 'own', 'tensorflow']) expect(() => checkKernelSettings({ TEMPERED_BF16: known })).not.toThrow();
  expect(() => checkKernelSettings({ TEMPERED_KERNELS: 'none' })).toThrow("TEMPERED_KERNELS is 'none'; it takes off, avx2, or nothing");
  expect(() => checkKernelSettings({ TEMPERED_BF16: 'off' })).toThrow("TEMPERED_BF16 is 'off'; it takes own, tensorflow, or nothing");
});

test('a fingerprint says whose convolutions compute bfloat16 where they are ours', () => {
  const engine = { kind: 'cpu', addon: { kernels: '1 avx2' } } as Engine;
  const said = (owner: string, precision: 'f32' | 'bf16', kind: Engine['kind'] = 'cpu'): string => {
    vi.stubEnv('TEMPERED_BF16', owner);
    const text = fingerprint({ ...engine, kind }, { precision });
    vi.unstubAllEnvs();
    return text;
  };
  expect(said('own', 'bf16')).toContain(', bf16 by own convolutions, compiled');
  expect(said('tensorflow', 'bf16')).toContain(', bf16, compiled');
  expect(said('own', 'bf16', 'cuda')).toContain(', bf16, compiled');
  expect(said('own', 'f32')).toContain(', f32, compiled');
});

test('a fingerprint names our own kernels where they compute: compiled, on a processor', () => {
  const engine = { kind: 'cpu', addon: { kernels: '1 avx2' } } as Engine;
  expect(fingerprint(engine, { precision: 'f32' })).toContain(', compiled, own kernels 1 avx2');
  expect(fingerprint({ ...engine, kind: 'cuda' })).not.toContain('own');
  expect(fingerprint({ ...engine, addon: { kernels: '' } } as Engine)).not.toContain('own');
});
