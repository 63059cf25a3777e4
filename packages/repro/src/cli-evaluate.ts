import { Command } from 'commander';
import { writeAtomically } from './atomic-file.js';
import type { RunAction } from './cli.js';
import { parseModel } from './cli-teachers.js';
import { progressOn } from './data-progress.js';
import { exitCodes, usageError } from './errors.js';
import type { WeightsFile } from './evaluate-weights.js';
import { classAccuracies, classesCsv, confusionCsv, confusionOf } from './evaluation/confusion.js';
import { comparePaired } from './evaluation/paired.js';
import type { Predictions } from './evaluation/predictions.js';
import { summarise } from './evaluation/summary.js';
import { comparisonText, evaluationText } from './evaluation/text.js';
import type { Output } from './output.js';
import { profiles } from './profile.js';
import type { Surroundings } from './repro.js';
import { DATASETS, parseDataset } from './repro-options.js';
import { StatusLine } from './status-line.js';
import { count, datasetTitle } from './table.js';
import { fromRoot } from './workspace.js';

interface EvaluateWords {
  model: string;
  weights: string;
  against?: string;
  againstModel?: string;
  confusion?: string;
  classes?: string;
  dataset?: string;
  data?: string;
  json?: boolean;
}

/** `tempered evaluate`: what any weights are worth on all test images, in float32, alone or beside others. */
export function evaluateCommand(run: RunAction): Command {
  return new Command('evaluate')
    .description('accuracy, calibration and mistakes of a .pth, .safetensors or checkpoint file on a test set; or of two, compared')
    .requiredOption('--model <name>', 'what the file holds the weights of')
    .requiredOption('--weights <file>', ".pth, .pt, .safetensors, or a run's checkpoint.safetensors")
    .option('--against <file>', 'compare with these weights, image by image')
    .option('--against-model <name>', 'what those are the weights of (default: the same model)')
    .option('--confusion <file>', 'write the confusion matrix there, as CSV')
    .option('--classes <file>', 'write the accuracy of every class there, as CSV')
    .option('--dataset <name>', `${DATASETS.join(', ')} (default: cifar100)`)
    .option('--data <folder>', 'where the images lie (default: TEMPERED_DATA, else the cache, else fetched)')
    .option('--json', 'JSON records on stdout')
    .action(async (words: EvaluateWords) => await run(async (surroundings) => await evaluate(words, surroundings)));
}

/** The networks that are asked for, the one that is compared with last. */
function filesOf({ model, weights, against, againstModel }: EvaluateWords): WeightsFile[] {
  const first = { model: parseModel(model, '--model'), path: fromRoot(weights) };
  if (against === undefined) {
    if (againstModel !== undefined) throw usageError({ what: '--against-model without --against', where: '--against-model' });
    return [first];
  }
  const second = againstModel === undefined ? first.model : parseModel(againstModel, '--against-model');
  return [first, { model: second, path: fromRoot(against) }];
}

async function evaluate(words: EvaluateWords, { output, interruptions, services }: Surroundings): Promise<number> {
  const files = filesOf(words);
  const status = new StatusLine(output.progress, output.style, output.width);
  const { test, about } = await services.openImages({
    dataset: parseDataset(words.dataset ?? 'cifar100'),
    data: words.data === undefined ? undefined : fromRoot(words.data),
    profile: profiles.quick,
    signal: interruptions.signal,
    onProgress: progressOn(status),
  });
  status.clear();
  await services.loadEngine('f32');
  const predictions = await services.predict(files, test, interruptions.signal);
  for (const [i, { model, path }] of files.entries()) {
    const found = summarise(predictions[i]!);
    const { top1, top5, images, top1Error, calibration, classes, mistakes } = found;
    output.say(
      `${i === 0 ? '' : '\n'}${model}: ${top1.toFixed(2)} % top-1, ${top5.toFixed(2)} % top-5 of ${count(images)} test images of ${datasetTitle(about.dataset)}`,
    );
    output.say(evaluationText(found, test.labelNames, output.style));
    const named = mistakes.map((mistake) => ({ ...mistake, names: [test.labelNames[mistake.label], test.labelNames[mistake.predicted]] }));
    output.record({
      kind: 'evaluation',
      model,
      weights: path,
      dataset: about.dataset,
      images,
      top1,
      top5,
      top1Error,
      calibration,
      classes: classes.map((one) => ({ ...one, name: test.labelNames[one.label] })),
      mistakes: named,
    });
  }
  const [first, second] = predictions;
  if (second) {
    const comparison = comparePaired(first!, second);
    output.say(`\n${comparisonText(comparison, 'first', 'second')}`);
    output.record({ kind: 'comparison', first: files[0]!.path, second: files[1]!.path, ...comparison });
  }
  await writeFiles(words, first!, test.labelNames, output);
  return exitCodes.done;
}

/** The CSV files of the first network. */
async function writeFiles(
  words: EvaluateWords,
  predictions: Predictions,
  names: readonly string[],
  { say, record }: Output,
): Promise<void> {
  const confusion = confusionOf(predictions);
  const files = [
    [words.confusion, () => confusionCsv(confusion, names)],
    [words.classes, () => classesCsv(classAccuracies(confusion), names)],
  ] as const;
  for (const [path, csv] of files) {
    if (path === undefined) continue;
    await writeAtomically(fromRoot(path), csv());
    say(fromRoot(path));
    record({ kind: 'file', path: fromRoot(path) });
  }
}
