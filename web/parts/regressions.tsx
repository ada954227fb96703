/** Regression reports of an experiment, as its runs wrote them down. */
import { formatSignificant } from '../../lib/report/format-numbers.ts';
import { get } from '../client.ts';
import { useLoaded } from '../hooks.ts';
import { shortRunName } from '../names.ts';
import { formatRoute } from '../route.ts';

/** Read as loosely as a record of another version needs: what is not there is not shown. */
interface Regression {
  readonly experiment?: string;
  readonly run?: string;
  readonly changes?: readonly {
    readonly metric?: string;
    readonly subject?: string;
    readonly before?: number;
    readonly now?: number;
  }[];
}

const mostShown = 5;

export function RegressionList({ experiment }: { readonly experiment: string }) {
  const loaded = useLoaded(`regressions of ${experiment}`, (signal) =>
    get<{ regressions: readonly Regression[] }>('/v1/regressions', signal),
  );
  if (loaded.state !== 'ready') return null;
  const own = loaded.value.regressions.filter((report) => report.experiment === experiment).slice(0, mostShown);
  if (own.length === 0) return null;
  return (
    <section aria-labelledby="regressions">
      <h2 id="regressions">Regression reports</h2>
      <ul>
        {own.map(({ run, changes = [] }) => (
          <li key={run}>
            {run && <a href={formatRoute({ page: 'run', run })}>{shortRunName(run)}</a>}
            <ul>
              {changes.slice(0, mostShown).map(({ metric, subject, before, now }) => (
                <li key={`${metric} ${subject}`}>
                  {metric}, {subject}: {formatSignificant(before)} → {formatSignificant(now)}
                </li>
              ))}
            </ul>
          </li>
        ))}
      </ul>
    </section>
  );
}
