import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeReport } from '../report.js';
import { runFolder, writeConfig, writeSummary } from '../run-folder.js';
import { fakeAnalysis, fakeImages, fakeRuns, quickCells } from '../testing/fake-runs.js';
import { authorsRuns } from './authors-curves.js';
import { codeWords } from './cells-section.js';
import { heatMap, levelOf } from './heat-map.js';
import { escapeHtml, html } from './html.js';
import { lineChart } from './line-chart.js';
import type { RecordedRun } from './metrics.js';
import { reportPage } from './page.js';
import { rangeOf, spreadOut, ticks } from './scale.js';

let out: string;
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), 'tempered-report-'));
});
afterEach(() => rmSync(out, { recursive: true, force: true }));

const withEpochs = (cells = quickCells({ seeds: [0, 1] })) =>
  fakeRuns(cells, (cell, index) => 50 + index / 4 + cell.seed).map((run) => ({
    ...run,
    epochs: [3, 6, 9, 12].map((epoch) => ({ epoch, loss: 4 / epoch, top1: 3 * epoch + run.cell.seed, temperature: 15.6 - epoch / 2 })),
  }));

test('a page from disk: tables, charts with words for them, sources', async () => {
  for (const run of withEpochs()) {
    await writeConfig(out, run.cell, {});
    await writeSummary(out, run.summary!);
    const rows = run.epochs.map(({ epoch, loss, top1, temperature }) => `${epoch},0.05,${loss},${loss},1,${top1},90,${temperature},3`);
    writeFileSync(
      join(runFolder(out, run.cell), 'metrics.csv'),
      `epoch,learningRate,loss,crossEntropy,trainTop1,top1,top5,temperature,seconds\n${rows.join('\n')}\n`,
    );
  }
  mkdirSync(join(out, 'runs', 'something-else'));
  const page = readFileSync(await writeReport(out), 'utf8');
  expect(page.includes('<h2>resnet56 → resnet20 · CIFAR-10')).toBe(true);
  expect(page.includes('A quick result is not comparable with the papers&#39; numbers')).toBe(true);
  expect(page.includes('<th scope="row">KD+LS</th><td data-value="52.25">52.25 ±2.12</td>')).toBe(true);
  expect(page.includes('paper % (CIFAR-100)')).toBe(true);
  for (const title of ['Difference to plain KD', 'Test accuracy while training', 'Learned temperature'])
    expect(page.includes(`<figcaption>${title}</figcaption>`)).toBe(true);
  const charts = page.match(/<svg [^>]*role="img" aria-labelledby="([^"]+)"/g)!;
  expect(charts.length).toBe(3);
  for (const chart of charts)
    for (const id of /aria-labelledby="([^"]+)"/.exec(chart)![1]!.split(' ')) expect(page.split(`id="${id}"`).length).toBe(2);
  expect(page.includes('KD+LS: ours +0.50, papers +0.77')).toBe(true);
  expect(page.includes('RepDistiller run_cifar_distill.sh')).toBe(true);
});

test('the page asks for nothing from anywhere and runs only what its policy names', () => {
  // Links within the page are the only ones.
  const page = reportPage(withEpochs()).replaceAll(/<a href="#[\w-]+">/g, '<a>');
  expect(page.match(/<script/g)!.length).toBe(1);
  expect(page).not.toMatch(/\b(src|href|srcset|action|formaction|background)\s*=/i);
  expect(page).not.toMatch(/@import|url\(/i);
  expect(page).not.toMatch(/\sstyle="|\son\w+="/i);
  expect(page).toMatch(
    /Content-Security-Policy" content="default-src 'none'; style-src 'sha256-[\w+/=]+'; script-src 'sha256-[\w+/=]+'; base-uri 'none'/,
  );
});

/** What people have put into names to get out of a page's text; each alone, and inside words. */
const PAYLOADS = [
  '<script>alert(1)</script>',
  '</script><script>alert(1)</script>',
  '</style><script>alert(1)</script>',
  '</title><svg onload=alert(1)>',
  '</desc></svg><script>alert(1)</script>',
  '</pre></details><iframe src=//evil.example>',
  '</summary><img src=x onerror=alert(1)>',
  '"><img src=x onerror=alert(1)>',
  "'><img src=x onerror=alert(1)>",
  '" onmouseover="alert(1)',
  "' onmouseover='alert(1)",
  '" autofocus onfocus=alert(1) x="',
  '<svg/onload=alert(1)>',
  '<math><mi//xlink:href="data:x,<script>alert(1)</script>">',
  '<a href="javascript:alert(1)">x</a>',
  '<base href=//evil.example>',
  '<meta http-equiv=refresh content="0;url=//evil.example">',
  '<link rel=stylesheet href=//evil.example/x.css>',
  '<form action=//evil.example><input type=submit>',
  '<object data=//evil.example></object>',
  '<!--',
  '--><script>alert(1)</script>',
  '<![CDATA[<script>]]>',
  ']]>',
  '&lt;script&gt;alert(1)&lt;/script&gt;',
  '&#60;script&#62;',
  '&quot; onload=&quot;',
  '\u2028alert(1)\u2029',
  '\u0000<\u0000script>',
  '<scr\u0000ipt>',
  '\ufeff<script>',
  '\u202e<script>',
  '＜script＞',
  '#{7*7}',
  '<%= 7*7 %>',
  '{{constructor.constructor("alert(1)")()}}',
  '__proto__',
  'constructor',
  'javascript:alert(1)',
  'url(//evil.example)',
  '@import "//evil.example"',
  'expression(alert(1))',
  '\\u003cscript\\u003e',
  '%3Cscript%3E',
  '=HYPERLINK("//evil.example")',
  '../../../etc/passwd',
  '\n\r\t<script>',
  '<',
  '"',
  "'",
];

const tagNames = (page: string): string[] => (page.match(/<\/?[a-z!][^>]*/gi) ?? []).map((tag) => /<\/?[a-z!-]+/i.exec(tag)![0]);

test('the page says which code and engine every number comes from, and once for all where they agree', () => {
  const versions = { tempered: '0.1.0', tfjs: '4.22.0', node: '20.19.0' };
  const about = { commit: `${'1a2b3c4d5e'.repeat(4)}-dirty`, versions };
  const runs = withEpochs(quickCells({ methods: ['kd'] })).map((run) => ({ ...run, about }));
  const page = reportPage(runs);
  expect(page.match(/commit 1a2b3c4d5e1a with changes, tempered 0\.1\.0, tfjs 4\.22\.0, node 20\.19\.0/g)).toHaveLength(runs.length + 1);
  expect(page).toContain(`Engine: ${runs[0]!.summary!.engine}.`);
  expect(codeWords({ commit: null, versions })).toBe('tempered 0.1.0, tfjs 4.22.0, node 20.19.0');
  expect(codeWords({})).toBe('-');
});

test('no name, however hostile, becomes markup', () => {
  expect(PAYLOADS.length).toBe(50);
  const [run] = withEpochs(quickCells({ methods: ['ctkd'], ls: 'off' })).map((one) => ({
    ...one,
    analysis: fakeAnalysis(one.cell),
    about: { engine: 'x', commit: 'x', versions: { tempered: 'x' } },
  }));
  const clean = tagNames(reportPage([run!]));
  for (const payload of PAYLOADS) {
    const { cell, summary, analysis } = run!;
    const features = { ...analysis.features, classes: [payload, payload] };
    const hostile = {
      ...run!,
      cell: {
        ...cell,
        id: payload,
        label: payload,
        images: { ...fakeImages, source: payload, fingerprint: payload },
        recipe: { ...cell.recipe, source: payload },
      },
      summary: { ...summary!, engine: payload, teacher: { name: payload, top1: 1, sha256: payload } },
      analysis: { ...analysis, cell: payload, features, teacher: { ...analysis.teacher!, name: payload, features } },
      about: { [payload]: payload, commit: payload, versions: { tempered: payload } },
    };
    const page = reportPage([hostile as RecordedRun]);
    expect(tagNames(page), payload).toEqual(clean);
    expect(page.match(/<script/g)!.length, payload).toBe(1);
    expect(/<[^>]*\son\w+\s*=/i.test(page), payload).toBe(false);
  }
});

test('a template escapes what it takes, and only that', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const escaped = escapeHtml(text);
      expect(escaped).not.toMatch(/[<>"']/);
      expect(html`<b>${text}</b>`.text).toBe(`<b>${escaped}</b>`);
    }),
  );
  expect(html`${html`<i>`}${['a', html`<b>`]}${null}${false}${undefined}${0}`.text).toBe('<i>a<b>0');
});

test('a chart without figures is empty, not broken', () => {
  const { text } = lineChart({
    id: 'x',
    title: 'T',
    description: 'D',
    xLabel: 'x',
    yLabel: 'y',
    series: [{ label: 'nothing', tone: 0, points: [[1, Number.NaN]] }],
  });
  expect(text).not.toContain('NaN');
  expect(text).not.toContain('Infinity');
  const one = lineChart({
    id: 'x',
    title: 'T',
    description: 'D',
    xLabel: 'x',
    yLabel: 'y',
    series: [{ label: 'one', tone: 0, points: [[5, 3]] }],
  });
  expect(one.text).not.toMatch(/NaN|Infinity/);
});

test('ticks are round and inside the range', () => {
  expect(ticks(0, 100)).toEqual([0, 20, 40, 60, 80, 100]);
  expect(ticks(-0.3, 0.31)).toEqual([-0.2, 0, 0.2]);
  fc.assert(
    fc.property(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.double({ min: 1e-3, max: 1e6, noNaN: true }), (low, width) => {
      const found = ticks(low, low + width);
      expect(found.length).toBeGreaterThan(0);
      expect(found.length).toBeLessThan(14);
      for (const tick of found) expect(tick >= low - width * 1e-6 && tick <= low + width * (1 + 1e-6)).toBe(true);
    }),
  );
  expect(rangeOf([])).toEqual([0, 1]);
  expect(rangeOf([5])).toEqual([4.5, 5.5]);
});

test('labels are moved apart, in their order and within bounds', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 300, noNaN: true }), { minLength: 1, maxLength: 12 }), (positions) => {
      const placed = spreadOut(positions, 15, [0, 300]);
      const order = positions.map((_, index) => index).sort((a, b) => placed[a]! - placed[b]!);
      for (let i = 1; i < order.length; i++) {
        expect(placed[order[i]!]! - placed[order[i - 1]!]!).toBeGreaterThan(15 - 1e-6);
        expect(positions[order[i]!]!).toBeGreaterThanOrEqual(positions[order[i - 1]!]!);
      }
      for (const place of placed) expect(place >= -1e-6 && place <= 300 + 1e-6).toBe(true);
    }),
  );
});

test("the authors' logs are found for cells with standardization, and no others", () => {
  const cifar100 = { ...fakeImages, dataset: 'cifar100' };
  const recipe = quickCells({ methods: ['kd'], ls: 'on' }, cifar100)[0]!.recipe;
  const [own, ...others] = authorsRuns(recipe);
  expect(others).toEqual([]);
  expect(own).toMatchObject({ epochs: 240, temperature: [] });
  expect(own!.points).toHaveLength(240);
  expect(authorsRuns({ ...recipe, standardize: false })).toEqual([]);
  expect(authorsRuns({ ...recipe, teacher: 'resnet110', student: 'resnet56' })).toEqual([]);
});

test("ours stand over the authors' curve by the share of the schedule, by epoch where both are as long", () => {
  const cells = quickCells({ methods: ['kd'], ls: 'on' }, { ...fakeImages, dataset: 'cifar100' });
  const drawn = (runs: readonly RecordedRun[]): string => reportPage(runs);
  const short = drawn(withEpochs(cells));
  expect(short).toContain(
    'Our curves over the authors&#39; own (dashed: 240 epochs on 50,000 images of CIFAR-100; ours: 12 epochs on 5,000 images',
  );
  expect(short.includes('% of the schedule done')).toBe(true);
  const long = cells.map((cell) => ({ ...cell, recipe: { ...cell.recipe, epochs: 240 } }));
  expect(drawn(withEpochs(long)).includes('<figcaption>Our curves over the authors&#39; own</figcaption>')).toBe(true);
});

test('figures of the students: agreement, logits, correlations, features, each with words for it', () => {
  const page = reportPage(withEpochs().map((run) => ({ ...run, analysis: fakeAnalysis(run.cell) })));
  expect(page.includes('What the students took over')).toBe(true);
  expect(page.includes('<td data-value="0.81">0.8100</td>')).toBe(true);
  expect(page.includes('Student: mean 1.00, deviation 2.00 on average; teacher: mean 0.50, deviation 3.00.')).toBe(true);
  expect(page).toContain(
    'Images of cat, dog in the two directions in which their features differ most; these hold 60 % and 20 % of the variance.',
  );
  expect(page.match(/class="map"/g)!.length).toBe(7);
  const first = 'Charts of a row with several seeds show the first of them.';
  const withSeeds = (...seeds: number[]): string =>
    reportPage(withEpochs(quickCells({ methods: ['kd'], seeds })).map((run) => ({ ...run, analysis: fakeAnalysis(run.cell) })));
  expect([withSeeds(0).includes(first), withSeeds(0, 1).includes(first)]).toEqual([false, true]);
  expect(/NaN|Infinity|undefined/.test(page.split('<script>')[0]!)).toBe(false);
});

test('cost: seconds, and how often the teacher was on disk where a row store was used', () => {
  const [run] = withEpochs();
  const page = reportPage([{ ...run!, summary: { ...run!.summary!, teacherRows: { hits: 750, misses: 250 } } }]);
  expect(page.includes('<td data-value="1000">1,000</td><td data-value="0.75">75.0</td>')).toBe(true);
});

test('every pair of the papers is on the page, run or not', () => {
  const page = reportPage(withEpochs());
  for (const pair of ['resnet32x4 → resnet8x4', 'ResNet50 → MobileNetV2', 'ResNet34 → ResNet18'])
    expect(page.includes(`<th scope="row">${pair}</th>`)).toBe(true);
  expect(page.includes('CIFAR-100, teacher and student of one family: 63 rows, 8 of them run')).toBe(true);
});

test('a heat map has a step of colour for every share of its top', () => {
  expect([0, 0.05, 0.5, 1, 9, Number.NaN].map((value) => levelOf(value, 1))).toEqual([0, 0, 4, 7, 7, 0]);
  const { text } = heatMap({ id: 'm', title: 'T', description: 'D', side: 2, values: [1, 1, 0, 1], top: 1 });
  expect(text).toContain('d="M0 0.5h2M1 1.5h1"');
});
