/** The report's style sheet: system fonts, light and dark, and a page that prints. */

export const styleSheet = `
:root { color-scheme: light dark; --page: #ffffff; --text: #1f2328; --soft: #5b6472; --line: #dfe3e8; --panel: #f6f7f9;
  --good: #14733f; --good-panel: #e7f5ec; --bad: #ab2430; --bad-panel: #fcebec; --open: #855200; --open-panel: #fdf3df; --link: #0a5fb4; }
@media (prefers-color-scheme: dark) { :root { --page: #16181d; --text: #e4e7eb; --soft: #a0a8b4; --line: #30353d; --panel: #1e2127;
  --good: #62cf91; --good-panel: #14291d; --bad: #ff8d92; --bad-panel: #331a1d; --open: #efbd62; --open-panel: #2e2413; --link: #76b3f5; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 16px/1.6 system-ui, -apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif;
  -webkit-text-size-adjust: 100%; overflow-wrap: break-word; }
main { max-width: 54rem; margin: 0 auto; padding: 3rem 1.5rem 4rem; }
h1 { font-size: 1.9rem; line-height: 1.2; letter-spacing: -0.02em; margin: 0.2rem 0 0.4rem; }
h2 { font-size: 1.15rem; letter-spacing: -0.005em; margin: 3rem 0 0.8rem; }
p { margin: 0.6rem 0; }
a { color: var(--link); text-underline-offset: 0.15em; }
.eyebrow, .source { color: var(--soft); margin: 0; }
.eyebrow { font-size: 0.85rem; }
.verdict { margin: 1.8rem 0 1rem; padding: 1.3rem 1.5rem 1.4rem; border: 1px solid var(--line); border-left: 5px solid var(--tone); border-radius: 8px; background: var(--tone-panel); }
.good { --tone: var(--good); --tone-panel: var(--good-panel); } .bad { --tone: var(--bad); --tone-panel: var(--bad-panel); } .open { --tone: var(--open); --tone-panel: var(--open-panel); }
.badge { display: inline-block; padding: 0.1rem 0.65rem; border-radius: 1rem; background: var(--tone); color: var(--page); font-weight: 600; font-size: 0.95rem; line-height: 1.6; }
.badge.small { font-size: 0.78rem; padding: 0 0.5rem; }
.verdict .claim { font-size: 1.15rem; line-height: 1.5; margin: 0.8rem 0 0.5rem; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: 0.9rem 1.5rem; margin: 1.3rem 0 0; }
.facts div { min-width: 0; } .facts dt, .list dt { color: var(--soft); font-size: 0.85rem; } .facts dd, .list dd { margin: 0; }
.list { display: grid; grid-template-columns: minmax(7rem, max-content) 1fr; gap: 0.35rem 1.5rem; margin: 0; } .list dt { padding-top: 0.1rem; }
.notice { border-left: 3px solid var(--tone); padding: 0.1rem 0 0.1rem 1rem; margin: 1.2rem 0; }
figure { margin: 1.2rem 0 2.2rem; } figure svg, figure img { display: block; max-width: 100%; height: auto; } figure img { image-rendering: pixelated; }
figcaption { color: var(--soft); font-size: 0.92rem; margin-top: 0.6rem; } figcaption strong { color: var(--text); font-weight: 600; }
.frames { display: grid; grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)); gap: 1rem; } .series:not(.sliding) img { width: 100%; }
.label, .slider { color: var(--soft); font-size: 0.92rem; } .sliding .frames { display: block; } .sliding .label { display: none; }
.sliding .slider { display: flex; align-items: center; gap: 0.9rem; margin-top: 0.7rem; } .slider input { flex: 1; max-width: 24rem; margin: 0; accent-color: var(--link); }
.chosen { min-width: 7rem; color: var(--text); font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; margin: 0.8rem 0 1.8rem; }
table { border-collapse: collapse; font-size: 0.93rem; font-variant-numeric: tabular-nums; min-width: 60%; }
caption { text-align: left; font-weight: 600; padding-bottom: 0.45rem; }
th, td { text-align: left; vertical-align: baseline; padding: 0.38rem 1.6rem 0.38rem 0; border-bottom: 1px solid var(--line); }
thead th { color: var(--soft); font-weight: 500; font-size: 0.86rem; vertical-align: bottom; } tbody th { font-weight: 500; }
th:last-child, td:last-child { padding-right: 0.2rem; } .number { text-align: right; white-space: nowrap; }
ul { padding-left: 1.2rem; margin: 0.5rem 0; } li { margin: 0.3rem 0; }
code, pre { font: 0.87em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; } pre { background: var(--panel); padding: 1rem; border-radius: 6px; overflow-x: auto; }
summary { cursor: pointer; color: var(--soft); } details { margin: 0.6rem 0; }
footer { margin-top: 3.5rem; padding-top: 1rem; border-top: 1px solid var(--line); color: var(--soft); font-size: 0.85rem; }
@media print { :root { --page: #fff; --text: #000; --soft: #444; --line: #bbb; --panel: #fff; --good: #14733f; --bad: #ab2430; --open: #855200;
    --good-panel: #fff; --bad-panel: #fff; --open-panel: #fff; --link: #000; }
  body { font-size: 10.5pt; } main { max-width: none; padding: 0; } figure, tr, .verdict { break-inside: avoid; } h2 { break-after: avoid; }
  .sliding .frames { display: grid; } .sliding .frames img { width: 100%; } .sliding .frame[hidden], .sliding .label { display: block; } .sliding .slider { display: none; }
  .badge { background: none; color: var(--tone); border: 1px solid; } .scroll { overflow: visible; } @page { margin: 18mm; } }
`;
