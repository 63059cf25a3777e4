import { tf } from '@tempered/tensors';
import type { GoldenCase, GoldenOutcome } from '@tempered/tensors/node';
import { type LambdaSchedule, lambdaAt } from '../lambda.js';
import { curriculumTemperature } from '../temperature.js';

/** The parts of schedules.json that belong to this package; learning rates are the optimizer's. */
export interface ScheduleFile {
  lambda: Record<string, { max: number; min: number; loops: number; epochs0to40: (number | null)[]; epochMinus3: number | null }>;
  temperature: { tStart: number; tEnd: number; param: number; temp: number }[];
}

const verdict = (wrong: string[]): GoldenOutcome =>
  wrong.length ? { status: 'failed', reason: wrong.slice(0, 3).join('; ') } : { status: 'passed' };

const near = (ours: number, theirs: number, relative: number): boolean =>
  Math.abs(ours - theirs) <= relative * Math.max(Math.abs(theirs), 1);

function lambdaOutcome(schedule: LambdaSchedule, epochs: readonly (readonly [number, number | null])[]): GoldenOutcome {
  return verdict(
    epochs.flatMap(([epoch, theirs]) => {
      if (theirs === null)
        return refuses(() => lambdaAt(schedule, epoch)) ? [] : [`epoch ${epoch} gave a value where the reference divides by zero`];
      const ours = lambdaAt(schedule, epoch);
      return near(ours, theirs, 1e-12) ? [] : [`epoch ${epoch}: ${ours}, not ${theirs}`];
    }),
  );
}

function refuses(f: () => unknown): boolean {
  try {
    f();
    return false;
  } catch (error) {
    return error instanceof RangeError;
  }
}

/** Both decays of lambda over 41 epochs and before the start, and the temperature as a function of its parameter. */
export function* scheduleCases(file: ScheduleFile): Generator<GoldenCase> {
  for (const [name, { max, min, loops, epochs0to40, epochMinus3 }] of Object.entries(file.lambda)) {
    const schedule = name.startsWith('Cosine') ? 'cosine' : 'linear';
    const epochs = [...epochs0to40.entries(), [-3, epochMinus3] as const];
    yield { name: `lambda/${name}`, run: () => lambdaOutcome({ schedule, max, min, loops }, epochs) };
  }
  for (const { tStart, tEnd, param, temp } of file.temperature) {
    yield {
      name: `temperature/${tStart}/${tEnd}/${param}`,
      run: () => {
        const ours = tf.tidy(() => curriculumTemperature(tf.scalar(param), -1, { start: tStart, range: tEnd }).dataSync()[0]!);
        return verdict(near(ours, temp, 1e-6) ? [] : [`${ours}, not ${temp}`]);
      },
    };
  }
}
