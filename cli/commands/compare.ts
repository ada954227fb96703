/** `stepwise compare`: verdicts of two runs, and what changed between them in means over seeds. */

import { loadMeasurement } from '../../lib/pipeline/measurements.ts';
import { compareMeasurements } from '../../lib/pipeline/regressions/comparison.ts';
import type { RunDocument } from '../../lib/pipeline/run-document.ts';
import { formatChange, formatSignificant } from '../../lib/report/format-numbers.ts';
import { headline } from '../../lib/report/report.ts';
import { openStore } from '../../lib/storage/open-store.ts';
import { pairs } from '../describe-run.ts';
import { InvalidUsage } from '../errors.ts';
import type { ExitCode } from '../exit-code.ts';
import { readRun } from '../read-run.ts';
import type { Terminal } from '../terminal.ts';
import { renderTextTable } from '../text-table.ts';

export async function compare(
  before: string,
  now: string,
  options: { readonly store: string; readonly json?: boolean },
  terminal: Terminal,
): Promise<ExitCode> {
  const store = await openStore(options.store);
  const [earlier, later] = await Promise.all([readRun(store, before), readRun(store, now)]);
  if (earlier.experiment !== later.experiment) {
    throw new InvalidUsage(
      `Only runs of one experiment can be compared, and ${earlier.run} is of ${earlier.experiment}, ${later.run} of ${later.experiment}.`,
    );
  }
  const changes = compareMeasurements(earlier.measurements, later.measurements.map(loadMeasurement));
  if (options.json) {
    const describe = ({ run, preset, status, verdict }: RunDocument) => ({
      run,
      preset,
      status,
      verdict: verdict ?? null,
    });
    terminal.print(
      JSON.stringify(
        { experiment: later.experiment, before: describe(earlier), now: describe(later), changes },
        null,
        2,
      ),
    );
    return 0;
  }
  const settings = differences(earlier, later);
  const columns = ['subject', 'metric', 'step', 'before', 'now', 'change'].map((label, index) => ({
    label,
    number: index > 1,
  }));
  const rows = changes.map(({ subject, metric, step, before, now }) => [
    subject,
    metric,
    formatSignificant(step, 6),
    formatSignificant(before, 4),
    formatSignificant(now, 4),
    formatChange(before, now),
  ]);
  terminal.print(
    [
      later.experiment,
      pairs([
        ['before', `${earlier.run}: ${headline(earlier).text}`],
        ['now', `${later.run}: ${headline(later).text}`],
        ['settings', settings.join(', ') || 'the same'],
      ]),
      rows.length === 0 ? 'No mean at a common last step differs.' : renderTextTable(columns, rows),
    ].join('\n\n'),
  );
  return 0;
}

/** Parameters, data, code and backend that are not the same. */
function differences(before: RunDocument, now: RunDocument): readonly string[] {
  const view = ({ params, datasets, provenance }: RunDocument): Record<string, string> => ({
    ...Object.fromEntries(Object.entries(params).map(([name, value]) => [name, JSON.stringify(value)])),
    ...Object.fromEntries(datasets.map(({ name, version }) => [name, version])),
    code: provenance.code,
    backend: provenance.backend,
  });
  const [earlier, later] = [view(before), view(now)];
  return [...new Set([...Object.keys(earlier), ...Object.keys(later)])]
    .filter((name) => earlier[name] !== later[name])
    .map((name) => `${name} ${earlier[name] ?? '–'} → ${later[name] ?? '–'}`);
}
