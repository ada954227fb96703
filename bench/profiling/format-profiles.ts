/** The profiles of several runs as one Markdown table, which a terminal shows as well. */
import { inside } from './attribute.ts';
import type { StageProfile } from './summarize-stages.ts';
import type { Part } from './whole-preset.ts';

export interface ProfileRow extends StageProfile {
  readonly experiment: string;
  readonly part: Part;
  /** 0 to 1; see whole-preset.ts. */
  readonly outsideOfWhole: number;
}

const columns = [
  'experiment',
  'stage',
  'part of the preset',
  'core s',
  'our kernels',
  'TensorFlow.js kernels',
  'models',
  'outside',
  'in the whole preset',
  'largest frames outside',
];

export function formatProfiles(rows: readonly ProfileRow[]): string {
  const cells = rows.map((row) => [
    row.experiment,
    row.stage,
    row.stage === 'around' ? '' : percent(row.part.work),
    row.seconds.toFixed(1),
    ...inside.map((category) => percent(row.seconds > 0 ? (row.secondsByCategory[category] ?? 0) / row.seconds : 0)),
    percent(row.outside),
    row.stage === 'around' ? '' : percent(row.outsideOfWhole),
    row.largestOutside.map(({ label, share }) => `${label} ${percent(share)}`).join('; '),
  ]);
  return [columns, columns.map(() => '---'), ...cells].map((line) => `| ${line.join(' | ')} |`).join('\n');
}

function percent(share: number): string {
  return `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
}
