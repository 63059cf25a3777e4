import { conv2d, randomUniforms, tf, valueAndGradients } from '@tempered/tensors';
import { compile, loadEngine, TensorflowSession } from '@tempered/tensors/node';

const BATCH = 64;
/** The three stages of a CIFAR ResNet: as many products each. */
const STAGES = [
  [32, 16],
  [16, 32],
  [8, 64],
];

/** 3x3 convolutions and their gradients on one thread, ours (of pictures that keep their size) and TensorFlow's (the padding done before), in turns. */
export default async function open() {
  const { tensorflowVersion } = await loadEngine();
  const session = new TensorflowSession({ intraOpThreads: 1, interOpThreads: 1 });
  const cases = [];
  for (const [side, channels] of STAGES) {
    for (const [who, padding] of /** @type {const} */ ([
      ['', 1],
      [" by TensorFlow's kernels", 0],
    ])) {
      const padded = side + 2 * (1 - padding);
      const convolve = (x, w) => conv2d(x, w, { padding });
      const inputs = { x: { shape: [null, padded, padded, channels] } };
      const functions = {
        forward: { inputs, run: ({ x }, access) => ({ y: tf.sum(convolve(x, access.read('w'))) }) },
        gradients: {
          inputs,
          run: ({ x }, access) => {
            const { gradients } = valueAndGradients(({ x, w }) => ({ value: tf.sum(tf.square(convolve(x, w))) }), {
              x,
              w: access.read('w'),
            });
            return { dx: tf.sum(gradients.x), dw: tf.sum(gradients.w) };
          },
        },
      };
      const values = randomUniforms(9 * channels * channels, -0.1, 0.1, 2);
      const program = await compile({
        state: { w: { shape: [3, 3, channels, channels], values } },
        functions,
        session,
        scope: `bench ${side} ${padding}`.replaceAll(' ', '_'),
      });
      const x = randomUniforms(BATCH * padded * padded * channels, -1, 1, 1);
      for (const [name, title] of [
        ['forward', `${side}x${side}, ${channels} channels`],
        ['gradients', `${side}x${side}, ${channels} channels, with both gradients`],
      ]) {
        cases.push({ name: title + who, run: () => program.run(name, { x }) });
      }
    }
  }
  const reference = cases.find(({ name }) => name.includes('TensorFlow') && !name.includes('gradients'));
  return {
    tensorflow: tensorflowVersion,
    reference: { ...reference, name: "32x32, 16 channels by TensorFlow's kernels" },
    cases: cases.filter((each) => each !== reference),
    close: () => session.close(),
  };
}
