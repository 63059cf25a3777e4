import { expect, test } from 'vitest';
import { main } from './cli.js';
import { fakeWorld } from './testing/fake-world.js';

async function summary(...argv: string[]) {
  const world = fakeWorld();
  return { code: await main(['summary', ...argv], world), world };
}

test('it prints layers, shapes, parameters, MACs and memory, and what the name does not say', async () => {
  const { code, world } = await summary('ResNet18Double');
  expect(code).toBe(0);
  expect(world.out()).toMatch(/layer4\.1\.conv2 +conv +7x7x512 +2,359,296 +115,605,504/);
  expect(world.out()).toContain('11,689,512 parameters, 9,620 buffer values, 1,814,073,344 MACs an image');
  expect(world.out()).toMatch(/weights 44\.63 MiB.*\n.*step of 64 images holds at most/);
  expect(world.out()).toContain('overwritten with 1');
});

test('it is one record for programs, with classes, size and batch as asked for', async () => {
  const { world } = await summary('resnet20', '--json', '--classes', '10', '--size', '64', '--batch', '8');
  const [record] = world.records();
  expect(record).toMatchObject({ kind: 'summary', name: 'resnet20', family: 'resnet-cifar', numClasses: 10, inputSize: 64, note: null });
  expect(record!.bytes).toMatchObject({ batch: 8 });
  expect((record!.layers as object[]).at(-1)).toEqual({ kind: 'linear', name: 'fc', output: [10], parameters: 650, macs: 640 });
});

test('layers without tensors are shown when asked for', async () => {
  const [few, all] = [await summary('resnet8'), await summary('resnet8', '--all')];
  expect(few.world.out()).not.toContain('globalAveragePool');
  expect(all.world.out()).toContain('globalAveragePool');
});

test.each([
  [['resnet21'], "did you mean 'resnet20'?"],
  [['resnet20', '--classes', '0'], "'0' is not a whole number above 0"],
  [['vgg11_imagenet', '--size', '8'], 'input size is too small'],
])('%j is wrong usage', async (argv, mend) => {
  const { code, world } = await summary(...argv);
  expect(code).toBe(2);
  expect(world.err()).toContain(mend);
});
