/** Regression reports of an experiment, as its runs wrote them down: what changed, and what was changed in between. */
import {
  describeCauses,
  describeChanges,
  summarizeRegression,
} from '../../lib/pipeline/regressions/describe-regression.ts';
import type { RegressionReport } from '../answers.ts';
import { get } from '../client.ts';
import { useLoaded } from '../hooks.ts';
import { shortRunName } from '../names.ts';
import { formatRoute } from '../route.ts';

const mostShown = 5;

export function RegressionList({ experiment }: { readonly experiment: string }) {
  const query = new URLSearchParams({ experiment, limit: String(mostShown) });
  const loaded = useLoaded(`regressions of ${experiment}`, (signal) =>
    get<{ regressions: readonly RegressionReport[] }>(`/v1/regressions?${query}`, signal),
  );
  if (loaded.state !== 'ready' || loaded.value.regressions.length === 0) return null;
  return (
    <section aria-labelledby="regressions">
      <h2 id="regressions">Regression reports</h2>
      <ul class="reports">
        {loaded.value.regressions.map((report) => (
          <li key={report.run}>
            <RunLink run={report.run} /> against <RunLink run={report.previous.run} />: {summarizeRegression(report)}
            <ul>
              {describeChanges(report).map((line) => (
                <li key={line}>{line}</li>
              ))}
              {describeCauses(report.causes).map((line) => (
                <li key={line}>Changed in between: {line}</li>
              ))}
            </ul>
          </li>
        ))}
      </ul>
    </section>
  );
}

function RunLink({ run }: { readonly run: string }) {
  return <a href={formatRoute({ page: 'run', run })}>{shortRunName(run)}</a>;
}
