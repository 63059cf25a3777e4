import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { FeedMeter } from './feed-meter.js';

/** Keeps the one thread busy. */
function spin(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

/** Numbers of batches, each of which takes the thread so long. */
function* made(ms: number, count = 3): Generator<number, void> {
  for (let k = 0; k < count; k++) {
    spin(ms);
    yield k;
  }
}

const same = <T>(batch: T): T => batch;
/** Units: seconds. */
const waited = (meter: FeedMeter): number => meter.record.waitedSeconds;

test('batches come in their order, each completed before it is given out', async () => {
  const meter = new FeedMeter();
  const seen: string[] = [];
  for await (const batch of meter.ahead(made(0), (k) => `view of ${k}`)) seen.push(batch);
  expect(seen).toEqual(['view of 0', 'view of 1', 'view of 2']);
});

test('where the engine has nothing to do, making them counts in full, but not what others do before they are looked at', async () => {
  const meter = new FeedMeter();
  const batches = meter.ahead(made(5), () => spin(5));
  for (let next = batches.next(); ; next = batches.next()) {
    spin(60);
    if ((await next).done) break;
  }
  expect(waited(meter)).toBeGreaterThanOrEqual(0.03);
  expect(waited(meter)).toBeLessThan(0.06);
});

test('made while a step runs they cost nothing, and are there when it has ended', async () => {
  const meter = new FeedMeter();
  const batches = meter.ahead(made(0), () => spin(20));
  await meter.standStill(batches.next());
  const before = waited(meter);
  expect(before).toBeGreaterThanOrEqual(0.02);
  for (let step = 0; step < 2; step++) {
    await meter.during(setTimeout(200));
    await meter.standStill(batches.next());
  }
  expect(waited(meter) - before).toBeLessThan(0.01);
});

test('what was being made when a step ended counts in full: the thread was not free to begin another', async () => {
  const meter = new FeedMeter();
  const batches = meter.ahead(made(0), () => spin(50));
  await batches.next();
  const before = waited(meter);
  await meter.during(setTimeout(10));
  await meter.standStill(batches.next());
  expect(waited(meter) - before).toBeGreaterThanOrEqual(0.05);
  expect(waited(meter) - before).toBeLessThan(0.1);
});

test('what held the teacher back while a step ran counts as far as the training then stands still', async () => {
  const held = async (stands: number): Promise<number> => {
    const meter = new FeedMeter();
    const batches = meter.ahead(made(0, 4), () => spin(30));
    await meter.standStill(batches.next());
    const before = waited(meter);
    const step = meter.during(setTimeout(250));
    // The second one is there or under way; two more are waited for.
    for (let k = 0; k < 3; k++) await batches.next();
    await step;
    await meter.standStill(setTimeout(stands));
    return waited(meter) - before;
  };
  expect(await held(1)).toBeLessThan(0.02);
  const long = await held(200);
  expect(long).toBeGreaterThan(0.055);
  expect(long).toBeLessThan(0.15);
});

test('batches that others make count with the time in which the training stands still', async () => {
  async function* others(): AsyncGenerator<number, void> {
    await setTimeout(60);
    yield 1;
  }
  const idle = new FeedMeter();
  await idle.standStill(idle.ahead(others(), same).next());
  expect(waited(idle)).toBeGreaterThan(0.05);
  const busy = new FeedMeter();
  const next = busy.ahead(others(), same).next();
  await busy.during(setTimeout(100));
  await busy.standStill(next);
  expect(waited(busy)).toBeLessThan(0.01);
});

test('a failure reaches whoever asks for that batch, not earlier', async () => {
  const meter = new FeedMeter();
  const batches = meter.ahead(made(0), (k) => {
    if (k === 1) throw new Error('no view of 1');
    return k;
  });
  expect((await batches.next()).value).toBe(0);
  await setTimeout(10);
  await expect(batches.next()).rejects.toThrow('no view of 1');
  expect((await batches.next()).done).toBe(true);
});

test('left early, it ends the batches once nothing is being made any more', async () => {
  const events: string[] = [];
  async function* others(): AsyncGenerator<number, void> {
    try {
      for (let k = 0; ; k++) {
        await setTimeout(20);
        events.push(`made ${k}`);
        yield k;
      }
    } finally {
      events.push('ended');
    }
  }
  for await (const k of new FeedMeter().ahead(others(), same)) if (k === 0) break;
  expect(events).toEqual(['made 0', 'made 1', 'ended']);
});
