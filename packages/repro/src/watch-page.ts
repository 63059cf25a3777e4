/** The page of `tempered watch --serve`: asks for the state every two seconds and draws it. Every word of data goes in as text. */
export const watchPage = (nonce: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Tempered: runs</title>
<style nonce="${nonce}">
:root { color-scheme: light dark; --ink: #1b1f24; --dim: #667078; --paper: #fff; --line: #d8dde2; --go: #1a7f37; --bad: #c62828; --wait: #9a6700; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ec; --dim: #98a2ab; --paper: #14171a; --line: #30363c; --go: #3fb950; --bad: #ff7b72; --wait: #d29922; } }
body { margin: 0 auto; max-width: 72rem; padding: 1rem; color: var(--ink); background: var(--paper); font: 15px/1.45 system-ui, sans-serif; }
h1 { font-size: 1.2rem; margin: 0; } p { color: var(--dim); margin: .25rem 0 1rem; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { color: var(--dim); font-weight: 500; } .n { text-align: right; } td.why { white-space: normal; color: var(--bad); }
.running { color: var(--go); } .failed, .diverged { color: var(--bad); } .stopped { color: var(--wait); } .waiting { color: var(--dim); }
.pair th { padding-top: 1rem; color: var(--ink); font-weight: 600; }
progress { width: 7rem; accent-color: var(--go); } svg { width: 120px; height: 28px; display: block; } path { fill: none; stroke: var(--go); stroke-width: 1.5; stroke-linecap: round; }
@media (max-width: 40rem) { body { padding: .75rem; } th, td { padding: .3rem .35rem; } progress { width: 4rem; } }
</style>
</head>
<body>
<h1 id="head" aria-live="polite">Looking…</h1>
<p><span id="states"></span><br><span id="where"></span></p>
<div class="scroll"><table>
<thead><tr><th>cell</th><th>state</th><th>done</th><th class="n">epoch</th><th class="n">loss</th><th class="n">last %</th><th class="n">best %</th><th class="n">T</th><th>test accuracy</th></tr></thead>
<tbody id="cells"></tbody>
</table></div>
<script nonce="${nonce}">
const make = (name, text, kind) => { const node = document.createElement(name); if (text !== undefined) node.textContent = text; if (kind) node.className = kind; return node; };
const fixed = (value, digits) => value === null ? '' : value.toFixed(digits);
const duration = (s) => s < 90 ? Math.round(s) + ' s' : s < 5400 ? Math.round(s / 60) + ' min' : s < 129600 ? (s / 3600).toFixed(1) + ' h' : (s / 86400).toFixed(1) + ' days';
function curve(points, label) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 120 28');
  svg.setAttribute('role', 'img');
  const values = points.map((p) => p[1]), low = Math.min(...values), high = Math.max(...values), last = points.length - 1;
  svg.setAttribute('aria-label', points.length ? label + ': ' + values[0].toFixed(2) + ' to ' + values[last].toFixed(2) + ' percent' : label + ': none yet');
  if (points.length > 0) {
    const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
    path.setAttribute('d', values.map((v, i) => (i ? 'L' : 'M') + (2 + 116 * (last ? i / last : 0)).toFixed(1) + ' ' + (26 - 24 * (high === low ? 0 : (v - low) / (high - low))).toFixed(1)).join('') + (last ? '' : 'h0.1'));
    svg.append(path);
  }
  return svg;
}
const order = ['running', 'failed', 'diverged', 'stopped', 'waiting', 'done'];
function rows(cells) {
  const shown = [...cells].sort((a, b) => order.indexOf(a.status) - order.indexOf(b.status));
  const seeds = new Set(cells.map((cell) => cell.seed)).size > 1;
  return shown.flatMap((cell, i) => {
    if (i > 0 && shown[i - 1].pair === cell.pair) return [row(cell, seeds)];
    const head = make('th', cell.pair);
    head.colSpan = 9;
    head.scope = 'rowgroup';
    const line = make('tr', undefined, 'pair');
    line.append(head);
    return [line, row(cell, seeds)];
  });
}
function row(cell, seeds) {
  const tr = make('tr');
  tr.title = cell.id + (cell.worker ? ', ' + cell.worker : '');
  tr.append(make('td', cell.label + (seeds ? ' s' + cell.seed : '')), make('td', cell.status, cell.status));
  const bar = make('progress'); bar.max = 1; bar.value = cell.share; bar.setAttribute('aria-label', 'share of ' + cell.label + ' done');
  const done = make('td'); done.append(bar); tr.append(done);
  tr.append(make('td', cell.epoch + '/' + cell.epochs, 'n'));
  if (cell.failure) { const why = make('td', cell.failure, 'why'); why.colSpan = 5; tr.append(why); return tr; }
  tr.append(make('td', fixed(cell.loss, 3), 'n'), make('td', fixed(cell.lastTop1, 2), 'n'), make('td', fixed(cell.bestTop1, 2), 'n'), make('td', fixed(cell.temperature, 2), 'n'));
  const drawn = make('td'); drawn.append(curve(cell.curves.top1, 'test accuracy of ' + cell.label)); tr.append(drawn);
  return tr;
}
async function look() {
  try {
    const state = await (await fetch('state.json', { cache: 'no-store' })).json();
    const left = state.secondsLeft === null ? '' : ', about ' + duration(state.secondsLeft) + ' left';
    const head = document.getElementById('head');
    const words = state.cells.length ? state.cells.length + ' cells, ' + Math.floor(100 * state.share) + ' %' + left : 'Nothing is planned yet';
    // Read aloud when it changes, not at every look.
    if (head.textContent !== words) head.textContent = words;
    const count = (status) => state.cells.filter((cell) => cell.status === status).length;
    document.getElementById('states').replaceChildren(...order.filter(count).flatMap((status, i) => [...(i ? [', '] : []), make('span', count(status) + ' ' + status, status)]));
    document.getElementById('where').textContent = state.out;
    document.getElementById('cells').replaceChildren(...rows(state.cells));
  } catch { document.getElementById('head').textContent = 'The watching command has ended'; }
  setTimeout(look, 2000);
}
look();
</script>
</body>
</html>
`;
