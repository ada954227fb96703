/** A run's report in both its forms, with the figures drawn. */
import type { Summary } from '../pipeline/experiment.ts';
import type { RunDocument } from '../pipeline/run-document.ts';
import type { RenderedReport } from '../pipeline/stages.ts';
import { type ChartColours, inlineColours } from './chart-theme.ts';
import { drawSeries } from './image-series.ts';
import { renderChart } from './render-chart.ts';
import { renderHtmlReport } from './render-html-report.ts';
import { renderMarkdownReport } from './render-markdown-report.ts';
import type { Figure, Report, ReportedExperiment } from './report.ts';

/** Throws InvalidChart, InvalidImage, InvalidImageSeries. */
export async function renderReport({
  document,
  summary,
  experiment,
}: {
  readonly document: RunDocument;
  readonly summary: Summary;
  readonly experiment: ReportedExperiment;
}): Promise<RenderedReport> {
  const series = (summary.imageSeries ?? []).map((one, index) => drawSeries(one, index + 1));
  const figures = await drawFigures(summary);
  const report: Report = { document, experiment, figures, series, images: summary.images ?? [] };
  const pictures = series.flatMap(({ frames }) => frames.map(({ file, png }) => ({ name: file, png })));
  return { html: renderHtmlReport(report), markdown: renderMarkdownReport(report), pictures };
}

/** Throws InvalidChart. */
export async function drawFigures(
  { charts }: Pick<Summary, 'charts'>,
  colours: ChartColours = inlineColours,
): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  // One after the other: text metrics and definitions are Vega's own, shared by all its views.
  for (const { title, caption, spec } of charts)
    figures.push({ title, caption, svg: await renderChart(spec, { title, colours }) });
  return figures;
}
