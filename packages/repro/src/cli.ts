import { Command, CommanderError } from 'commander';
import { benchStepCommand } from './cli-bench.js';
import { dataCommand } from './cli-data.js';
import { doctorCommand } from './cli-doctor.js';
import { evaluateCommand } from './cli-evaluate.js';
import { reportCommand } from './cli-report.js';
import { planCommand, reproCommand } from './cli-repro.js';
import { runCommand } from './cli-run.js';
import { summaryCommand } from './cli-summary.js';
import { tableCommand } from './cli-table.js';
import { teachersCommand } from './cli-teachers.js';
import { watchCommand } from './cli-watch.js';
import { describeError } from './describe-error.js';
import { exitCodes } from './errors.js';
import { listenForSignals, type SignalSource } from './interruption.js';
import { createOutput, type Sink } from './output.js';
import { ownVersion } from './provenance.js';
import type { Surroundings } from './repro.js';
import { type Services, services } from './services.js';
import { type WorkerChannel, workerChannel } from './worker-channel.js';

/** Where the command line runs: streams, signals and what does the work, so that a test can put its own in their place. */
export interface World {
  stdout: Sink;
  stderr: Sink;
  signals: SignalSource;
  services: Services;
  /** The line to the process that started this one as a worker; null where nobody did. */
  channel: WorkerChannel | null;
}

/** A command's body: gets its surroundings, returns the exit code. */
export type Action = (surroundings: Surroundings) => Promise<number>;

/** What the commands hand their bodies to. */
export type RunAction = (action: Action, leavingWords?: string) => Promise<void>;

/** Node's own streams and signals, and the real work. */
export function realWorld(argv: readonly string[]): World {
  const channel = argv[0] === 'run' ? workerChannel() : null;
  const own = { on: process.on.bind(process), off: process.off.bind(process), exit: process.exit.bind(process) } as SignalSource;
  return { stdout: process.stdout, stderr: process.stderr, signals: channel?.signals ?? own, services, channel };
}

const ABOUT =
  "Knowledge distillation with logit standardization and curriculum temperature: trains the papers' cells, each beside its published number.";

const AFTER = `
Exit codes: 0 done, 1 failed, 2 wrong usage, 130 or 143 interrupted after saving.
Environment: TEMPERED_DATA (images), TEMPERED_CACHE (downloads and engine), TEMPERED_ENGINE=cuda|cpu|plain, NO_COLOR.`;

/**
 * The \`tempered\` command: parse, call, print.
 *
 * Returns  the exit code: 0 done, 1 failed, 2 usage, 130 or 143 interrupted after saving. Never throws.
 */
export async function main(argv: readonly string[], world: World = realWorld(argv)): Promise<number> {
  let exitCode: number = exitCodes.done;
  const json = argv.includes('--json');
  const run: RunAction = async (action, leavingWords = 'saving at the next step; once more leaves at once') => {
    const output = createOutput(json, world.stdout, world.stderr);
    const interruptions = listenForSignals((signal) => {
      if (leavingWords !== '') world.stderr.write(`\n${signal === 'SIGINT' ? 'Ctrl-C' : signal}: ${leavingWords}\n`);
    }, world.signals);
    try {
      exitCode = await action({ output, interruptions, services: world.services });
    } catch (error) {
      const interrupted = interruptions.received();
      if (interrupted && isAbort(error)) exitCode = interrupted === 'SIGINT' ? exitCodes.interrupted : exitCodes.terminated;
      else exitCode = report(error);
    } finally {
      interruptions.dispose();
    }
  };
  const report = (error: unknown): number => {
    const { text, record, exitCode: code } = describeError(error);
    const output = createOutput(json, world.stdout, world.stderr);
    output.log(`tempered: ${text}`);
    output.record(record);
    return code;
  };
  const program = new Command('tempered')
    .description(ABOUT)
    .version(ownVersion(), '--version', 'print the version')
    .addHelpText('after', AFTER)
    .addCommand(reproCommand(run))
    .addCommand(planCommand(run))
    .addCommand(runCommand(run, world.channel))
    .addCommand(tableCommand(run))
    .addCommand(reportCommand(run))
    .addCommand(watchCommand(run))
    .addCommand(teachersCommand(run))
    .addCommand(evaluateCommand(run))
    .addCommand(summaryCommand(run))
    .addCommand(dataCommand(run))
    .addCommand(doctorCommand(run))
    .addCommand(benchStepCommand(run));
  forEachCommand(program, (command) =>
    command
      .exitOverride()
      .helpOption('-h, --help', 'show this help')
      .helpCommand(false)
      .showHelpAfterError(`  ${commandPath(command)} --help shows what there is`)
      .configureOutput({ writeOut: (text) => world.stdout.write(text), writeErr: (text) => world.stderr.write(text) }),
  );
  try {
    if (argv.length === 0) program.outputHelp();
    else await program.parseAsync(argv as string[], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) return report(error);
    if (error.exitCode === 0) return exitCodes.done;
    if (json) createOutput(true, world.stdout, world.stderr).record({ kind: 'error', what: error.message, exitCode: exitCodes.usage });
    return exitCodes.usage;
  }
  return exitCode;
}

const isAbort = (error: unknown): boolean =>
  error instanceof Error ? error.name === 'AbortError' || isAbort(error.cause) : error === 'SIGINT' || error === 'SIGTERM';

function forEachCommand(command: Command, visit: (command: Command) => void): void {
  visit(command);
  for (const child of command.commands) forEachCommand(child, visit);
}

const commandPath = (command: Command): string => (command.parent ? `${commandPath(command.parent)} ${command.name()}` : command.name());
