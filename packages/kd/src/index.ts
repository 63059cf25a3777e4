export { checkLabels, checkLabelTensor, checkLogits, checkTemperature } from './check.js';
export { compareLogits, type HostLogits, kendallTau, type LogitComparison } from './compare-logits.js';
export { instanceParameters, instanceTemperature } from './instance-temperature.js';
export { klRows } from './kl.js';
export { LAMBDA, type LambdaSchedule, lambdaAt } from './lambda.js';
export {
  type Amount,
  defineLoss,
  evaluateLoss,
  type FeatureShapes,
  type Features,
  type HostInput,
  type HostStep,
  type InitialTensor,
  type LossContext,
  type LossDefinition,
  type LossNeed,
  type LossOptions,
  type LossResult,
  type SideShapes,
  type Temperature,
} from './loss.js';
export { type AliasTable, aliasTable, drawAlias } from './losses/alias-table.js';
export { at } from './losses/at.js';
export { cc, ccAsRun } from './losses/cc.js';
export { crossEntropy } from './losses/ce.js';
export { type CrdMemory, type CrdOptions, crd, embed } from './losses/crd.js';
export { type CrdSampling, contrastIndices } from './losses/crd-sampling.js';
export { type DkdOptions, dkd } from './losses/dkd.js';
export { fitnet } from './losses/fitnet.js';
export { type LossName, losses, lossNamed, type OptionsOf } from './losses/index.js';
export { type KdOptions, kd } from './losses/kd.js';
export { kdsvd } from './losses/kdsvd.js';
export { type MlkdOptions, mlkd, type Views } from './losses/mlkd.js';
export { nst } from './losses/nst.js';
export { margins, ofd } from './losses/ofd.js';
export { pkt } from './losses/pkt.js';
export { hierarchicalContext, reviewKd } from './losses/review-kd.js';
export { type RkdOptions, rkd } from './losses/rkd.js';
export { sp } from './losses/sp.js';
export { type SrrlTeacher, srrl } from './losses/srrl.js';
export { vid } from './losses/vid.js';
export { hardLogits, type IntermediateKind, intermediate, type SoftLogitOptions, softLogits } from './losses/vit.js';
export { soften } from './soften.js';
export { standardize } from './standardize.js';
export { CURRICULUM, type CurriculumRange, curriculumParameter, curriculumTemperature } from './temperature.js';
