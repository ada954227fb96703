/** The report's sections that are numbers: tables, spread over seeds, the last run, time and cost. */
import { costedStages, spentOf } from '../pipeline/cost/costed-stages.ts';
import type { RunDocument } from '../pipeline/run-document.ts';
import {
  describeSpread,
  formatChange,
  formatDollars,
  formatMeanAndDeviation,
  formatSeconds,
  formatSignificant,
} from './format-numbers.ts';
import { type Html, type HtmlPart, html } from './html.ts';
import { isNumberColumn, type ReportTable } from './report.ts';
import { spreadAtKeySteps } from './seed-spread.ts';

/** More rows than this are folded away: the figure and the table say it better. */
const mostOpenRows = 24;
const mostChanges = 20;

export function tableSection(table: ReportTable): Html {
  const columns = table.columns.map(({ label, digits }, index) => ({
    label,
    digits,
    number: isNumberColumn(table, index),
  }));
  return makeTable(
    table.title,
    columns,
    table.rows.map((row) =>
      columns.map(({ digits }, index) => {
        const cell = row[index];
        return typeof cell === 'string' ? cell : formatSignificant(cell, digits);
      }),
    ),
  );
}

export function spreadSection({ measurements }: RunDocument): Html | false {
  // One seed has no spread to show.
  const spreads = spreadAtKeySteps(measurements).filter(({ count, diverged }) => count + diverged > 1);
  if (spreads.length === 0) return false;
  const stepped = spreads.some(({ step }) => step !== 0);
  const columns = [
    { label: 'Subject' },
    { label: 'Metric' },
    ...(stepped ? [{ label: 'Step', number: true }] : []),
    { label: 'Mean ± standard deviation', number: true },
    { label: 'Least', number: true },
    { label: 'Greatest', number: true },
    { label: 'Seeds', number: true },
  ];
  const rows = spreads.map((row) => [
    row.subject,
    `${row.metric}${row.unit ? `, ${row.unit}` : ''}`,
    ...(stepped ? [formatSignificant(row.step, 6)] : []),
    formatMeanAndDeviation(row.mean, row.deviation),
    formatSignificant(row.least),
    formatSignificant(row.greatest),
    row.diverged > 0 ? `${row.count} + ${row.diverged} diverged` : String(row.count),
  ]);
  const table = makeTable('', columns, rows);
  return html`<section><h2>Spread over seeds</h2>${
    rows.length > mostOpenRows ? html`<details><summary>${rows.length} rows</summary>${table}</details>` : table
  }</section>`;
}

export function comparisonSection({ comparison, verdict }: RunDocument): Html | undefined {
  if (!comparison) return undefined;
  const { run, outcome, changes, causes = [] } = comparison;
  const same = outcome === verdict?.outcome;
  const columns = [
    { label: 'Subject' },
    { label: 'Metric' },
    { label: 'Step', number: true },
    { label: 'Last run', number: true },
    { label: 'This run', number: true },
    { label: 'Change', number: true },
    { label: 'Against the spread' },
  ];
  const rows = changes
    .slice(0, mostChanges)
    .map(({ subject, metric, step, before, now, spread, exceedsSpread }) => [
      subject,
      metric,
      formatSignificant(step, 6),
      formatSignificant(before, 4),
      formatMeanAndDeviation(now, spread, 4),
      formatChange(before, now),
      describeSpread(exceedsSpread),
    ]);
  return html`<section><h2>Against the last run</h2>
<p>Run <code>${run}</code> ended with <strong>${outcome}</strong>${same ? ', as this one did' : ''}${!same && verdict && `: the verdict flipped, it is now ${verdict.outcome}`}. ${
    changes.length === 0
      ? 'Every number is the same, seconds aside.'
      : `${changes.length} mean${changes.length === 1 ? '' : 's'} at the last step differ${changes.length === 1 ? 's' : ''}${changes.length > mostChanges ? `; the largest ${mostChanges} are` : ':'}`
  }</p>
${rows.length > 0 && makeTable('', columns, rows)}
${causes.length > 0 && html`<p>What is not the same:</p><ul>${causes.map((cause) => html`<li>${cause}</li>`)}</ul>`}</section>`;
}

export function costSection({ durations, cost }: RunDocument): Html | false {
  const costs: Readonly<Record<string, number | undefined>> = Object.fromEntries(
    costedStages.map((stage) => [stage, cost[stage]]),
  );
  const costed = costedStages.filter((stage) => cost[stage] !== undefined);
  const stages = [...new Set([...Object.keys(durations), ...costed])].filter((stage) => stage !== 'total');
  if (stages.length === 0) return false;
  const total = durations.total ?? stages.reduce((sum, stage) => sum + (durations[stage] ?? 0), 0);
  const row = (name: string, seconds: number | undefined, dollars: number | undefined) => [
    name,
    seconds === undefined ? '–' : formatSeconds(seconds),
    dollars === undefined ? '–' : formatDollars(dollars),
  ];
  const rows = [
    ...stages.map((stage) => row(stage, durations[stage], costs[stage])),
    row('all', total, spentOf(cost) ?? 0),
  ];
  const columns = [
    { label: 'Stage' },
    { label: 'Wall time', number: true },
    { label: 'Would cost on AWS', number: true },
  ];
  return html`<section><h2>Time and cost</h2>${makeTable('', columns, rows)}${
    cost.pricesAsOf !== undefined &&
    html`<p>As if on AWS, at the list prices of ${cost.pricesAsOf}, GPU machines on demand${
      cost.totalOnSpot !== undefined && html`; with spot machines only, ${formatDollars(cost.totalOnSpot)}`
    }.</p>`
  }${
    cost.estimated !== undefined &&
    html`<p>Estimated before the run, with nothing cached: ${formatDollars(cost.estimated)}.</p>`
  }</section>`;
}

interface Column {
  readonly label: string;
  readonly number?: boolean;
}

/** The first cell of a row is its heading. */
function makeTable(title: string, columns: readonly Column[], rows: readonly (readonly HtmlPart[])[]): Html {
  const kind = (index: number): Html | false => columns[index]?.number === true && html` class="number"`;
  return html`<div class="scroll"><table>${title !== '' && html`<caption>${title}</caption>`}
<thead><tr>${columns.map(({ label }, index) => html`<th scope="col"${kind(index)}>${label}</th>`)}</tr></thead>
<tbody>${rows.map(
    (row) =>
      html`<tr>${row.map((cell, index) => (index === 0 ? html`<th scope="row"${kind(0)}>${cell}</th>` : html`<td${kind(index)}>${cell}</td>`))}</tr>
`,
  )}</tbody></table></div>`;
}
