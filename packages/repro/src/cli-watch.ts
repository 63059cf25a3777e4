import { Command } from 'commander';
import type { RunAction } from './cli.js';
import { exitCodes, UserError, usageError } from './errors.js';
import type { Surroundings } from './repro.js';
import { parseSeconds } from './repro-options.js';
import { readWatched, type Watched } from './watch-state.js';
import { watchLines } from './watch-view.js';
import { fromRoot } from './workspace.js';

interface WatchWords {
  out: string;
  interval: string;
  once?: boolean;
  serve?: boolean;
  port?: string;
}

/** `tempered watch`: what runs under a folder of results, from whatever process, as it goes on. */
export function watchCommand(run: RunAction): Command {
  return new Command('watch')
    .description('look on while cells run: how far each is, curves, time left; in the terminal, or as a page of this machine')
    .option('--out <folder>', 'where the results lie', 'out')
    .option('--interval <seconds>', 'how often to look', '1')
    .option('--once', 'look once and leave (also where there is no terminal)')
    .option('--serve', 'as a page: on the loopback address only, read only')
    .option('--port <n>', 'of the page (default: any that is free)')
    .option('--json', 'one JSON record a look on stdout; with --serve, where the page is')
    .addHelpText('after', '\nIt reads the folders of the runs and disturbs nobody. Ctrl-C leaves.')
    .action(async (words: WatchWords) => await run(async (surroundings) => await watch(words, surroundings), ''));
}

async function watch(words: WatchWords, surroundings: Surroundings): Promise<number> {
  const { output } = surroundings;
  const out = fromRoot(words.out);
  const every = 1000 * parseSeconds('--interval', words.interval);
  const read = async (): Promise<Watched> => await readWatched(out);
  if (words.serve) return await serve(words, read, surroundings);
  if (words.port !== undefined) throw usageError({ what: 'there is a port only for a page', where: '--port', mend: 'add --serve' });
  if (output.json) {
    do output.record({ kind: 'watch', ...(await read()) });
    while (!words.once && (await pause(every, surroundings)));
  } else if (words.once || !output.live) for (const line of watchLines(await read(), output.style, output.width)) output.say(line);
  else await draw(read, every, surroundings);
  return exitCodes.done;
}

/** Redraws the terminal's other screen, and gives the first one back. */
async function draw(read: () => Promise<Watched>, every: number, surroundings: Surroundings): Promise<void> {
  const { output } = surroundings;
  output.write('\x1b[?1049h\x1b[?25l');
  let last: string[] = [];
  try {
    do {
      last = watchLines(await read(), output.style, output.width, output.height() - 1);
      output.write(`\x1b[H${last.map((line) => `${line}\x1b[K\n`).join('')}\x1b[J`);
    } while (await pause(every, surroundings));
  } finally {
    output.write('\x1b[?25h\x1b[?1049l');
  }
  for (const line of last) output.say(line);
}

async function serve(words: WatchWords, read: () => Promise<Watched>, surroundings: Surroundings): Promise<number> {
  const { output } = surroundings;
  const port = words.port === undefined ? 0 : Number(words.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw usageError({ what: `'${words.port}' is not a port`, where: '--port' });
  const { serveWatch } = await import('./watch-server.js');
  const server = await serveWatch(read, port).catch((error: NodeJS.ErrnoException) => {
    throw new UserError({
      what: `the page cannot be served: ${error.message}`,
      where: '--port',
      mend: 'leave it out for any that is free',
    });
  });
  output.say(`${server.url}\nCtrl-C ends it.`);
  output.record({ kind: 'watch', url: server.url });
  while (await pause(60_000, surroundings));
  await server.close();
  return exitCodes.done;
}

/** Waits; false as soon as somebody wants to leave. */
const pause = async (ms: number, { interruptions: { signal } }: Surroundings): Promise<boolean> =>
  await new Promise((resolve) => {
    if (signal.aborted) return resolve(false);
    const leave = (): void => end(false);
    const timer = setTimeout(() => end(true), ms);
    const end = (go: boolean): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', leave);
      resolve(go);
    };
    signal.addEventListener('abort', leave);
  });
