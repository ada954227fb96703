/** The report as Markdown, short enough for a pull request. */
import { spentOf } from '../pipeline/cost/costed-stages.ts';
import {
  describeSpread,
  formatChange,
  formatDollars,
  formatMeanAndDeviation,
  formatSeconds,
  formatSignificant,
} from './format-numbers.ts';
import type { DrawnSeries } from './image-series.ts';
import { codeSpan, escapeMarkdown, markdownTable } from './markdown.ts';
import { headline, isNumberColumn, type Report, type ReportTable } from './report.ts';

const signs = { good: '✅', bad: '❌', open: '❔' } as const;
const mostChanges = 10;
const mostMissing = 10;

export function renderMarkdownReport({ document, experiment, series }: Report): string {
  const { text, tone } = headline(document);
  const { source } = experiment;
  const { verdict, failure, comparison, provenance, durations, cost } = document;
  const sections: readonly (string | false | undefined)[] = [
    `### ${signs[tone]} ${escapeMarkdown(document.experiment)} (${document.preset}): ${text}`,
    `> ${escapeMarkdown(verdict?.claim ?? experiment.claim)}\n>\n> ${escapeMarkdown(`${source.title}, ${source.place}`)} ([arXiv ${escapeMarkdown(source.arxiv)}](https://arxiv.org/abs/${encodeURIComponent(source.arxiv)}))`,
    verdict && escapeMarkdown(verdict.reason),
    failure &&
      `**${escapeMarkdown(failure.error)}** in ${escapeMarkdown(failure.where)}: ${escapeMarkdown(failure.message)}`,
    describeMissing(document.missing),
    ...series.map(pictureRow),
    ...document.tables.map((table) => `**${escapeMarkdown(table.title)}**\n\n${renderMarkdownTable(table)}`),
    comparison && describeComparison(comparison),
    list('Remarks', document.remarks),
    list('What differs from the paper', experiment.deviations),
    list(
      'Data',
      document.datasets.map(({ name, version, origin }) => `${name} ${version}: ${origin}`),
    ),
    [
      `Run ${codeSpan(document.run)}`,
      durations.total === undefined ? undefined : formatSeconds(durations.total),
      `would cost ${formatDollars(spentOf(cost) ?? 0)} on AWS`,
      escapeMarkdown(`training code ${provenance.code}`),
      escapeMarkdown(`${provenance.backend}, ${provenance.threads} thread${provenance.threads === 1 ? '' : 's'}`),
      escapeMarkdown(provenance.hardware),
    ]
      .filter(Boolean)
      .join(' · '),
  ];
  return `${sections.filter(Boolean).join('\n\n')}\n`;
}

/** A summary's table, numbers to their columns' digits. */
export function renderMarkdownTable(table: ReportTable): string {
  const columns = table.columns.map(({ label }, index) => ({ label, number: isNumberColumn(table, index) }));
  const rows = table.rows.map((row) =>
    table.columns.map(({ digits }, index) => {
      const cell = row[index];
      return typeof cell === 'string' ? escapeMarkdown(cell) : formatSignificant(cell, digits);
    }),
  );
  return markdownTable(columns, rows);
}

/** The frames next to each other, under their labels: they are files beside the report's. */
function pictureRow({ title, caption, frames }: DrawnSeries): string {
  const columns = frames.map(({ label }) => ({ label }));
  const pictures = frames.map(({ label, file }) => `![${escapeMarkdown(label)}](${file})`);
  return `**${escapeMarkdown(title)}.** ${escapeMarkdown(caption)}\n\n${markdownTable(columns, [pictures])}`;
}

function describeMissing(missing: readonly string[]): string | false {
  if (missing.length === 0) return false;
  const named = missing.slice(0, mostMissing).map(escapeMarkdown).join(', ');
  return `**Missing from the numbers (${missing.length}):** ${named}${missing.length > mostMissing ? ', …' : ''}`;
}

function describeComparison({
  run,
  outcome,
  changes,
  causes = [],
}: NonNullable<Report['document']['comparison']>): string {
  const introduction = `**Last run** ${codeSpan(run)}: ${outcome}. `;
  const differences = list('What is not the same as in the last run', causes) || '';
  if (changes.length === 0)
    return `${introduction}Every number is the same, seconds aside.\n\n${differences}`.trimEnd();
  const labels = ['Subject', 'Metric', 'Step', 'Last run', 'This run', 'Change', 'Against the spread'];
  const columns = labels.map((label, index) => ({ label, number: index > 1 && index < labels.length - 1 }));
  const rows = changes
    .slice(0, mostChanges)
    .map(({ subject, metric, step, before, now, spread, exceedsSpread }) => [
      escapeMarkdown(subject),
      escapeMarkdown(metric),
      formatSignificant(step, 6),
      formatSignificant(before, 4),
      formatMeanAndDeviation(now, spread, 4),
      formatChange(before, now),
      describeSpread(exceedsSpread),
    ]);
  const which =
    changes.length > mostChanges ? `The largest ${mostChanges} of ${changes.length} changes:` : 'What changed:';
  return `${introduction}${which}\n\n${markdownTable(columns, rows)}\n\n${differences}`.trimEnd();
}

function list(title: string, sentences: readonly string[]): string | false {
  return (
    sentences.length > 0 && `**${title}**\n\n${sentences.map((sentence) => `- ${escapeMarkdown(sentence)}`).join('\n')}`
  );
}
