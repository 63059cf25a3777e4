import { readGolden } from '@tempered/tensors/node';
import { expect, test } from 'vitest';
import { createModel } from '../registry.js';
import { checkModel, eagerly, GoldenNetwork } from './check.js';
import type { ModelFixture, ModelsFile } from './fixture.js';

const { seed, ctkd } = readGolden<ModelsFile>('models.json');
const network = new GoldenNetwork(createModel('resnet8'), ctkd.resnet8!.input, seed);
const check = (change: (fixture: ModelFixture) => void): Promise<string[]> => {
  const fixture = structuredClone(ctkd.resnet8!);
  change(fixture);
  return checkModel(network, fixture, fixture, eagerly);
};

test('the fixture as it is agrees', async () => expect(await check(() => {})).toEqual([]));

test('a fixture that is off in any part is found', async () => {
  const wrong: [(fixture: ModelFixture) => void, RegExp][] = [
    [(f) => (f.params += 1), /83892 parameters/],
    [(f) => (f.tensors![0] = 'conv1.weight:16x3x3x4'), /state dict/],
    [(f) => (f.bnBeforeRelu![0] = 'layer1.0.bn1'), /norms before ReLU/],
    [(f) => (f.eval.logits![7]! += 2e-4), /eval: logits/],
    [(f) => (f.train.logits![399] = Number.NaN), /train: logits/],
    [(f) => (f.eval.feats[2]!.mean += 1e-3), /eval: mean of feats\[2\]/],
    [(f) => (f.train.feats[4]!.std *= 1.001), /train: deviation of feats\[4\]/],
    [(f) => (f.eval.preact_feats![1]!.first8[5]! += 1e-2), /preact_feats\[1\] element 5/],
    [(f) => (f.eval.feats[1]!.shape = [4, 16, 16, 16]), /shape/],
    [(f) => (f.bnAfterOneTrainForward.all.runningVarSum *= 1.0001), /running variances, all/],
    [(f) => (f.bnAfterOneTrainForward.last.runningMeanSum += 1e-2), /running means, layer3.0.downsample.1/],
  ];
  for (const [change, message] of wrong) expect((await check(change)).join('\n')).toMatch(message);
});
