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
