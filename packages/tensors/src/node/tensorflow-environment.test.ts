import { expect, test } from 'vitest';
import { prepareTensorflowEnvironment } from './tensorflow-environment.js';

test('oneDNN is on and threads are per session, unless the environment says otherwise', () => {
  const env: NodeJS.ProcessEnv = {};
  prepareTensorflowEnvironment(env);
  expect(env).toMatchObject({ TF_ENABLE_ONEDNN_OPTS: '1', TF_OVERRIDE_GLOBAL_THREADPOOL: '1' });
  const asked: NodeJS.ProcessEnv = { TF_ENABLE_ONEDNN_OPTS: '0' };
  prepareTensorflowEnvironment(asked);
  expect(asked.TF_ENABLE_ONEDNN_OPTS).toBe('0');
});

test("where bfloat16 is convolved by ours, TensorFlow's convolutions and products of matrices are kept from it and ours begin it", () => {
  const env: NodeJS.ProcessEnv = { TEMPERED_BF16: 'own' };
  prepareTensorflowEnvironment(env);
  expect(env.TF_AUTO_MIXED_PRECISION_GRAPH_REWRITE_ALLOWLIST_REMOVE?.split(',')).toContain('Conv2D');
  expect(env.TF_AUTO_MIXED_PRECISION_GRAPH_REWRITE_ALLOWLIST_ADD?.split(',')).toContain('TemperedWindowKernelGradient');
  const other: NodeJS.ProcessEnv = { TEMPERED_BF16: 'tensorflow' };
  prepareTensorflowEnvironment(other);
  expect(Object.keys(other).filter((name) => name.includes('ALLOWLIST'))).toEqual([]);
});
