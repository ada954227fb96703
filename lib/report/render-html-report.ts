/**
 * The report as one HTML file: no request, no script but that of sliders (html-series.ts), opens from a folder. What a reader wants to know first comes first:
 * the verdict, the figure, the numbers beside the paper's, what differs, where everything came from.
 */
import { encodePng } from './encode-png.ts';
import { formatSeconds } from './format-numbers.ts';
import { type Html, html, trustHtml } from './html.ts';
import { comparisonSection, costSection, spreadSection, tableSection } from './html-numbers.ts';
import { seriesFigure, shownSize, sliderScript, sliderScriptSource } from './html-series.ts';
import { styleSheet } from './html-style.ts';
import { prefixIds } from './render-chart.ts';
import { type Figure, headline, type Report } from './report.ts';

/** Everything but inline style, pictures within the file and the script below is refused by the browser itself. */
const contentPolicy =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

export function renderHtmlReport(report: Report): string {
  const { document } = report;
  const { text } = headline(document);
  const policy = report.series.length > 0 ? `${contentPolicy}; script-src ${sliderScriptSource}` : contentPolicy;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${trustHtml(policy)}">
<title>${document.experiment}: ${text}</title>
<style>${trustHtml(styleSheet)}</style>
</head>
<body>
<main>
${header(report)}
${verdictSection(report)}
${missingSection(report)}
${failureSection(report)}
${figuresSection(report)}
${document.tables.length > 0 && html`<section><h2>Numbers</h2>${document.tables.map(tableSection)}</section>`}
${spreadSection(document)}
${comparisonSection(document)}
${listSection('Remarks', document.remarks)}
${listSection('What differs from the paper', report.experiment.deviations)}
${datasetsSection(report)}
${costSection(document)}
${provenanceSection(report)}
<footer>Run <code>${document.run}</code>, made by Stepwise${document.finishedAt && html`, finished ${document.finishedAt}`}.</footer>
</main>
${report.series.length > 0 && html`<script>${trustHtml(sliderScript)}</script>`}
</body>
</html>
`;
  return page.text;
}

function header({ document, experiment: { source } }: Report): Html {
  return html`<header>
<p class="eyebrow">${document.experiment} · ${document.preset}</p>
<h1>${source.title}</h1>
<p class="source">${source.place}, <a href="https://arxiv.org/abs/${encodeURIComponent(source.arxiv)}">arXiv ${source.arxiv}</a></p>
</header>`;
}

function verdictSection({ document, experiment }: Report): Html {
  const { text, tone } = headline(document);
  const { trials, durations, params, verdict } = document;
  const total = durations.total ?? Object.values(durations).reduce((sum, seconds) => sum + seconds, 0);
  const facts: readonly (readonly [string, string])[] = [
    ['Seeds', String(params.seeds ?? '–')],
    ['Trials', describeTrials(trials)],
    ['Time', formatSeconds(total)],
    ['Computed on', `${document.provenance.backend}, ${count(document.provenance.threads, 'thread')}`],
  ];
  return html`<section class="verdict ${tone}" aria-label="Verdict">
<span class="badge">${text}</span>
<p class="claim">${verdict?.claim ?? experiment.claim}</p>
${verdict && html`<p>${verdict.reason}</p>`}
<dl class="facts">${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
</section>`;
}

function describeTrials({ planned, trained, reused, resumed, failed }: Report['document']['trials']): string {
  const parts = [
    trained > 0 && `${trained} trained${resumed > 0 ? ` (${resumed} resumed)` : ''}`,
    reused > 0 && `${reused} reused`,
    failed > 0 && `${failed} failed`,
  ].filter(Boolean);
  return parts.length > 0 ? `${planned}: ${parts.join(', ')}` : String(planned);
}

function missingSection({ document: { missing } }: Report): Html | false {
  if (missing.length === 0) return false;
  return html`<section class="notice bad"><strong>${count(missing.length, 'item')} missing from the numbers below.</strong>
<ul>${missing.map((name) => html`<li>${name}</li>`)}</ul></section>`;
}

function failureSection({ document: { failure } }: Report): Html | undefined {
  return (
    failure &&
    html`<section class="notice bad"><strong>${failure.error}</strong> in ${failure.where}: ${failure.message}
${failure.logTail && html`<details><summary>The end of the log</summary><pre>${failure.logTail}</pre></details>`}</section>`
  );
}

function figuresSection({ figures, series, images }: Report): Html | false {
  if (figures.length + series.length + images.length === 0) return false;
  return html`<section><h2>The paper’s figure, from our numbers</h2>
${figures.map(figure)}
${series.map(seriesFigure)}
${images.map((image) => {
  const source = `data:image/png;base64,${encodePng(image).toString('base64')}`;
  const { width, height } = shownSize(image);
  return html`<figure><img src="${source}" width="${width}" height="${height}" alt="${describeFigure(image)}">
<figcaption><strong>${image.title}.</strong> ${image.caption}</figcaption></figure>`;
})}</section>`;
}

function figure({ title, caption, svg }: Figure, index: number): Html {
  return html`<figure><div class="scroll" role="img" aria-label="${describeFigure({ title, caption })}">${trustHtml(prefixIds(svg, `figure${index + 1}-`))}</div>
<figcaption><strong>${title}.</strong> ${caption}</figcaption></figure>`;
}

function describeFigure({ title, caption }: Pick<Figure, 'title' | 'caption'>): string {
  return `${title}. ${caption}`;
}

function listSection(title: string, sentences: readonly string[]): Html | false {
  if (sentences.length === 0) return false;
  return html`<section><h2>${title}</h2><ul>${sentences.map((sentence) => html`<li>${sentence}</li>`)}</ul></section>`;
}

function datasetsSection({ document: { datasets } }: Report): Html | false {
  if (datasets.length === 0) return false;
  return html`<section><h2>Data</h2><div class="scroll"><table>
<thead><tr><th scope="col">Dataset</th><th scope="col">Origin</th><th scope="col">Version</th></tr></thead>
<tbody>${datasets.map(
    ({ name, version, origin }) =>
      html`<tr><th scope="row">${name}</th><td><span class="badge small ${origin === 'stand-in' ? 'open' : 'good'}">${origin}</span>${
        origin === 'stand-in' && ' not the paper’s data'
      }</td><td><code>${version}</code></td></tr>`,
  )}</tbody></table></div></section>`;
}

function provenanceSection({ document: { provenance, params, run } }: Report): Html {
  const rows: readonly (readonly [string, string])[] = [
    ['Run', run],
    ['Training code', provenance.code],
    ['Backend', provenance.backend],
    ['Threads', String(provenance.threads)],
    ['Hardware', provenance.hardware],
  ];
  const list = (pairs: readonly (readonly [string, string])[]) =>
    html`<dl class="list">${pairs.map(([name, value]) => html`<dt>${name}</dt><dd><code>${value}</code></dd>`)}</dl>`;
  return html`<section><h2>Provenance</h2>${list(rows)}
<details><summary>All parameters</summary>${list(Object.entries(params).map(([name, value]) => [name, JSON.stringify(value)]))}</details></section>`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
