import { createModel } from '@tempered/models';
import { goldenWeights, toChannelsLast } from '@tempered/models/testing';
import type { HostTensor } from '@tempered/tensors';
import type { TensorflowSession } from '@tempered/tensors/node';
import { hashedLabels, hashedValues } from '@tempered/tensors/testing';
import { CURRICULUM_PARAMETER, type Objective } from './objective.js';
import { createStudent } from './student-program.js';
import { featureShapes } from './teacher-outputs.js';
import { createTeacherProgram } from './teacher-program.js';

/** golden/trajectory.json, as far as it is read here. */
export interface TrajectoryFile {
  seed: number;
  steps: number;
  batch: number;
  classes: number;
  sgd: { lr: number; momentum: number; weightDecay: number };
  lambda: number;
  tStart: number;
  tEnd: number;
  settings: Record<string, TrajectorySetting>;
}

export interface TrajectorySetting {
  weights: Partial<{
    distill: 'kd' | 'dkd';
    gamma: number;
    alpha: number;
    beta: number;
    kd_T: number;
    have_mlp: 0 | 1;
    dkd_alpha: number;
    dkd_beta: number;
  }>;
  loss: number[];
  temperature?: number[];
  globalTAfterStep?: number[];
  paramL2: number;
  bnMeanL2: number;
  bnVarL2: number;
  paramL2ByName: Record<string, number>;
  finalEvalLogitsRow0: number[];
  spread: Record<string, { finalLogitsMaxAbs?: number }> & { finalLogitsMaxAbsValue: number };
  acceptedRelTolerance: { lossByStep: number[]; temperature: number; norms: number };
}

/** What ten steps of the trainer gave. */
export interface TrajectoryRun {
  loss: number[];
  temperature: number[];
  parameterAfterStep: number[];
  paramL2: number;
  bnMeanL2: number;
  bnVarL2: number;
  paramL2ByName: Record<string, number>;
  finalEvalLogitsRow0: number[];
}

/** The first `offset` of each kind of stream, in units of the fixture's seed * 100000. */
const STREAM = { teacher: 20_000, images: 90_000, labels: 91_000 };

/** The objective of a setting: its names are those of the authors' command line. */
export function trajectoryObjective(name: string, { weights }: TrajectorySetting, file: TrajectoryFile): Objective {
  const { distill = null, gamma = 1, alpha = 0, beta = 0, kd_T = 4, have_mlp = 0, dkd_alpha = 1, dkd_beta = 1 } = weights;
  return {
    weights: { ce: gamma, kd: alpha, method: beta },
    temperature: kd_T,
    standardize: name.includes('_ls'),
    curriculum: have_mlp ? { start: file.tStart, range: file.tEnd, schedule: 'cosine', max: 0, min: -1, loops: 1 } : null,
    loss: distill === 'dkd' ? 'dkd' : null,
    options: distill === 'dkd' ? { alpha: dkd_alpha, beta: dkd_beta } : {},
  };
}

const squares = (tensors: HostTensor[]): number =>
  tensors.reduce((sum, { data }) => (data as Float32Array).reduce((s, x) => s + x * x, sum), 0);

/** Runs the fixture's steps through the trainer's own programs, compiled in a session or eagerly without one. */
export async function runTrajectory(name: string, file: TrajectoryFile, session: TensorflowSession | null): Promise<TrajectoryRun> {
  const { seed, batch, classes, sgd } = file;
  const base = seed * 100_000;
  const student = createModel('resnet8', { numClasses: classes });
  const teacher = createModel('resnet20', { numClasses: classes });
  const objective = trajectoryObjective(name, file.settings[name]!, file);
  const scope = `trajectory-${name}`;
  const { program, teacherInputs } = await createStudent({
    model: student,
    objective,
    optimizer: { momentum: sgd.momentum, weightDecay: sgd.weightDecay, nesterov: false },
    seed,
    shapes: featureShapes(student, teacher, batch, batch),
    weights: goldenWeights(student, seed),
    session,
    scope,
  });
  const teaching = await createTeacherProgram({
    model: teacher,
    weights: goldenWeights(teacher, seed, STREAM.teacher),
    outputs: teacherInputs,
    session,
    scope: `${scope}-teacher`,
  });
  const imagesOf = (step: number): Float32Array =>
    toChannelsLast(hashedValues(base + STREAM.images + step, batch * 3072, 2), batch, 3, 1024);
  const run: TrajectoryRun = {
    loss: [],
    temperature: [],
    parameterAfterStep: [],
    paramL2: 0,
    bnMeanL2: 0,
    bnVarL2: 0,
    paramL2ByName: {},
    finalEvalLogitsRow0: [],
  };
  for (let step = 0; step < file.steps; step++) {
    const images = imagesOf(step);
    const taught = teacherInputs.length ? await teaching.outputs(images) : {};
    const labels = hashedLabels(base + STREAM.labels + step, batch, classes);
    const result = await program.run('step', { images, labels, ...taught, learningRate: sgd.lr, lambda: file.lambda, warmup: 1 });
    run.loss.push(result.loss!.data[0]!);
    run.temperature.push(result.temperature!.data[0]!);
    if (objective.curriculum)
      run.parameterAfterStep.push((await program.readState([CURRICULUM_PARAMETER]))[CURRICULUM_PARAMETER]!.data[0]!);
  }
  const state = await program.readState(student.tensors.map(({ name: key }) => key));
  const of = (test: RegExp, trainable: boolean): HostTensor[] =>
    student.tensors.filter((spec) => spec.trainable === trainable && test.test(spec.name)).map((spec) => state[spec.name]!);
  run.paramL2 = Math.sqrt(squares(of(/./, true)));
  run.bnMeanL2 = Math.sqrt(squares(of(/running_mean$/, false)));
  run.bnVarL2 = Math.sqrt(squares(of(/running_var$/, false)));
  for (const { name: key, trainable } of student.tensors) if (trainable) run.paramL2ByName[key] = Math.sqrt(squares([state[key]!]));
  const { logits } = await program.run('evaluate', { images: imagesOf(0) });
  run.finalEvalLogitsRow0 = Array.from(logits!.data.subarray(0, classes));
  program.dispose();
  teaching.dispose();
  return run;
}

/** Where a run leaves what the fixture accepts; empty when it agrees. */
export function trajectoryDifferences(run: TrajectoryRun, setting: TrajectorySetting): string[] {
  const { acceptedRelTolerance: tolerance } = setting;
  const found: string[] = [];
  const near = (what: string, ours: number, theirs: number, relative: number): void => {
    if (!(Math.abs(ours - theirs) <= relative * Math.abs(theirs)))
      found.push(`${what}: ${ours}, reference ${theirs}, allowed ${relative} relative`);
  };
  for (const [i, loss] of setting.loss.entries()) near(`loss of step ${i}`, run.loss[i]!, loss, tolerance.lossByStep[i]!);
  for (const [i, t] of (setting.temperature ?? []).entries())
    near(`temperature of step ${i}`, run.temperature[i]!, t, tolerance.temperature);
  for (const [i, p] of (setting.globalTAfterStep ?? []).entries()) {
    near(`temperature parameter after step ${i}`, run.parameterAfterStep[i]!, p, tolerance.temperature);
  }
  for (const norm of ['paramL2', 'bnMeanL2', 'bnVarL2'] as const) near(norm, run[norm], setting[norm], tolerance.norms);
  // A single small tensor wanders further than the whole, by up to 0.3 % from one thread to two: a ReLU tips over.
  // Twenty times the tolerance of the whole norm.
  for (const [key, value] of Object.entries(setting.paramL2ByName))
    near(`norm of ${key}`, run.paramL2ByName[key]!, value, 20 * tolerance.norms);
  const spread = Math.max(
    ...Object.values(setting.spread).map((entry) => (typeof entry === 'object' ? (entry.finalLogitsMaxAbs ?? 0) : 0)),
  );
  const largest = setting.spread.finalLogitsMaxAbsValue;
  const allowed = Math.max(20 * spread, 1e-3 * largest);
  setting.finalEvalLogitsRow0.forEach((logit, i) => {
    const gap = Math.abs(run.finalEvalLogitsRow0[i]! - logit);
    if (!(gap <= allowed)) found.push(`final logit ${i}: ${run.finalEvalLogitsRow0[i]}, reference ${logit}, allowed ${allowed}`);
  });
  return found;
}
