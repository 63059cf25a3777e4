import { loadEngine } from '@tempered/tensors/node';
import { BenchSubject } from '../dist/bench-step-work.js';

const job = { batch: 64, classes: 100, inputSize: 32, learningRate: 0.01, threads: 1, teacher: 'resnet8', student: 'resnet8', cells: 1 };

/** Training steps of a small student on one thread, beside the forward pass of a teacher of the same size. */
export default async function open() {
  const { tensorflowVersion } = await loadEngine();
  const full = await BenchSubject.open({ ...job, precision: 'f32' });
  const half = await BenchSubject.open({ ...job, precision: 'bf16', teacher: null });
  const group = await BenchSubject.open({ ...job, precision: 'f32', cells: 4 });
  return {
    tensorflow: tensorflowVersion,
    reference: { name: "resnet8's forward pass as a teacher", run: () => full.time('teacher') },
    cases: [
      { name: 'a KD step of resnet8, teacher outputs at hand', run: () => full.time('student') },
      { name: 'a KD step of resnet8 in bf16, teacher outputs at hand', run: () => half.time('student') },
      { name: 'a KD step of resnet8 with the teacher', run: () => full.time('full') },
      { name: 'a lockstep step of four cells and their teacher', run: () => group.time('box') },
    ],
    close: async () => {
      for (const subject of [full, half, group]) await subject.close();
    },
  };
}
