import { type Scalar, type Tensor, type Tensor1D, type Tensor2D, tf } from '@tempered/tensors';
import { checkLabelTensor } from '../check.js';
import { defineLoss } from '../loss.js';

/**
 * Cross-entropy against the labels.
 *
 *   L = −mean_n log softmax(s_n)[label_n]
 *
 * Shapes   student: float32 [N, K]; labels: int32 [N]; returns a scalar.
 * Units    nats.
 * Gradient to the student: (softmax(s) − onehot) / N.
 * Throws   RangeError when the labels are not int32 [N]; their range is for `checkLabels`, on the host.
 * Source   the usual one; equal to PyTorch's nn.CrossEntropyLoss.
 */
export function crossEntropy(student: Tensor2D, labels: Tensor1D): Scalar {
  checkLabelTensor('ce', labels, student.shape[0]);
  return tf.tidy(() => surprise(student, tf.oneHot(labels, student.shape[1], 1, 0, 'float32')) as Scalar);
}

/** −mean log softmax(logits) at the targets, with the closed form of its gradient: the exponentials are computed once. */
const surprise = tf.customGrad((student, target, save) => {
  const [logits, chosen] = [student, target] as [Tensor2D, Tensor2D];
  const low = tf.sub(logits, tf.max(logits, -1, true));
  const powers = tf.exp(low);
  const total = tf.sum(powers, -1, true);
  const value = tf.mean(tf.sub(tf.log(total), tf.sum(tf.mul(low, chosen), -1, true)));
  (save as (tensors: Tensor[]) => void)([powers, total, chosen]);
  const gradFunc = (g: Tensor, saved: Tensor[]): Tensor[] => {
    const [up, sum, hit] = saved as [Tensor, Tensor, Tensor];
    const slope = tf.div(g, logits.shape[0]);
    return [tf.mul(tf.sub(tf.div(up, sum), hit), slope), tf.zerosLike(hit)];
  };
  return { value, gradFunc };
});

/** With two views of an image the term is the sum over the views, each against the same label (as MLKD is trained). */
export default defineLoss({
  name: 'ce',
  needs: ['logits'],
  paper: 'none',
  defaults: { weight: 1 },
  softens: false,
  loss: ({ student, labels }) => {
    const weak = crossEntropy(student.logits, labels);
    return student.strong ? tf.add(weak, crossEntropy(student.strong, labels)) : weak;
  },
});
