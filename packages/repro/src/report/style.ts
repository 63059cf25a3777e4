/** The look of the report: light and dark, from a phone to a wide screen, without a font or picture from elsewhere. */
export const STYLE = `
:root { color-scheme: light dark; --ink: #1d2430; --soft: #5b6675; --paper: #fff; --line: #d9dee6; --mark: #f3f6fa;
  --c0: #4269d0; --c1: #b5690c; --c2: #c2294c; --c3: #2b8a7e; --c4: #4a8f2a; --c5: #9a7a00; --c6: #8350c4; --c7: #c0468f; --c8: #7b5a44; --c9: #8b95a3; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e9f0; --soft: #9aa6b6; --paper: #12161c; --line: #2c3440; --mark: #1a2029;
  --c0: #7d9cf5; --c1: #efb118; --c2: #ff725c; --c3: #6cc5b0; --c4: #8fd46a; --c5: #d9c64a; --c6: #bd97f0; --c7: #ff8ab7; --c8: #c9a58a; --c9: #77818f; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 70rem; font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 .5rem; } h2 { font-size: 1.2rem; margin: 2.5rem 0 .5rem; line-height: 1.3; } h3 { font-size: 1rem; margin: 1.5rem 0 .25rem; }
p, ul { margin: .5rem 0; } li { margin: .2rem 0; } .soft { color: var(--soft); }
.warn { border-left: 4px solid var(--c1); background: var(--mark); padding: .6rem .9rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .35rem .5rem; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--line); }
th:first-child, td:first-child { text-align: left; } td.words { white-space: normal; min-width: 14rem; text-align: left; }
thead th { border-bottom: 2px solid var(--line); vertical-align: bottom; } tbody tr:hover { background: var(--mark); }
tr.best td, tr.best th { font-weight: 700; } tbody th { font-weight: 500; }
th button { font: inherit; color: inherit; background: none; border: 0; padding: 0; cursor: pointer; text-align: inherit; }
th button:hover, th button:focus-visible { text-decoration: underline; } th[aria-sort=ascending] button::after { content: " \\25B2"; } th[aria-sort=descending] button::after { content: " \\25BC"; }
h4 { font-size: .95rem; margin: 1.5rem 0 .25rem; } nav ul { padding-left: 1.1rem; } a { color: var(--c0); }
figure { margin: 1rem 0; } .several { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(17rem, 100%), 1fr)); gap: .5rem 1.25rem; align-items: start; } figure.small { margin: .75rem 0 0; } figure.small svg { min-width: 0; } svg.map { max-width: 20rem; }
.key { margin: 0 0 .25rem; font-size: .85rem; color: var(--soft); } .key span { white-space: nowrap; margin-right: .6rem; } .key span::before { content: ""; display: inline-block; width: .6em; height: .6em; border-radius: 50%; background: currentColor; margin-right: .35em; }
.heat-key svg { display: inline-block; width: 9rem; min-width: 0; height: .8rem; vertical-align: middle; } .dots { fill: none; stroke: currentColor; stroke-width: 3.6; stroke-linecap: round; opacity: .65; }
.heat { fill: none; stroke: var(--c2); stroke-width: 1.02; } .frame { fill: var(--mark); } figcaption { font-weight: 600; margin-bottom: .25rem; }
svg { width: 100%; min-width: 34rem; height: auto; display: block; } svg text { font: 12px system-ui, sans-serif; fill: var(--soft); } svg text.name { fill: currentColor; font-weight: 600; }
.grid { stroke: var(--line); } .axis { stroke: var(--soft); } .line { fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linejoin: round; } .dashed { stroke-dasharray: 5 4; opacity: .8; }
.leader { fill: none; stroke: currentColor; stroke-width: .7; opacity: .5; } svg g { fill: currentColor; }
.bar { fill: var(--c0); } .deviation { stroke: var(--ink); stroke-width: 1.5; } .paper { fill: var(--paper); stroke: var(--c2); stroke-width: 2; }
${Array.from({ length: 8 }, (_, level) => `.h${level} { stroke-opacity: ${(level / 7).toFixed(2)}; }`).join(' ')}
${Array.from({ length: 10 }, (_, index) => `.c${index} { color: var(--c${index}); }`).join(' ')}
details { margin: .5rem 0; } summary { cursor: pointer; } code { font-size: .9em; overflow-wrap: anywhere; }
@media print { body { max-width: none; } details > * { display: block; } }
`;
