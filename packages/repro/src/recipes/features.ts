import type { LossName } from '@tempered/kd';
import type { ModelName } from '@tempered/models';
import { type Base, ctkdAsWritten, imagenetBase } from './base.js';
import { kdTerm } from './kd.js';
import type { Method, MethodPart, RecipeRequest } from './method.js';

interface FeatureSettings {
  loss: LossName;
  /** Beside CE alone, as RepDistiller and mdistiller run it. */
  weight: number;
  warmupEpochs?: number;
  /** On ImageNet, where a source runs it there. */
  imagenet?: {
    weight: number | ((student: ModelName) => number);
    batchSize?: number;
    warmupEpochs?: number;
    options?: MethodPart['options'];
  };
  /** Is it always run with a KD term beside it? */
  withKd?: boolean;
  source: string;
}

/**
 * A method that compares features: CE and its own term, as published. Standardization and curriculum act on the KD term that goes
 * with it then, with the weights of CTKD's script, which runs PKT, SP, VID, CRD and SRRL so: at batch 64 and rate 0.05, like its
 * active command (its commented lines name neither; `asWritten` takes its option defaults, 128 and 0.1).
 */
function featureMethod(title: string, { loss, weight, warmupEpochs = 0, imagenet, withKd = false, source }: FeatureSettings): Method {
  const settings = (request: RecipeRequest): MethodPart => {
    const onImagenet = request.dataset === 'imagenet';
    const beside = withKd || request.standardize || request.curriculum;
    const { temperature, ce, kd } = kdTerm(request);
    const base: Partial<Base> = onImagenet && imagenet?.batchSize ? imagenetBase(imagenet.batchSize) : {};
    const published = onImagenet && !imagenet && !withKd ? `${source} (CIFAR; no source runs it on ImageNet)` : source;
    const there = typeof imagenet?.weight === 'function' ? imagenet.weight(request.student) : imagenet?.weight;
    return {
      loss,
      temperature: beside ? temperature : 1,
      weights: { ce: beside ? ce : 1, kd: beside ? kd : 0, method: onImagenet ? (there ?? weight) : weight },
      warmupEpochs: onImagenet ? (imagenet?.warmupEpochs ?? warmupEpochs) : warmupEpochs,
      options: (onImagenet && imagenet?.options) || {},
      ...base,
      ...(request.asWritten && request.curriculum && !onImagenet ? ctkdAsWritten(request.student) : {}),
      source: beside && !withKd ? `${published}; KD term beside it as in CTKD run_cifar_distill.sh` : published,
    };
  };
  return { title, matchesLogits: true, settings };
}

const SCRIPT = 'RepDistiller run_cifar_distill.sh';
const CONFIG = 'mdistiller configs/cifar100';

export const features = {
  pkt: featureMethod('PKT', { loss: 'pkt', weight: 30_000, source: SCRIPT }),
  sp: featureMethod('SP', { loss: 'sp', weight: 3000, source: SCRIPT }),
  vid: featureMethod('VID', { loss: 'vid', weight: 1, source: SCRIPT }),
  crd: featureMethod('CRD', { loss: 'crd', weight: 0.8, imagenet: { weight: 0.8, batchSize: 256 }, source: SCRIPT }),
  srrl: featureMethod('SRRL', { loss: 'srrl', weight: 1, withKd: true, source: 'CTKD run_cifar_distill.sh' }),
  at: featureMethod('AT', { loss: 'at', weight: 1000, imagenet: { weight: 1000 }, source: SCRIPT }),
  fitnet: featureMethod('FitNet', { loss: 'fitnet', weight: 100, source: SCRIPT }),
  rkd: featureMethod('RKD', { loss: 'rkd', weight: 1, source: SCRIPT }),
  nst: featureMethod('NST', { loss: 'nst', weight: 50, source: SCRIPT }),
  cc: featureMethod('CC', { loss: 'cc', weight: 0.02, source: SCRIPT }),
  kdsvd: featureMethod('KDSVD', { loss: 'kdsvd', weight: 1, source: CONFIG }),
  ofd: featureMethod('OFD', { loss: 'ofd', weight: 0.001, imagenet: { weight: 0.0001, batchSize: 128 }, source: CONFIG }),
  reviewkd: featureMethod('ReviewKD', {
    loss: 'reviewkd',
    weight: 5,
    warmupEpochs: 20,
    imagenet: {
      weight: (student) => (student === 'MobileNetV1' ? 8 : 1),
      batchSize: 256,
      warmupEpochs: 1,
      options: { studentPreact: true },
    },
    source: CONFIG,
  }),
} as const;
