import { type ProgramFunction, type Tensor4D, tf } from '@tempered/tensors';
import { compile, type Engine, type GoldenCase, loadEngine, TensorflowSession } from '@tempered/tensors/node';
import type { Model } from '../model.js';
import { createModel, isModelName, MODELS, type ModelName } from '../registry.js';
import { checkModel, eagerly, forwardIn, GoldenNetwork, type Mode, type Runner, type Values } from './check.js';
import type { ModelFixture, ModelsFile } from './fixture.js';

/** How the fixtures are computed: op by op on TensorFlow, as one compiled program, or op by op in JavaScript. */
type Way = 'eager' | 'compiled' | 'plain';

const ZOOS = ['ctkd', 'mdistiller_cifar', 'mdistiller_imagenet'] as const;

/** Names of mdistiller's that stand for another network or other taps than CTKD's name; all others mean the same. */
const RENAMED: Readonly<Record<string, ModelName>> = {
  'mdistiller_cifar/ResNet18': 'ResNet18_cifar',
  'mdistiller_cifar/wrn_16_1': 'wrn_16_1_mdistiller',
  'mdistiller_cifar/wrn_16_2': 'wrn_16_2_mdistiller',
  'mdistiller_cifar/wrn_40_1': 'wrn_40_1_mdistiller',
  'mdistiller_cifar/wrn_40_2': 'wrn_40_2_mdistiller',
  'mdistiller_imagenet/ResNet18': 'ResNet18_mdistiller',
  'mdistiller_imagenet/ResNet34': 'ResNet34_mdistiller',
  'mdistiller_imagenet/ResNet50': 'ResNet50_imagenet',
  'mdistiller_imagenet/ResNet101': 'ResNet101',
  'mdistiller_imagenet/MobileNetV2': 'MobileNetV1',
};

/** An entry of models.json and the network of ours that it describes. */
interface Entry {
  name: string;
  fixture: ModelFixture;
  known: string;
}

/**
 * Every entry of models.json in every way, entries of one network together, since they share its passes; `only` keeps the entries
 * whose name contains it.
 */
export function* modelCases(file: ModelsFile, only = ''): Generator<GoldenCase> {
  for (const entries of entriesByNetwork(file, only)) {
    const [{ known, fixture }] = entries as [Entry];
    let network: GoldenNetwork | undefined;
    const made = (): GoldenNetwork =>
      (network ??= new GoldenNetwork(
        createModel(known as ModelName, { numClasses: fixture.classes, inputSize: fixture.input[2] }),
        fixture.input,
        file.seed,
      ));
    for (const entry of entries) {
      for (const way of ['eager', 'compiled', 'plain'] as const) {
        yield { name: `${entry.name}, ${way}`, run: () => runCase(file, entry, made, way) };
      }
    }
  }
}

function entriesByNetwork(file: ModelsFile, only: string): Entry[][] {
  const groups = new Map<string, Entry[]>();
  for (const zoo of ZOOS) {
    for (const [entry, fixture] of Object.entries(file[zoo])) {
      const name = `${zoo}/${entry}`;
      if (!name.includes(only)) continue;
      const known = RENAMED[name] ?? entry.split('@')[0]!;
      const key = [known, fixture.classes, ...fixture.input].join();
      groups.set(key, [...(groups.get(key) ?? []), { name, fixture, known }]);
    }
  }
  return [...groups.values()];
}

async function runCase(file: ModelsFile, { known, fixture }: Entry, network: () => GoldenNetwork, way: Way) {
  if (!isModelName(known)) return { status: 'skipped', reason: `the zoo has no ${known}` } as const;
  if (way === 'plain' && MODELS[known].slow) return { status: 'skipped', reason: 'too slow in plain JavaScript' } as const;
  const engine = await loadEngine(way === 'plain' ? { force: 'plain' } : {});
  const lacking = way === 'plain' ? undefined : lacks(engine, way);
  if (lacking) return { status: 'skipped', reason: lacking } as const;
  const logits = fixture.sameLogitsAs ? entryNamed(file, fixture.sameLogitsAs) : fixture;
  const complete = { ...fixture, tensors: tensorsOf(file, fixture) };
  const found = await checkModel(network(), complete, logits, RUNNERS[way]);
  return found.length ? ({ status: 'failed', reason: found.join('; ') } as const) : ({ status: 'passed' } as const);
}

function lacks(engine: Engine, way: Way): string | undefined {
  if (engine.backend !== 'tensorflow') return `no TensorFlow here (${engine.reason})`;
  return way === 'compiled' && !engine.addon ? 'no session addon here; nx run tensors:doctor says why' : undefined;
}

/** An entry by the name that `sameLogitsAs` or `sameTensorsAs` has for it. */
function entryNamed(file: ModelsFile, name: string): ModelFixture {
  const [zoo, entry] = name.split('/') as [keyof ModelsFile, string];
  const found = (file[zoo] as Record<string, ModelFixture> | undefined)?.[entry];
  if (!found) throw new Error(`the fixtures have no ${name}`);
  return found;
}

/** The state dict that an entry lists, or that the entry it points at does. */
function tensorsOf(file: ModelsFile, { tensors, sameTensorsAs }: ModelFixture): string[] {
  if (tensors) return tensors;
  if (!sameTensorsAs) throw new Error('an entry of the fixtures lists no tensors');
  return tensorsOf(file, entryNamed(file, sameTensorsAs));
}

/** Computes through a compiled program with the weights resident in its session. */
const compiled: Runner = async (model, weights, images, mode) => {
  const session = new TensorflowSession({ interOpThreads: 1 });
  const program = await compile({
    session,
    state: Object.fromEntries(model.tensors.map(({ name, shape }) => [name, { shape, values: weights[name]! }])),
    functions: {
      forward: { inputs: { images: { shape: [null, model.inputSize, model.inputSize, 3] } }, run: forwardFunction(model, mode) },
    },
  });
  const outputs = await program.run('forward', { images });
  program.dispose();
  session.close();
  return Object.fromEntries(
    Object.entries(outputs).map(([name, { shape, data }]): [string, Values[string]] => [
      name,
      { shape: [...shape], data: data as Float32Array },
    ]),
  );
};

/** One runner a way: what has been computed once is kept under it. */
const RUNNERS: Readonly<Record<Way, Runner>> = { eager: eagerly, compiled, plain: async (...pass) => await eagerly(...pass) };

function forwardFunction(model: Model, mode: Mode): ProgramFunction {
  return ({ images }, state) => {
    const live = Object.fromEntries(model.tensors.map(({ name }) => [name, state.read(name)]));
    return tf.tidy(() => forwardIn(model, live, images as Tensor4D, mode));
  };
}
