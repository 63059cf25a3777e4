import { isDeepStrictEqual } from 'node:util';
import { Command, Option } from 'commander';
import type { RunAction } from './cli.js';
import { exitCodes } from './errors.js';
import { formGroups } from './groups.js';
import { LARGEST_GROUP } from './jobs.js';
import type { Output } from './output.js';
import { isLeft, type Plan } from './plan.js';
import { profileNames, profiles } from './profile.js';
import { recipeWords } from './recipe-words.js';
import { methodNames } from './recipes/index.js';
import { prepare, runRepro, writePlanned } from './repro.js';
import { DATASETS, type ReproRequest, type ReproWords, readReproWords } from './repro-options.js';
import { shellLine } from './shell-words.js';
import { readTeacherCache, teacherCacheOptions } from './teacher-cache.js';
import { wrap } from './terminal.js';
import { workerWords } from './worker-process.js';

/** `tempered repro`: trains cells and lays them out beside the paper's numbers. */
export function reproCommand(run: RunAction): Command {
  return withReproOptions(new Command('repro').description('train cells and print them beside the numbers of the papers'))
    .option('--fresh', 'forget what these cells have done so far')
    .option('--save-every <seconds>', 'checkpoints are written at least so often (default: 600; always after an epoch)')
    .action(async (words: ReproWords) => await run(async (surroundings) => await runRepro(readReproWords(words), surroundings)));
}

/** `tempered plan`: what the same options of `repro` would do. */
export function planCommand(run: RunAction): Command {
  return withReproOptions(new Command('plan').description("say what 'repro' with the same options would do, and do nothing"))
    .option('--write', "write the cells down under runs/, and print a 'tempered run' for each group: for a queue of your own")
    .action(async (words: ReproWords & { write?: boolean }) => {
      await run(async (surroundings) => {
        const { output } = surroundings;
        const request = { ...readReproWords(words), timingBudget: Number.POSITIVE_INFINITY };
        const { plan } = await prepare(request, surroundings);
        const recipes = new Map(plan.cells.map(({ cell }) => [`${cell.recipe.teacher} ${cell.recipe.student} ${cell.label}`, cell]));
        output.say('');
        for (const { label, recipe } of recipes.values()) {
          output.say(wrap(`${output.style.bold(label)}: ${recipeWords(recipe)}`, output.width));
          output.say(output.style.dim(wrap(`  from ${recipe.source}`, output.width, '    ')));
        }
        if (words.write) await writeDown(request, plan, output);
        return exitCodes.done;
      });
    });
}

/** Writes down what is left to do, and says how to do it: one command a group, for xargs, GNU parallel, a job array. */
async function writeDown({ out, data, group, teacherCache }: ReproRequest, plan: Plan, output: Output): Promise<void> {
  const left = plan.cells.filter(isLeft).map(({ cell }) => cell);
  await writePlanned(left, out, data);
  output.say('');
  // What a worker does anyway needs no words.
  const cache = isDeepStrictEqual(teacherCache, readTeacherCache({}, out)) ? {} : { teacherCache };
  for (const cells of formGroups(left, group ?? LARGEST_GROUP)) {
    const words = [
      'tempered',
      ...workerWords(
        cells.map(({ id }) => id),
        { out, ...cache },
      ),
    ];
    output.say(shellLine(words));
    output.record({ kind: 'group', cells: cells.map(({ id }) => id), command: words });
  }
}

function withReproOptions(command: Command): Command {
  for (const option of teacherCacheOptions()) command.addOption(option);
  const switches = ['on', 'off', 'both'];
  return command
    .option('--dataset <name>', `images: ${DATASETS.join(', ')} (default: cifar100; cifar10 in its place where that cannot be had)`)
    .option(
      '--pairs <list>',
      "TEACHER:STUDENT,..., or 'all': the pairs of the paper's tables (default: resnet56:resnet20; on imagenet ResNet34:ResNet18)",
    )
    .option('--methods <list>', `${methodNames.join(', ')}, or 'all' (default: vanilla,kd,ctkd,dkd)`)
    .addOption(new Option('--ls <switch>', 'with logit standardization or without (default: both)').choices(switches))
    .addOption(
      new Option('--curriculum <switch>', 'with a learned temperature or without (default: as each method is published)').choices(switches),
    )
    .addOption(new Option('--profile <name>', 'how much of the paper (see below)').choices(profileNames).default('quick'))
    .option('--epochs <n>', 'other than the profile says; decays, warm-ups and curriculum keep their share')
    .option('--seeds <list>', "a count ('3': seeds 0, 1, 2), a list ('0,1,5') or a range ('4..7') (default: seed 0)")
    .addOption(
      new Option('--precision <name>', "of convolutions; what is sensitive stays f32 (default: the profile's)").choices(['f32', 'bf16']),
    )
    .option('--data-fraction <share>', 'of the training images, above 0 and at most 1')
    .option('--set <field=value...>', "fields of the recipes: 'temperature=2', 'weights.kd=9', 'lr=0.1', 'options.beta=2' ...")
    .option('--grid <field=list...>', "a cell for every combination: 'temperature=1,2,4 weight=1,9'")
    .option('--settings <file>', 'fields in a JSON file; --set and --grid come after it')
    .option('--jobs <n>', 'groups of cells that run at a time (default: one a GPU; on cores as many as keep them busy)')
    .option('--group <n>', `cells of a group at most: what shares batches and a teacher (default: ${LARGEST_GROUP})`)
    .option('--data <folder>', 'where the images lie (default: TEMPERED_DATA, else the cache, else fetched)')
    .option('--out <folder>', "results: runs, tables (relative paths count from the workspace's root)", 'out')
    .option('--json', 'one JSON record a line on stdout, words for people on stderr')
    .addHelpText('after', `\nProfiles:\n${profileNames.map((name) => `  ${name.padEnd(6)} ${profiles[name].about}`).join('\n')}`)
    .addHelpText('after', '\nA run that was stopped goes on when the same command is given again; cells that are done are not run again.');
}
