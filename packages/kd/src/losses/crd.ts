import { type Scalar, type Tensor, type Tensor1D, type Tensor2D, type Tensor3D, tf } from '@tempered/tensors';
import { feature } from '../check.js';
import { checkBatch } from '../features/check.js';
import { initialLinear, layersOf, linear, named, together, uniform } from '../features/layers.js';
import { norm } from '../features/norm.js';
import { shapesOf } from '../features/shapes.js';
import { defineLoss, type FeatureShapes, type InitialTensor, type LossOptions } from '../loss.js';
import { withoutGradient } from '../stop-gradient.js';
import { type CrdSampling, contrastIndices } from './crd-sampling.js';

const EPSILON = 1e-7;

/** The state that CRD keeps between steps. */
export interface CrdMemory {
  /** One unit vector for each training image: the student's embeddings (`memory_v1`) and the teacher's (`memory_v2`), [n, D]. */
  student: Tensor2D;
  teacher: Tensor2D;
  /** Normalizers, one a side; below 0 until the first batch has estimated them. */
  studentScale: Scalar;
  teacherScale: Scalar;
}

export interface CrdOptions {
  temperature: number;
  momentum: number;
}

/**
 * Contrastive representation distillation: the student's embedding of an image shall be told from other images' by the teacher's
 * memory of them, and the other way round.
 *
 *   h(u, v) = exp(⟨u, v⟩ / T) / Z,   c = K / n
 *   L = Σ_sides −1/N Σ_n ( log h⁺/(h⁺ + c + ε) + Σ_k log c/(h_k⁻ + c + ε) )
 *
 * Z is estimated from the first batch (the mean of its exponentials times n) and kept. Afterwards the memory rows of the batch move
 * to the unit vector of m · row + (1 − m) · embedding; with repeated indices in a batch the last writer is undefined.
 *
 * Shapes   student, teacher: unit embeddings [N, D]; contrast: int32 [N, K + 1], the positive first; indices: int32 [N]; returns
 *          the loss and the memory after the step.
 * Units    nats.
 * Gradient to both embeddings; memory and normalizers are data.
 * Throws   RangeError when the batches differ, a row of contrast holds no negative, T is not above 0 or m not in [0, 1).
 * Source   Tian et al., ICLR 2020, arXiv:1910.10699; T and momentum are read back from float32, as the code's buffer does.
 */
export function crd(
  student: Tensor2D,
  teacher: Tensor2D,
  contrast: Tensor2D,
  indices: Tensor1D,
  memory: CrdMemory,
  { temperature, momentum }: CrdOptions,
): { loss: Scalar; memory: CrdMemory } {
  checkBatch('crd', student, teacher);
  checkContrast(student.shape[0], contrast, indices);
  if (!(temperature > 0)) throw new RangeError(`crd: temperature must be above 0, not ${temperature}`);
  if (!(momentum >= 0 && momentum < 1)) throw new RangeError(`crd: momentum must be in 0 .. 1 (1 apart), not ${momentum}`);
  const T = Math.fround(temperature);
  const studentScores = scores(student, memory.teacher, contrast, T);
  const teacherScores = scores(teacher, memory.student, contrast, T);
  const studentScale = scale(memory.studentScale, studentScores, memory.student.shape[0]);
  const teacherScale = scale(memory.teacherScale, teacherScores, memory.student.shape[0]);
  const share = (contrast.shape[1] - 1) / memory.student.shape[0];
  const loss = tf.add(nce(tf.div(studentScores, studentScale), share), nce(tf.div(teacherScores, teacherScale), share)) as Scalar;
  const moved = (rows: Tensor2D, fresh: Tensor2D): Tensor2D =>
    withoutGradient(fresh, (values) => updated(rows, values as Tensor2D, indices, Math.fround(momentum)));
  return {
    loss,
    memory: { student: moved(memory.student, student), teacher: moved(memory.teacher, teacher), studentScale, teacherScale },
  };
}

function checkContrast(batch: number, contrast: Tensor2D, indices: Tensor1D): void {
  if (contrast.shape[0] !== batch || contrast.shape[1] < 2) {
    throw new RangeError(`crd: contrast must be [${batch}, 1 + negatives] with one negative at least, not [${contrast.shape}]`);
  }
  if (indices.shape[0] !== batch) throw new RangeError(`crd: indices must be [${batch}], not [${indices.shape}]`);
}

/** exp(⟨embedding, memory row⟩ / T) for every candidate, [N, K + 1]. */
function scores(embedding: Tensor2D, memory: Tensor2D, contrast: Tensor2D, T: number): Tensor2D {
  const [batch, dimension] = embedding.shape;
  const products = tf.matMul(rowsAt(memory, contrast), tf.reshape(embedding, [batch, dimension, 1]) as Tensor3D);
  return tf.exp(tf.div(tf.reshape(products, contrast.shape), T));
}

function scale(known: Scalar, values: Tensor2D, rows: number): Scalar {
  return withoutGradient(values, (fresh) => tf.where(tf.less(known, 0), tf.mul(tf.mean(fresh), rows), known) as Scalar);
}

function nce(probabilities: Tensor2D, share: number): Tensor {
  const [batch, candidates] = probabilities.shape;
  const [positive, negatives] = tf.split(probabilities, [1, candidates - 1], 1) as [Tensor2D, Tensor2D];
  const recognised = tf.log(tf.div(positive, tf.add(positive, share + EPSILON)));
  const refused = tf.log(tf.div(share, tf.add(negatives, share + EPSILON)));
  return tf.div(tf.neg(tf.add(tf.sum(recognised), tf.sum(refused))), batch);
}

/** The memory's rows at the indices: [...indices, D]. (gatherND, since tfjs-node's gather reads its indices back to check them.) */
function rowsAt(memory: Tensor2D, indices: Tensor): Tensor {
  return withoutGradient(memory, (rows) => tf.gatherND(rows, tf.reshape(indices, [...indices.shape, 1])));
}

function updated(memory: Tensor2D, fresh: Tensor2D, indices: Tensor1D, momentum: number): Tensor2D {
  const blend = tf.add(tf.mul(rowsAt(memory, indices), momentum), tf.mul(fresh, 1 - momentum));
  const rows = tf.div(blend, norm(blend, 1));
  return tf.tensorScatterUpdate(memory, tf.reshape(indices, [-1, 1]), rows) as Tensor2D;
}

/** A vector's embedding: linear, then scaled to length 1. */
export function embed(weights: Readonly<Record<string, Tensor>>, name: string, x: Tensor2D): Tensor2D {
  const y = linear(layersOf({ trainables: weights, buffers: {} }), x, `${name}.linear`);
  return tf.div(y, norm(y, 1));
}

export interface CrdLossOptions extends LossOptions {
  /** Width of the embeddings. */
  dimension: number;
  negatives: number;
  nceTemperature: number;
  momentum: number;
  /** `exact`: the positive is the image itself; `relax`: any image of its class. */
  sampling: CrdSampling;
}

function memoryRows(shapes: FeatureShapes): number {
  if (!shapes.samples) throw new RangeError('crd: needs the number of training images (samples) for its memory');
  return shapes.samples;
}

export default defineLoss<CrdLossOptions>({
  name: 'crd',
  needs: ['pooled', 'indices'],
  paper: 'arXiv:1910.10699',
  defaults: { weight: 0.8, dimension: 128, negatives: 16384, nceTemperature: 0.07, momentum: 0.5, sampling: 'exact' },
  softens: false,
  trainables: (shapes, { dimension }, seed) => {
    const { student, teacher } = shapesOf('crd', shapes, 'pooled');
    return together([
      initialLinear('embed_s.linear', student[1], dimension, seed),
      initialLinear('embed_t.linear', teacher[1], dimension, seed),
    ]);
  },
  buffers: (shapes, { dimension }, seed) => {
    const rows = memoryRows(shapes);
    const bound = 1 / Math.sqrt(dimension / 3);
    const bank = (name: string): InitialTensor => uniform(name, [rows, dimension], bound, seed);
    const unknown = { shape: [], values: Float32Array.of(-1) };
    return { memory_v1: bank('memory_v1'), memory_v2: bank('memory_v2'), z_v1: unknown, z_v2: unknown };
  },
  hostInputs: (shapes, { negatives }) => ({ contrast: { shape: [shapes.student.logits[0], negatives + 1], dtype: 'int32' } }),
  hostValues: (step, _shapes, { negatives, sampling }) => ({ contrast: contrastIndices(step, negatives, sampling) }),
  loss: ({ student, teacher, indices, trainables, buffers, host = {} }, { nceTemperature, momentum }) => {
    if (!indices) throw new RangeError('crd: needs the indices of the batch in the training set');
    const memory = {
      student: named(buffers, 'memory_v1') as Tensor2D,
      teacher: named(buffers, 'memory_v2') as Tensor2D,
      studentScale: named(buffers, 'z_v1') as Scalar,
      teacherScale: named(buffers, 'z_v2') as Scalar,
    };
    const { loss, memory: after } = crd(
      embed(trainables, 'embed_s', feature('crd', 'student', student, 'pooled')),
      embed(trainables, 'embed_t', feature('crd', 'teacher', teacher, 'pooled')),
      named(host, 'contrast') as Tensor2D,
      indices,
      memory,
      { temperature: nceTemperature, momentum },
    );
    const changed = { memory_v1: after.student, memory_v2: after.teacher, z_v1: after.studentScale, z_v2: after.teacherScale };
    return { loss, buffers: changed };
  },
});
