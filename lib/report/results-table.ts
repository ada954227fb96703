/** The README's tables, from the results in `docs/results/`. */
import type { AnyExperiment } from '../pipeline/experiment.ts';
import { MarkersMissing } from './errors.ts';
import { formatSeconds } from './format-numbers.ts';
import { escapeMarkdown, markdownTable } from './markdown.ts';
import type { RecordedResult } from './recorded-result.ts';
import { recordedResultPath } from './recorded-result.ts';
import { renderMarkdownTable } from './render-markdown-report.ts';
import { headline } from './report.ts';

const signs = { good: '✅', bad: '❌', open: '❔' } as const;

/**
 * One row a result with what it takes to repeat it; then, folded away, what decided each verdict with its first table: our
 * numbers beside the paper's.
 */
export function renderResultsTable(results: readonly RecordedResult[]): string {
  if (results.length === 0) return 'Nothing is recorded yet.';
  const sorted = sortByName(results, ({ experiment }) => experiment);
  const columns = ['Experiment', 'Verdict', 'Preset', 'Seeds', 'Time', 'Data', 'Commit', 'Date', 'Machine'].map(
    (label) => ({ label, number: label === 'Seeds' || label === 'Time' }),
  );
  const rows = sorted.map((result) => [
    `[${escapeMarkdown(result.experiment)}](${recordedResultPath(result.experiment)})`,
    describeOutcome(result),
    result.preset,
    String(result.params.seeds ?? '–'),
    formatSeconds(result.durations.total ?? 0),
    result.datasets.map(({ name, origin }) => escapeMarkdown(`${name} (${origin})`)).join(', ') || 'none',
    `\`${result.commit.replace(/^([0-9a-f]{7})[0-9a-f]*/, '$1')}\``,
    result.date,
    escapeMarkdown(result.machine),
  ]);
  return [markdownTable(columns, rows), ...sorted.map(foldReason)].join('\n\n');
}

/** Opens on a click where Markdown is shown as a page. */
function foldReason(result: RecordedResult): string {
  const { experiment, verdict, tables } = result;
  const [table] = tables;
  return [
    `<details><summary><b>${experiment}</b>: ${describeOutcome(result)}</summary>`,
    escapeMarkdown(verdict.reason),
    ...(table ? [`*${escapeMarkdown(table.title)}*`, renderMarkdownTable(table)] : []),
    '</details>',
  ].join('\n\n');
}

export type StatusExperiment = Pick<AnyExperiment, 'name' | 'source' | 'claim'>;

/** An experiment of the papers that is not in the registry yet. */
export interface PlannedExperiment {
  readonly name: string;
  /** `§3.3, Figure 7` */
  readonly place: string;
}

/** Every experiment of the papers: whether it is built, and what it said last. Those that are built come first in each paper. */
export function renderStatusTable(
  experiments: readonly StatusExperiment[],
  results: readonly RecordedResult[],
  planned: readonly PlannedExperiment[] = [],
): string {
  const byName = new Map(results.map((result) => [result.experiment, result]));
  const built = new Set(experiments.map(({ name }) => name));
  const rows = [
    ...experiments.map(({ name, source, claim }) => {
      const result = byName.get(name);
      const status = result ? `${describeOutcome(result)} (${result.preset})` : 'built, not recorded';
      return { name, place: source.place, claim, status };
    }),
    ...planned
      .filter(({ name }) => !built.has(name))
      .map(({ name, place }) => ({ name, place, claim: '', status: 'planned' })),
  ];
  const papers = Map.groupBy(rows, ({ name }) => name.split('/')[0]);
  return markdownTable(
    [{ label: 'Experiment' }, { label: 'In the paper' }, { label: 'Claim' }, { label: 'Status' }],
    [...papers.values()]
      .flat()
      .map(({ name, place, claim, status }) => [`\`${name}\``, escapeMarkdown(place), escapeMarkdown(claim), status]),
  );
}

/** Puts generated text between `<!-- NAME:begin -->` and `<!-- NAME:end -->`. Throws MarkersMissing. */
export function replaceBetweenMarkers(text: string, name: string, generated: string): string {
  const begin = `<!-- ${name}:begin -->`;
  const end = `<!-- ${name}:end -->`;
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from || text.indexOf(begin, from + 1) >= 0 || text.indexOf(end, to + 1) >= 0)
    throw new MarkersMissing(name);
  return `${text.slice(0, from + begin.length)}\n${generated.trim()}\n${text.slice(to)}`;
}

function describeOutcome({ verdict }: RecordedResult): string {
  const { text, tone } = headline({ status: 'succeeded', verdict });
  return `${signs[tone]} ${text}`;
}

/** In one order on every machine. */
function sortByName<T>(items: readonly T[], nameOf: (item: T) => string): readonly T[] {
  return [...items].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}
