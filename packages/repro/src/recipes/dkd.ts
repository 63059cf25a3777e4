import { ctkdAsWritten, imagenetCtkdBase } from './base.js';
import type { Method } from './method.js';
import { pairSettings } from './pairs.js';

/**
 * DKD: alpha 1, the pair's beta, a warm-up of twenty epochs (one on ImageNet); standardized with alpha and beta that hold the KD
 * weight already. With the curriculum as CTKD's script has it: no warm-up there, batch and rate of its active command.
 */
export const dkd: Method = {
  title: 'DKD',
  matchesLogits: true,
  settings: ({ dataset, teacher, student, standardize, curriculum, asWritten }) => {
    const imagenet = dataset === 'imagenet';
    const pair = pairSettings(dataset, teacher, student);
    const plain = { temperature: imagenet ? 1 : 4, alpha: 1, beta: curriculum && imagenet ? 1 : pair.dkd.beta };
    const { temperature, alpha, beta } = standardize ? pair.dkdLs : plain;
    const folder = imagenet ? 'configs/imagenet' : 'configs/cifar100/dkd';
    const file = standardize ? `logit-standardization-KD ${folder}: ${pair.source}` : `mdistiller ${folder}`;
    const script = imagenet ? 'CTKD run_imagenet_distill.sh' : 'CTKD run_cifar_distill.sh';
    return {
      loss: 'dkd',
      temperature,
      weights: { ce: 1, kd: 0, method: 1 },
      warmupEpochs: curriculum ? 0 : imagenet ? 1 : 20,
      options: { alpha, beta },
      ...(curriculum && imagenet ? imagenetCtkdBase() : {}),
      ...(curriculum && !imagenet && asWritten ? ctkdAsWritten(student) : {}),
      source: curriculum ? `${script}, batch and rate of its active command; ${file}` : file,
    };
  },
};
