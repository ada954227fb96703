/** Notify: tells whoever subscribed how a run ended: one message a change, and none for "all the same" unless asked. */
import { describeCauses, describeChanges, summarizeRegression } from './regressions/describe-regression.ts';
import type { RegressionReport } from './regressions/regression.ts';
import { readRegression } from './regressions/regression-records.ts';
import type { AggregateOutput, StagePorts } from './stages.ts';

export interface Notification {
  /** One line. */
  readonly subject: string;
  readonly text: string;
}

export async function notify(input: unknown, ports: StagePorts): Promise<AggregateOutput> {
  const output = input as AggregateOutput;
  const { run, experiment, change } = output;
  const changed = change === 'changed' || change === 'verdict flipped';
  const regression = changed ? await readRegression(ports.store, experiment, run) : undefined;
  const notification = composeNotification(output, regression, ports.store.location);
  if (notification) await ports.notify(notification.subject, notification.text);
  return output;
}

/**
 * Undefined where nobody is to be told.
 *
 * @param location the store's own address: a link that needs the reader's credentials, never one that carries any
 */
export function composeNotification(
  { run, experiment, verdict, reportKey, notify: mode, change, trained }: AggregateOutput,
  regression: RegressionReport | undefined,
  location: string,
): Notification | undefined {
  const changed = change === 'changed' || change === 'verdict flipped';
  if (mode === 'never' || (mode === 'changes' && !changed)) return undefined;
  const report = `Report: ${location}/${reportKey}`;
  const work = trained === 0 ? 'nothing was trained' : `${trained} trial${trained === 1 ? '' : 's'} trained`;
  const introduction = `Run ${run} of ${experiment} ended: ${verdict}; ${work}.`;
  if (!regression) {
    const same = change === 'unchanged';
    const text = same
      ? [introduction, 'Every number is the same as in the run before, seconds aside.', report]
      : [introduction, report];
    return { subject: `${experiment}: ${verdict}${same ? ', the same as before' : ''}`, text: joinLines(text) };
  }
  const causes = describeCauses(regression.causes);
  return {
    subject: `${experiment}: ${summarizeRegression(regression)}${regression.verdict.flipped ? '' : `, still ${verdict}`}`,
    text: joinLines([
      introduction,
      `Against run ${regression.previous.run}: ${summarizeRegression(regression)}.`,
      ...describeChanges(regression).map((line) => `- ${line}`),
      causes.length > 0 ? 'What changed:' : 'Nothing known changed: neither code, data, backend nor parameters.',
      ...causes.map((cause) => `- ${cause}`),
      report,
    ]),
  };
}

function joinLines(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}
