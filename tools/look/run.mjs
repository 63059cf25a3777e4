// @ts-check
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { Browser, findChromium } from './chromium.mjs';

/** How the report is looked at. */
const LOOKS = [
  { name: 'light', scheme: 'light', width: 1100, height: 900, mobile: false },
  { name: 'dark', scheme: 'dark', width: 1100, height: 900, mobile: false },
  { name: 'phone', scheme: 'light', width: 390, height: 844, mobile: true },
];
/** The tallest picture that is kept. */
const TALLEST = 12_000;

/** What must hold of the page as a browser has built it; each returns a complaint or ''. */
const CHECKS = `(() => {
  const problems = [];
  const scripts = document.querySelectorAll('script').length;
  if (scripts !== 1) problems.push(scripts + ' scripts, not one');
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  if (wide > 0) problems.push('the page is ' + wide + ' px wider than the window');
  for (const svg of document.querySelectorAll('svg[role=img]')) {
    const named = (svg.getAttribute('aria-labelledby') ?? '').split(' ').map((id) => document.getElementById(id)?.textContent ?? '');
    if (named.length !== 2 || named.some((text) => text.trim() === '')) problems.push('a chart without words: ' + svg.outerHTML.slice(0, 80));
  }
  const table = document.querySelector('table'), head = table?.querySelectorAll('th button')[1];
  const order = () => [...table.tBodies[0].rows].map((row) => Number(row.cells[1].dataset.value || 'NaN')).filter(Number.isFinite);
  if (head) {
    head.click();
    const down = order();
    if (down.some((value, i) => i > 0 && value > down[i - 1])) problems.push('sorting does not sort');
    head.click();
    const up = order();
    if (up.some((value, i) => i > 0 && value < up[i - 1])) problems.push('sorting upwards does not sort');
  }
  return problems;
})()`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { out: { type: 'string', default: 'out' }, to: { type: 'string' }, section: { type: 'string' }, until: { type: 'string' } },
});
const root = resolve(import.meta.dirname, '../..');
const report = resolve(root, positionals[0] ?? join(values.out, 'report.html'));
const folder = resolve(root, values.to ?? join(values.out, 'look'));
mkdirSync(folder, { recursive: true });

const browser = new Browser(findChromium());
/** @type {string[]} */
const problems = [];
try {
  await browser.attach();
  browser.listen((method, params) => {
    if (method === 'Network.requestWillBeSent' && params.request.url !== pathToFileURL(report).href)
      problems.push(`asks for ${params.request.url}`);
    if (method === 'Runtime.exceptionThrown') problems.push(params.exceptionDetails.text);
    if (method === 'Log.entryAdded' && params.entry.level === 'error') problems.push(params.entry.text);
  });
  // A picture of the whole page has none, so what is measured must have none either.
  await browser.send('Emulation.setScrollbarsHidden', { hidden: true });
  for (const { name, scheme, width, height, mobile } of LOOKS) {
    await browser.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: scheme }] });
    await browser.send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile });
    const loaded = new Promise((done) => browser.listen((method) => method === 'Page.loadEventFired' && done(null)));
    await browser.send('Page.navigate', { url: pathToFileURL(report).href });
    await loaded;
    const picture = await shoot(name);
    process.stdout.write(`${picture}\n`);
    for (const problem of await browser.evaluate(CHECKS)) problems.push(`${name}: ${problem}`);
  }
} finally {
  await browser.close();
}
for (const problem of problems) process.stderr.write(`look: ${problem}\n`);
process.exitCode = problems.length > 0 ? 1 : 0;

/** A picture of the whole page, or of what lies from `--section` to the end of `--until`. @param {string} name */
async function shoot(name) {
  const box = values.section
    ? await browser.evaluate(
        `(() => {
          const [from, to] = ${JSON.stringify([values.section, values.until ?? values.section])}.map((one) => document.querySelector(one).getBoundingClientRect());
          return { x: 0, y: from.y + scrollY - 4, width: document.documentElement.clientWidth, height: to.bottom - from.top + 8 };
        })()`,
      )
    : {
        x: 0,
        y: 0,
        ...(await browser.evaluate('({ width: document.documentElement.clientWidth, height: document.documentElement.scrollHeight })')),
      };
  const clip = { ...box, height: Math.min(box.height, TALLEST), scale: 1 };
  const { data } = await browser.send('Page.captureScreenshot', { format: 'png', clip, captureBeyondViewport: true });
  const path = join(folder, `${name}.png`);
  writeFileSync(path, Buffer.from(data, 'base64'));
  return path;
}
