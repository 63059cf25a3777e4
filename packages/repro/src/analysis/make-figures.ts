import { progressOn } from '../data-progress.js';
import { messageOf } from '../errors.js';
import { profiles } from '../profile.js';
import type { Surroundings } from '../repro.js';
import { readRuns } from '../run-folder.js';
import type { RunImages } from '../run-types.js';
import { StatusLine } from '../status-line.js';
import { groupBy } from '../table.js';
import { type PendingAnalysis, pendingAnalyses, testPart } from './pending.js';

/** Where test images come from: those that a run has open already, or a folder to look in. */
export interface FigureImages {
  open?: RunImages;
  data?: string | undefined;
}

/**
 * Makes the figures of every finished cell under a folder of results that has none yet. What cannot be made is said and left out: a
 * report without a figure is still a report.
 *
 * Returns  how many cells were looked at.
 * Throws   the signal's reason when aborted.
 */
export async function makeFigures(out: string, images: FigureImages, { output, interruptions, services }: Surroundings): Promise<number> {
  const pending = await pendingAnalyses(out, await readRuns(out));
  const status = new StatusLine(output.progress, output.style, output.width);
  let made = 0;
  for (const group of groupBy(pending, ({ run: { cell } }) =>
    JSON.stringify([cell.images.dataset, cell.images.fingerprint, cell.profile]),
  )) {
    try {
      const found = await imagesOf(group, images, { output, interruptions, services }, status);
      await services.loadEngine('f32');
      made += group.length;
      const events = {
        onCell: ({ cell }: PendingAnalysis['run'], at: number, of: number) =>
          status.status((at - 1) / of, () => `figures of ${cell.label}, seed ${cell.seed} (${at} of ${of})`),
        onSkipped: ({ cell }: PendingAnalysis['run'], why: string) => {
          made--;
          status.line(`no figures for ${cell.label} s${cell.seed}: ${why}`);
        },
      };
      await services.analyse(out, group, found, events, interruptions.signal);
    } catch (error) {
      interruptions.signal.throwIfAborted();
      status.line(`no figures for ${group.map(({ run }) => run.cell.label).join(', ')}: ${messageOf(error)}`);
    }
  }
  status.clear();
  return made;
}

/** The images that a group of cells was tested on. */
async function imagesOf(
  group: readonly PendingAnalysis[],
  { open, data }: FigureImages,
  { interruptions, services }: Surroundings,
  status: StatusLine,
): Promise<RunImages> {
  const { images, profile } = group[0]!.run.cell;
  if (open && testPart(open.about.fingerprint) === testPart(images.fingerprint)) return open;
  return await services.openImages({
    dataset: images.dataset as Parameters<typeof services.openImages>[0]['dataset'],
    data,
    profile: profiles[profile],
    signal: interruptions.signal,
    onProgress: progressOn(status),
  });
}
