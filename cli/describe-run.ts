/** A run's document in words, for a terminal. */
import { costedStages, spentOf } from '../lib/pipeline/cost/costed-stages.ts';
import type { RunDocument } from '../lib/pipeline/run-document.ts';
import { formatDollars, formatSeconds } from '../lib/report/format-numbers.ts';
import { headline } from '../lib/report/report.ts';
import { oneLine, renderSummaryTable } from './text-table.ts';

const mostMissing = 10;

export function describeRun(document: RunDocument, reportPath: string | undefined): string {
  const { verdict, failure, trials, provenance, durations, cost, missing } = document;
  const total = durations.total ?? Object.values(durations).reduce((sum, seconds) => sum + seconds, 0);
  const blocks: readonly (string | false | undefined)[] = [
    `${document.experiment} (${document.preset}): ${headline(document).text.toUpperCase()}`,
    verdict && `${oneLine(verdict.claim)}\n${oneLine(verdict.reason)}`,
    failure && `${oneLine(failure.error)} in ${oneLine(failure.where)}: ${oneLine(failure.message)}`,
    missing.length > 0 &&
      `Missing from the numbers (${missing.length}): ${missing.slice(0, mostMissing).map(oneLine).join(', ')}${missing.length > mostMissing ? ', …' : ''}`,
    ...document.tables.map((table) => `${oneLine(table.title)}\n\n${renderSummaryTable(table)}`),
    document.remarks.length > 0 && document.remarks.map((remark) => `- ${oneLine(remark)}`).join('\n'),
    pairs([
      ['run', document.run],
      [
        'trials',
        `${trials.planned} planned, ${trials.trained} trained, ${trials.reused} reused, ${trials.resumed} resumed, ${trials.failed} failed`,
      ],
      ['data', document.datasets.map(({ name, version, origin }) => `${name} ${version} (${origin})`).join(', ')],
      ['code', provenance.code],
      [
        'computed on',
        `${provenance.backend}, ${provenance.threads} thread${provenance.threads === 1 ? '' : 's'}, ${provenance.hardware}`,
      ],
      ['time', total > 0 ? describeDurations(total, durations) : ''],
      ['cost on AWS', describeCost(cost)],
      ['last run', describeComparison(document)],
      ['report', reportPath ?? ''],
    ]),
  ];
  return `${blocks.filter(Boolean).join('\n\n')}\n`;
}

function describeDurations(total: number, durations: RunDocument['durations']): string {
  const stages = Object.entries(durations).filter(([stage]) => stage !== 'total');
  return `${formatSeconds(total)} (${stages.map(([stage, seconds]) => `${stage} ${formatSeconds(seconds)}`).join(', ')})`;
}

function describeComparison({ comparison }: RunDocument): string {
  if (!comparison) return '';
  const { run, outcome, changes, causes = [] } = comparison;
  const numbers =
    changes.length === 0 ? 'the same numbers' : `${changes.length} number${changes.length === 1 ? '' : 's'} changed`;
  return [`${run}: ${outcome}, ${numbers}`, ...causes].join('; ');
}

/** In one line: what it came to, of what, and what it was to stay below. */
export function describeCost(cost: RunDocument['cost']): string {
  const spent = spentOf(cost);
  if (!spent) return '';
  const stages = costedStages.filter((stage) => (cost[stage] ?? 0) >= spent / 100);
  const parts = stages.map((stage) => `${stage} ${formatDollars(cost[stage]!)}`).join(', ');
  const spot = cost.totalOnSpot === undefined ? '' : `; ${formatDollars(cost.totalOnSpot)} on spot machines only`;
  const budget = cost.budget === undefined ? '' : `; budget ${formatDollars(cost.budget)}`;
  return `about ${formatDollars(spent)} (${parts})${spot}${budget}`;
}

/** Names and values below one another; what has no value is left out. */
export function pairs(list: readonly (readonly [string, string])[]): string {
  const shown = list.filter(([, value]) => value !== '');
  const width = Math.max(...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `${name.padEnd(width)}  ${oneLine(value)}`).join('\n');
}
