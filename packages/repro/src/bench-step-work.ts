import { createModel, type Model, type ModelName } from '@tempered/models';
import { type RunInputs, randomNormals, streamOf, type Values } from '@tempered/tensors';
import { Program, type TensorflowSession, timesByOp } from '@tempered/tensors/node';
import type { BenchOrder, OpTime, OurJob } from './bench-step-protocol.js';
import type { BenchPart } from './bench-step-rows.js';
import { inParallel } from './evaluate.js';
import type { Objective } from './objective.js';
import { groupThreads, openSession, soloThreads, type ThreadPlan } from './session-plan.js';
import { createStudent, type StudentProgram } from './student-program.js';
import { createTeacherProgram, type TeacherProgram } from './teacher-program.js';

/** The step of the paper's logit standardization: CE and standardized KD at T = 2. */
const OBJECTIVE: Objective = {
  weights: { ce: 0.1, kd: 9, method: 0 },
  temperature: 2,
  standardize: true,
  curriculum: null,
  loss: null,
  options: {},
};
const SGD = { momentum: 0.9, weightDecay: 5e-4, nesterov: false };
const LOGITS = 'teacher.logits';

/** The programs that a child process times: exactly those that the trainer runs, on a batch of noise. */
export class BenchSubject {
  readonly #batch: { images: Float32Array; labels: Int32Array };
  readonly #logits: Float32Array;
  /** Masks of dropout layers: drawn once, since steps are fed the same batch again and again. */
  readonly #masks: Record<string, Values>;
  #taught: Promise<Record<string, Values>> | null = null;

  private constructor(
    private readonly job: OurJob,
    private readonly plan: ThreadPlan,
    private readonly session: TensorflowSession,
    private readonly students: readonly StudentProgram[],
    private readonly teacher: TeacherProgram | null,
  ) {
    const { batch, inputSize, classes } = job;
    const labels = Int32Array.from({ length: batch }, (_, i) => (i * 37) % classes);
    this.#batch = { images: randomNormals(batch * inputSize * inputSize * 3, 0, 1, streamOf('bench images')), labels };
    this.#logits = randomNormals(batch * classes, 0, 1, streamOf('bench logits'));
    const indices = Uint32Array.from(labels.keys());
    const place = { seed: 0, epoch: 1, step: 0, stepsPerEpoch: 1, labels, strong: null };
    this.#masks =
      students[0]?.extra.values({ ...place, batch: { ...this.#batch, indices, variants: new Uint8Array(batch), count: batch } }) ?? {};
  }

  /** Compiles one student and a teacher for the whole machine, or a lockstep group of `cells` students. */
  static async open(job: OurJob): Promise<BenchSubject> {
    const plan = job.cells > 1 ? groupThreads() : soloThreads(job.threads);
    const session = openSession(plan, job.precision);
    if (!session) throw new Error('steps can only be timed compiled, and nothing can be compiled here: nx run tensors:doctor says why');
    const model = (name: string): Model => createModel(name as ModelName, { numClasses: job.classes, inputSize: job.inputSize });
    const students: StudentProgram[] = [];
    for (let cell = 0; job.student && cell < job.cells; cell++) {
      students.push(
        await createStudent({ model: model(job.student), objective: OBJECTIVE, optimizer: SGD, seed: cell, session, scope: `cell${cell}` }),
      );
    }
    let teacher: TeacherProgram | null = null;
    if (job.teacher) {
      const network = model(job.teacher);
      const outputs = [{ name: LOGITS, shape: [job.classes] }];
      teacher = await createTeacherProgram({ model: network, weights: network.init(1), outputs, session, scope: 'teacher' });
    }
    return new BenchSubject(job, plan, session, students, teacher);
  }

  /** Trainable values of a model by the zoo's count. */
  parameters(side: 'teacher' | 'student'): number {
    const name = this.job[side];
    return name ? createModel(name as ModelName, { numClasses: this.job.classes, inputSize: this.job.inputSize }).parameterCount : 0;
  }

  /** Milliseconds of one step of this kind; of one cell's share of a step of the box. */
  async time(kind: BenchOrder['kind']): Promise<number> {
    const began = performance.now();
    await this.#step(kind);
    return (performance.now() - began) / (kind === 'box' ? this.students.length : 1);
  }

  /** Where the time of one student's step, or of the teacher's forward pass, goes: TensorFlow's own times by kind of op. */
  async opTimes(kind: BenchPart): Promise<OpTime[]> {
    if (kind === 'teacher') return timesByOp((await this.teacher!.profile(this.#batch.images))!);
    const { program } = this.students[0]!;
    return program instanceof Program ? timesByOp(await program.profile('step', this.#inputs(this.#logits))) : [];
  }

  async #step(kind: BenchOrder['kind']): Promise<void> {
    if (kind === 'teacher') await this.#teach();
    else if (kind === 'student') await this.#learn(this.students[0]!, this.#logits);
    else if (kind === 'full') await this.#learn(this.students[0]!, (await this.#teach())[LOGITS]!);
    else {
      // As in lockstep training: the teacher looks at the next batch while the students work on this one.
      const taught = await (this.#taught ?? this.#teach());
      this.#taught = this.#teach();
      await inParallel(
        this.students.map((student) => async () => await this.#learn(student, taught[LOGITS]!)),
        this.plan.atOnce,
      );
    }
  }

  async #teach(): Promise<Record<string, Values>> {
    return await this.teacher!.outputs(this.#batch.images);
  }

  #inputs(logits: Values): RunInputs {
    return { ...this.#batch, ...this.#masks, [LOGITS]: logits, learningRate: this.job.learningRate, lambda: 0, warmup: 1 };
  }

  async #learn({ program }: StudentProgram, logits: Values): Promise<void> {
    const { loss } = await program.run('step', this.#inputs(logits));
    if (!Number.isFinite(loss!.data[0]!)) throw new Error(`the loss became ${loss!.data[0]}, so the times say nothing`);
  }

  async close(): Promise<void> {
    await this.#taught;
    this.session.close();
  }
}
