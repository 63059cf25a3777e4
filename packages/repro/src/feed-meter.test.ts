import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { FeedMeter } from './feed-meter.js';

/** Keeps the one thread busy. */
function spin(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

test('batches made on the spot count with what making them takes, not with what others do before they are looked at', async () => {
  function* made(): Generator<number, void> {
    for (let k = 0; k < 3; k++) {
      spin(5);
      yield k;
    }
  }
  const meter = new FeedMeter();
  const batches = meter.watch(made());
  for (let next = batches.next(); ; next = batches.next()) {
    spin(40);
    if ((await next).done) break;
  }
  expect(meter.record.waitedSeconds).toBeGreaterThanOrEqual(0.015);
  expect(meter.record.waitedSeconds).toBeLessThan(0.04);
});

test('batches made ahead count with the time in which the training stands still', async () => {
  async function* made(): AsyncGenerator<number, void> {
    await setTimeout(60);
    yield 1;
  }
  const idle = new FeedMeter();
  await idle.standStill(idle.watch(made()).next());
  expect(idle.record.waitedSeconds).toBeGreaterThan(0.05);
  const busy = new FeedMeter();
  const next = busy.watch(made()).next();
  await setTimeout(80);
  await busy.standStill(next);
  expect(busy.record.waitedSeconds).toBeLessThan(0.005);
});

test('what is made on the spot beside the batches counts too', () => {
  const meter = new FeedMeter();
  meter.onTheSpot(() => spin(5));
  expect(meter.record.waitedSeconds).toBeGreaterThanOrEqual(0.005);
});
