import { main } from './cli.js';

/** What still runs this long after the work is done (a thread of TensorFlow's) does not keep the command from ending. */
const GRACE_MS = 2_000;

// The command and its workers share a GPU; by default the first of them would take all of its memory.
process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= 'true';

// A reader that has seen enough (`tempered table | head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0);
  throw error;
});
// A worker whose command is gone has nobody left to tell that it saves; it saves all the same.
process.stderr.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

process.exitCode = await main(process.argv.slice(2));
setTimeout(() => process.exit(), GRACE_MS).unref();
