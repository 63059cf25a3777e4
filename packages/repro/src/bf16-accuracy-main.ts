import { describeProcessor, loadEngine, readGolden, TensorflowSession } from '@tempered/tensors/node';
import { runTrajectory, type TrajectoryFile, type TrajectoryRun } from './trajectory.js';

/**
 * `nx run repro:bf16-accuracy`: the golden trajectories through the trainer's programs in float32 and in bfloat16 from the same
 * weights and images; a JSON line for each with how far bfloat16 wanders, relative to the float32 value, step by step.
 */
const engine = await loadEngine();
if (!engine.addon)
  throw new Error("bfloat16 is a precision of compiled programs, and the session addon is missing: 'nx run tensors:doctor' says why");
const file = readGolden<TrajectoryFile>('trajectory.json');

async function trajectory(name: string, precision: 'f32' | 'bf16'): Promise<TrajectoryRun> {
  const session = new TensorflowSession({ intraOpThreads: 1, interOpThreads: 2, precision });
  const run = await runTrajectory(name, file, session);
  session.close();
  return run;
}

const apart = (actual: number, reference: number): number => Math.abs(actual - reference) / Math.abs(reference);
const rounded = (value: number): number => Number(value.toPrecision(3));

const { model, instructions, bfloat16 } = describeProcessor();
let steps = 0;
for (const name of Object.keys(file.settings)) {
  const exact = await trajectory(name, 'f32');
  const half = await trajectory(name, 'bf16');
  const loss = exact.loss.map((value, step) => rounded(apart(half.loss[step]!, value)));
  const largest = Math.max(...exact.finalEvalLogitsRow0.map(Math.abs));
  const logits = exact.finalEvalLogitsRow0.map((value, i) => Math.abs(half.finalEvalLogitsRow0[i]! - value) / largest);
  const record = {
    trajectory: name,
    loss_by_step: loss,
    temperature: rounded(Math.max(...exact.temperature.map((value, step) => apart(half.temperature[step]!, value)))),
    parameter_norm: rounded(apart(half.paramL2, exact.paramL2)),
    running_variance_norm: rounded(apart(half.bnVarL2, exact.bnVarL2)),
    final_logits_of_largest: rounded(Math.max(...logits)),
  };
  console.log(JSON.stringify({ ...record, cpu: model, instructions, bfloat16, tensorflow: engine.tensorflowVersion }));
  steps += loss.filter((difference) => difference > 0).length;
}
// Two runs in one precision would agree to the bit, and say nothing.
if (steps === 0) {
  console.error('bfloat16 changed nothing: the session did not compute in it');
  process.exitCode = 1;
}
