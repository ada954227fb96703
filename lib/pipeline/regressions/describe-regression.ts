/** A regression report in words, for messages, the terminal and the report page. */
import { formatMeanAndDeviation, formatSignificant } from '../../report/format-numbers.ts';
import type { Causes, RegressionReport } from './regression.ts';

const mostNamed = 8;

/** `verdict flipped: holds → does not hold`, `3 numbers changed`, `the same` */
export function summarizeRegression({ outcome, verdict, changes, lost, gained }: RegressionReport): string {
  if (outcome === 'unchanged') return 'the same';
  if (outcome === 'verdict flipped') return `verdict flipped: ${verdict.before} → ${verdict.now}`;
  const parts = [
    changes.length > 0 && `${count(changes.length, 'number')} changed`,
    lost.length > 0 && `${lost.length} lost`,
    gained.length > 0 && `${gained.length} new`,
  ];
  return parts.filter(Boolean).join(', ');
}

/** One line a number: `loss of lstm at step 100: 0.25 → 0.31, spread 0.012: more than the spread` */
export function describeChanges({ changes, lost, gained }: RegressionReport): readonly string[] {
  const lines = [
    ...lost.map(({ reason, ...place }) => `${describePlace(place)}: ${reason} any more`),
    ...changes.map(({ before, now, spread, exceedsSpread, ...place }) => {
      const values = `${formatSignificant(before, 5)} → ${
        spread === null ? formatSignificant(now, 5) : formatMeanAndDeviation(now, spread, 5)
      }`;
      const judged =
        exceedsSpread === null ? 'one seed, no spread' : exceedsSpread ? 'more than the spread' : 'within the spread';
      return `${describePlace(place)}: ${values} (${judged})`;
    }),
    ...gained.map(({ reason, ...place }) => `${describePlace(place)}: ${reason}`),
  ];
  return withLimit(lines);
}

/** One sentence each: code with its modules, datasets, backend, parameters; empty where nothing is known to differ. */
export function describeCauses({ code, datasets, backend, params }: Causes): readonly string[] {
  const kinds = [
    code.training && `training code ${code.training.before} → ${code.training.now}`,
    code.evaluation && `evaluation code ${code.evaluation.before} → ${code.evaluation.now}`,
  ].filter(Boolean);
  const modules = withLimit(code.modules.map(({ name, change }) => `${name} ${change}`));
  return [
    ...(kinds.length > 0 ? [`${kinds.join(', ')}${modules.length > 0 ? `: ${modules.join(', ')}` : ''}`] : []),
    ...datasets.map(({ name, before, now }) => `dataset ${name} ${before ?? 'none'} → ${now ?? 'none'}`),
    ...(backend ? [`backend ${backend.before} → ${backend.now}`] : []),
    ...params.map(({ name, before, now }) => `parameter ${name} ${before ?? 'none'} → ${now ?? 'none'}`),
  ];
}

function describePlace({ metric, subject, step }: { metric: string; subject: string; step: number }): string {
  return `${metric} of ${subject}${step === 0 ? '' : ` at step ${formatSignificant(step, 6)}`}`;
}

function withLimit(lines: readonly string[]): readonly string[] {
  const rest = lines.length - mostNamed;
  return rest > 0 ? [...lines.slice(0, mostNamed), `and ${rest} more`] : lines;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
