import { foldBatchNorm, type Model } from '@tempered/models';
import { EagerProgram, type FunctionSpec, type StatefulProgram, type Tensor4D, tf, type Values } from '@tempered/tensors';
import { compile, type Profile, Program, type TensorflowSession } from '@tempered/tensors/node';
import { nameTeacherOutputs, type TeacherOutput } from './teacher-outputs.js';

/** A frozen teacher: images in, what its students read out. */
export interface TeacherProgram {
  outputs(images: Float32Array): Promise<Record<string, Values>>;
  logits(images: Float32Array): Promise<Float32Array>;
  /** TensorFlow's account of one forward pass; null where it runs eagerly. */
  profile(images: Float32Array): Promise<Profile | null>;
  dispose(): void;
}

export interface TeacherProgramOptions {
  model: Model;
  weights: Readonly<Record<string, Float32Array>>;
  /** What `outputs` shall hold, by the names under which students take it. */
  outputs: readonly TeacherOutput[];
  /** Null to run eagerly. */
  session: TensorflowSession | null;
  scope: string;
}

/** Makes a teacher's program: batch normalisations folded into the convolutions once, weights resident from then on. */
export async function createTeacherProgram({ model, weights, outputs, session, scope }: TeacherProgramOptions): Promise<TeacherProgram> {
  const folded: [string, number[], Float32Array][] = [];
  tf.tidy(() => {
    const tensors = Object.fromEntries(model.tensors.map(({ name, shape }) => [name, tf.tensor(weights[name]!, [...shape])]));
    for (const [name, tensor] of Object.entries(foldBatchNorm(model, tensors)))
      folded.push([name, tensor.shape, tensor.dataSync() as Float32Array]);
  });
  const names = folded.map(([name]) => name);
  const forward: FunctionSpec = {
    inputs: { images: { shape: [null, model.inputSize, model.inputSize, 3] } },
    run: ({ images }, state) => {
      const live = Object.fromEntries(names.map((name) => [name, state.read(name)]));
      const result = model.forward(live, images as Tensor4D, { training: false, folded: true });
      return { ...nameTeacherOutputs(result, outputs), logits: result.logits };
    },
  };
  const state = Object.fromEntries(folded.map(([name, shape, values]) => [name, { shape, values }]));
  const functions = { forward };
  const program: StatefulProgram<typeof functions> = session
    ? await compile({ state, functions, session, scope })
    : new EagerProgram({ state, functions });
  return {
    async outputs(images) {
      const { logits: _, ...named } = await program.run('forward', { images });
      return Object.fromEntries(Object.entries(named).map(([name, { data }]) => [name, data]));
    },
    logits: async (images) => (await program.run('forward', { images })).logits!.data as Float32Array,
    profile: async (images) => (program instanceof Program ? await program.profile('forward', { images }) : null),
    dispose: () => program.dispose(),
  };
}
