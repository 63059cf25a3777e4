import { tf } from '@tempered/tensors';
import type { GoldenCase, GoldenOutcome } from '@tempered/tensors/node';
import { type Computed, differences } from './compare.js';
import { featureCase } from './feature-cases.js';
import type { LossFile, LossFixture } from './fixture.js';
import { hostCase } from './host-cases.js';
import { layerCase } from './layer-cases.js';
import { logitCase } from './logit-cases.js';
import { type Adapted, runCompiled, runEagerly, type TrialInputs, trialInputs } from './trial.js';

/** How a golden case can be computed: on tfjs' plain backend, or as a compiled program. */
export type Mode = 'eager' | 'compiled';

/** The case adapted to our functions, or undefined when no loss here has it. */
export function adapt(
  name: string,
  fixture: LossFixture,
): { adapted: Adapted; integers?: Record<string, number[] | number[][]> } | undefined {
  const adapted = logitCase(name, fixture) ?? featureCase(name, fixture);
  return adapted ? { adapted } : layerCase(fixture);
}

const compute = async (mode: Mode, fixture: LossFixture, adapted: Adapted, inputs: TrialInputs): Promise<Computed> =>
  mode === 'eager' ? runEagerly(fixture, adapted, inputs) : runCompiled(fixture, adapted, inputs);

/** One class has no distribution to distil: where the reference answers 0 or NaN, a RangeError is the documented outcome. */
const oneClass = (fixture: LossFixture): boolean => fixture.inputs?.s?.shape.at(-1) === 1;

/** Is told what every case gave, before it is judged. */
export type Observer = (name: string, fixture: LossFixture, computed: Computed) => void;

async function outcome(name: string, fixture: LossFixture, mode: Mode, observe?: Observer): Promise<GoldenOutcome> {
  const found = adapt(name, fixture);
  if (!found) return { status: 'skipped', reason: `no loss for ${fixture.ref}` };
  const inputs = trialInputs(fixture, found.integers);
  try {
    const computed = await compute(mode, fixture, found.adapted, inputs);
    observe?.(name, fixture, computed);
    const wrong = differences(fixture, computed, { finiteOnly: /check only that they are finite/.test(fixture.note ?? '') });
    return wrong.length ? { status: 'failed', reason: wrong.join('; ') } : { status: 'passed' };
  } catch (error) {
    if (oneClass(fixture) && error instanceof RangeError && /K >= 2/.test(error.message)) return { status: 'passed' };
    throw error;
  }
}

/** Every case of losses.json, in each of the modes. */
export function* lossCases(file: LossFile, modes: readonly Mode[], observe?: Observer): Generator<GoldenCase> {
  for (const [name, fixture] of Object.entries(file.cases)) {
    const onHost = hostCase(name, fixture);
    if (onHost) yield { name, run: onHost };
    else for (const mode of modes) yield { name: `${name} (${mode})`, run: () => outcome(name, fixture, mode, observe) };
  }
}

/** Makes the named tfjs backend the one that eager cases run on. */
export async function useBackend(name: string): Promise<void> {
  if (!(await tf.setBackend(name))) throw new Error(`tfjs has no backend '${name}' here`);
}
