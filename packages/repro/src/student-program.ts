import {
  curriculumParameter,
  type FeatureShapes,
  type InitialTensor,
  type LossDefinition,
  type Features as LossFeatures,
  type LossOptions,
} from '@tempered/kd';
import { type Forward, foldBatchNorm, type Model } from '@tempered/models';
import {
  EagerProgram,
  type FunctionSpec,
  type InputSpec,
  type Scalar,
  type StateAccess,
  type StatefulProgram,
  sgd,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor4D,
  tf,
  valueAndGradients,
  velocityOf,
} from '@tempered/tensors';
import { compile, type TensorflowSession } from '@tempered/tensors/node';
import { CURRICULUM_PARAMETER, evaluateObjective, lossOf, lossSettings, needsTeacher, type Objective } from './objective.js';
import type { Optimizer } from './recipe.js';
import { dropoutTensors, type ExtraInputs, extraInputs, hostTensors, strongTensors, type View } from './step-inputs.js';
import type { Classifier } from './teacher-facts.js';
import { type TeacherOutput, teacherFeatures, teacherOutputsFor } from './teacher-outputs.js';

/** The constants of SGD; the rate is an input of every step, since schedules change it. */
export type SgdConstants = Omit<Optimizer, 'lr'>;

export interface StudentOptions {
  model: Model;
  objective: Objective;
  optimizer: SgdConstants;
  seed: number;
  /** Shapes that the loss's own tensors and inputs are made for; needed where there is a loss that has some. */
  shapes?: FeatureShapes;
  /** The teacher's last layer; needed where the loss reads it. */
  classifier?: Classifier | undefined;
  /** First weights by PyTorch name; fresh ones from the seed unless given. */
  weights?: Readonly<Record<string, Float32Array>>;
}

/** A student's functions and its first state, to be compiled or run eagerly: the same code means the same thing either way. */
export interface StudentFunctions {
  state: Record<string, { shape: readonly number[]; values: Float32Array }>;
  functions: Record<'step' | 'loss' | 'evaluate', FunctionSpec>;
  /** What the step is fed of the teacher. */
  teacherInputs: readonly TeacherOutput[];
  /** What else it is fed, as loss and network declare it. */
  extra: ExtraInputs;
  /** Names of what SGD moves, in the state. */
  trainables: readonly string[];
}

/** Where the teacher's last layer lies in the state. */
const CLASSIFIER = { weight: 'teacher.classifier.weight', bias: 'teacher.classifier.bias' };

const stateTensor = (shape: readonly number[], values: Float32Array): { shape: readonly number[]; values: Float32Array } => ({
  shape,
  values,
});

/**
 * The training step and the evaluation of one student.
 *
 *   step      images, labels, what the objective needs of the teacher and the host, learningRate, lambda, warmup
 *             -> loss, crossEntropy, correct (count in the batch), temperature; weights, statistics, velocities move on, unless
 *             loss or gradient is no number: then the step fails and nothing has moved
 *   loss      the same inputs -> loss; nothing moves
 *   evaluate  images -> logits, with the running statistics folded into the convolutions
 */
export function studentFunctions(options: StudentOptions): StudentFunctions {
  const { model, objective, optimizer, seed, shapes, weights = model.init(seed) } = options;
  const definition = lossOf(objective);
  const settings = definition && lossSettings(definition, objective);
  const declared = declaredTensors(definition, settings, options);
  const { trainables: own, buffers } = declared;
  if (objective.curriculum) own[CURRICULUM_PARAMETER] = curriculumParameter();

  const state: StudentFunctions['state'] = {};
  for (const { name, shape } of model.tensors) state[name] = stateTensor(shape, weights[name]!);
  for (const [name, { shape, values }] of Object.entries({ ...own, ...buffers, ...declared.frozen }))
    state[name] = stateTensor(shape, values);
  const trainableNames = [...model.tensors.filter(({ trainable }) => trainable).map(({ name }) => name), ...Object.keys(own)];
  for (const name of trainableNames)
    state[velocityOf(name)] = stateTensor(state[name]!.shape, new Float32Array(state[name]!.values.length));

  const wantsClassifier = Object.keys(declared.frozen).length > 0;
  const teacherInputs = needsTeacher(objective) ? teacherOutputsFor(definition, model, shapes) : [];
  const extra = extraInputs(model, definition, shapes, settings);

  const read = (access: StateAccess, names: readonly string[]): Record<string, Tensor> =>
    Object.fromEntries(names.map((name) => [name, access.read(name)]));
  const fixedNames = model.tensors.filter(({ trainable }) => !trainable).map(({ name }) => name);

  /** The networks of both views and the objective, as a function of the trainables. */
  const objectiveOf = (inputs: Record<string, Tensor>, access: StateAccess) => {
    const fixed = read(access, fixedNames);
    const kept = read(access, Object.keys(buffers));
    const frozen = read(access, Object.keys(declared.frozen));
    const host = hostTensors(extra.specs, inputs);
    const views = extra.views ? strongTensors(inputs) : null;
    const seen: LossFeatures | null = teacherInputs.length
      ? {
          ...teacherFeatures(teacherInputs, inputs),
          ...(views ? { strong: views.teacher } : {}),
          ...(wantsClassifier
            ? { classifier: { weight: frozen[CLASSIFIER.weight] as Tensor2D, bias: frozen[CLASSIFIER.bias] as Tensor1D } }
            : {}),
        }
      : null;
    return (trainables: Record<string, Tensor>) => {
      const live = { ...fixed, ...trainables };
      const forward = (weights: Record<string, Tensor>, images: Tensor, view: View): Forward =>
        model.forward(weights, images as Tensor4D, { training: true, dropout: dropoutTensors(model, view, inputs) });
      const student = forward(live, inputs.images!, 'weak');
      // As two calls of the network: the second moves the statistics on from where the first one left them.
      const second = views && forward({ ...live, ...student.statistics }, views.images, 'strong');
      const result = evaluateObjective(objective, {
        student,
        ...(second ? { strong: second.logits } : {}),
        teacher: seen,
        labels: inputs.labels as Tensor1D,
        ...(inputs.indices ? { indices: inputs.indices as Tensor1D } : {}),
        host,
        lambda: inputs.lambda as Scalar,
        warmup: inputs.warmup as Scalar,
        trainables,
        buffers: kept,
      });
      return { ...result, logits: student.logits, statistics: (second ?? student).statistics };
    };
  };

  const step = (inputs: Record<string, Tensor>, access: StateAccess): Record<string, Tensor> => {
    const evaluateAt = objectiveOf(inputs, access);
    const { value, gradients, aux } = valueAndGradients(
      (trainables) => {
        const { total, crossEntropy, temperature, logits, statistics, buffers: changed } = evaluateAt(trainables);
        const hits = tf.equal(tf.argMax(logits, 1), inputs.labels!);
        return {
          value: total,
          aux: {
            ...statistics,
            ...changed,
            'out:crossEntropy': crossEntropy,
            'out:correct': tf.sum(tf.cast(hits, 'float32')),
            'out:temperature': typeof temperature === 'number' ? tf.scalar(temperature) : tf.mean(temperature),
          },
        };
      },
      read(access, trainableNames),
    );
    access.requireFinite('loss', value);
    access.requireFinite('gradient', checksum(gradients));
    for (const [name, tensor] of Object.entries(aux)) if (!name.startsWith('out:')) access.assign(name, tensor);
    sgd(access, gradients, { ...optimizer, learningRate: inputs.learningRate as Scalar });
    return {
      loss: value,
      crossEntropy: aux['out:crossEntropy']!,
      correct: aux['out:correct']!,
      temperature: aux['out:temperature']!,
    };
  };

  const loss = (inputs: Record<string, Tensor>, access: StateAccess): Record<string, Tensor> => ({
    loss: objectiveOf(inputs, access)(read(access, trainableNames)).total,
  });

  const evaluate = (inputs: Record<string, Tensor>, access: StateAccess): Record<string, Tensor> => {
    const live = Object.fromEntries(model.tensors.map(({ name }) => [name, access.read(name)]));
    return { logits: model.forward(foldBatchNorm(model, live), inputs.images as Tensor4D, { training: false, folded: true }).logits };
  };

  const images: InputSpec = { shape: [null, model.inputSize, model.inputSize, 3] };
  const stepInputs: Record<string, InputSpec> = {
    images,
    labels: { shape: [null], dtype: 'int32' },
    ...Object.fromEntries(teacherInputs.map(({ name, shape }) => [name, { shape: [null, ...shape] }])),
    ...extra.specs,
    learningRate: { shape: [] },
    lambda: { shape: [] },
    warmup: { shape: [] },
  };
  return {
    state,
    functions: {
      step: { inputs: stepInputs, run: step },
      loss: { inputs: stepInputs, run: loss },
      evaluate: { inputs: { images }, run: evaluate },
    },
    teacherInputs,
    extra,
    trainables: trainableNames,
  };
}

/** One number that is finite only where every gradient is: a sum of sums, one cheap op a tensor. */
const checksum = (gradients: Readonly<Record<string, Tensor>>): Scalar =>
  tf.addN(Object.values(gradients).map((gradient) => (gradient.rank === 0 ? gradient : tf.sum(gradient)))) as Scalar;

/**
 * The tensors that a loss declares: trained with the student, kept between steps, and those of the teacher that stay as they are.
 *
 * Throws   Error where the loss declares some and what they are made from was not given.
 */
function declaredTensors(
  definition: LossDefinition | null,
  settings: LossOptions | null,
  { shapes, classifier, seed }: StudentOptions,
): Record<'trainables' | 'buffers' | 'frozen', Record<string, InitialTensor>> {
  if (!definition || !settings) return { trainables: {}, buffers: {}, frozen: {} };
  if (!shapes && (definition.trainables || definition.buffers || definition.hostInputs)) {
    throw new Error(`the loss '${definition.name}' has tensors of its own, so the shapes of both sides' features have to be given`);
  }
  const wantsClassifier = definition.needs.includes('classifier');
  if (wantsClassifier && !classifier) throw new Error(`the loss '${definition.name}' reads the teacher's last layer, which was not given`);
  const frozen = wantsClassifier ? { [CLASSIFIER.weight]: classifier!.weight, [CLASSIFIER.bias]: classifier!.bias } : {};
  return {
    trainables: { ...(shapes && definition.trainables?.(shapes, settings, seed)) },
    buffers: { ...(shapes && definition.buffers?.(shapes, settings, seed)) },
    frozen: Object.fromEntries(Object.entries(frozen).map(([name, { shape, values }]) => [name, { shape: [...shape], values }])),
  };
}

/** A student's program, however it is executed, and what its step is fed of the teacher. */
export interface StudentProgram extends Pick<StudentFunctions, 'teacherInputs' | 'extra' | 'trainables'> {
  program: StatefulProgram<StudentFunctions['functions']>;
}

/** Makes a student's program: compiled into a session, its state apart from others under `scope`, or eager where there is no session. */
export async function createStudent(
  options: StudentOptions & { session: TensorflowSession | null; scope: string },
): Promise<StudentProgram> {
  const { state, functions, ...about } = studentFunctions(options);
  const { session, scope } = options;
  const program = session ? await compile({ state, functions, session, scope }) : new EagerProgram({ state, functions });
  return { program, ...about };
}
