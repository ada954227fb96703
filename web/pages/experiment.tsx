/** One experiment: its claim, its runs over time, and the learning curves of chosen runs on top of each other. */
import type { ExperimentRow, ResultIndexEntry, RunDocument } from '../answers.ts';
import { get } from '../client.ts';
import { type Flip, verdictFlips } from '../history.ts';
import { type Loaded, useLoaded } from '../hooks.ts';
import { formatTime, shortExperimentName, shortRunName } from '../names.ts';
import { CurvesPanel } from '../parts/curves-panel.tsx';
import { HeadlinePanel } from '../parts/headline-panel.tsx';
import { Await, ScrollBox, Title, Verdict } from '../parts/page.tsx';
import { RegressionList } from '../parts/regressions.tsx';
import { formatRoute, type Route } from '../route.ts';

type ExperimentRoute = Extract<Route, { page: 'experiment' }>;

/** A document may have a megabyte: older runs are in the table, and in the charts when chosen. */
const mostDocuments = 12;

export function ExperimentPage({ route }: { readonly route: ExperimentRoute }) {
  const { experiment } = route;
  const loaded = useLoaded(experiment, async (signal) => {
    const [{ experiments }, { results }] = await Promise.all([
      get<{ experiments: readonly ExperimentRow[] }>('/v1/experiments', signal),
      get<{ results: readonly ResultIndexEntry[] }>(`/v1/results?experiment=${encodeURIComponent(experiment)}`, signal),
    ]);
    return { row: experiments.find(({ name }) => name === experiment), results };
  });
  return (
    <Await loaded={loaded}>
      {({ row, results }) => (
        <>
          <Title eyebrow={<a href="#/">{row?.paper.title ?? 'All experiments'}</a>}>
            {shortExperimentName(experiment)}
          </Title>
          {row ? <Claim row={row} /> : <p>This version of Stepwise has no experiment of this name.</p>}
          {results.length === 0 ? (
            <NoRuns experiment={experiment} row={row} />
          ) : (
            <Runs route={route} results={results} />
          )}
        </>
      )}
    </Await>
  );
}

function Claim({ row }: { readonly row: ExperimentRow }) {
  return (
    <div class="claim">
      <Verdict outcome={row.lastVerdict?.outcome} />
      <p class="words">{row.claim}</p>
      <p class="soft">
        {row.paper.place},{' '}
        <a href={`https://arxiv.org/abs/${row.paper.arxiv}`} rel="noreferrer">
          arXiv {row.paper.arxiv}
        </a>
      </p>
    </div>
  );
}

function NoRuns({ experiment, row }: { readonly experiment: string; readonly row: ExperimentRow | undefined }) {
  if (!row) return null;
  return (
    <section>
      <h2>Not run yet</h2>
      <p>A run of a second or two, which shows that all works:</p>
      <pre>
        <code>
          stepwise run {experiment} --preset {row.presets[0] ?? 'smoke'}
        </code>
      </pre>
    </section>
  );
}

function Runs({ route, results }: { readonly route: ExperimentRoute; readonly results: readonly ResultIndexEntry[] }) {
  const { experiment } = route;
  const chosen = route.runs.length > 0 ? route.runs : results.slice(0, 1).map(({ run }) => run);
  const newest = results.slice(0, mostDocuments).map(({ run }) => run);
  const wanted = [...new Set([...newest, ...chosen])];
  const documents = useLoaded(`${experiment} ${wanted.join(' ')}`, (signal) =>
    Promise.all(wanted.map((run) => get<RunDocument>(`/v1/results/${experiment}/${encodeURIComponent(run)}`, signal))),
  );
  const flips = verdictFlips(results);
  const choose = (run: string, isChosen: boolean) => {
    const runs = isChosen ? [...chosen, run] : chosen.filter((other) => other !== run);
    location.replace(formatRoute({ ...route, runs }));
  };
  return (
    <>
      <section aria-labelledby="curves">
        <h2 id="curves">Curves of chosen runs</h2>
        <Await loaded={documents}>
          {(all) => (
            <CurvesPanel
              documents={all.filter(({ run }) => chosen.includes(run))}
              metric={route.metric}
              choose={(metric) => location.replace(formatRoute({ ...route, metric }))}
            />
          )}
        </Await>
      </section>
      <section aria-labelledby="runs">
        <h2 id="runs">Runs</h2>
        <RunTable results={results} chosen={chosen} choose={choose} flips={flips} documents={documents} />
      </section>
      {newest.length > 1 && (
        <section aria-labelledby="history">
          <h2 id="history">Headline numbers over time</h2>
          <Await loaded={documents}>
            {(all) => <HeadlinePanel documents={all.filter(({ run }) => newest.includes(run))} flips={flips} />}
          </Await>
        </section>
      )}
      <RegressionList experiment={experiment} />
    </>
  );
}

const flipWords: Readonly<Record<Flip, string>> = {
  regressed: '▼ regression',
  recovered: '▲ recovered',
  changed: '◆ changed',
};

function RunTable({
  results,
  chosen,
  choose,
  flips,
  documents,
}: {
  readonly results: readonly ResultIndexEntry[];
  readonly chosen: readonly string[];
  readonly choose: (run: string, isChosen: boolean) => void;
  readonly flips: ReadonlyMap<string, Flip>;
  readonly documents: Loaded<readonly RunDocument[]>;
}) {
  const codes = new Map(
    documents.state === 'ready' ? documents.value.map(({ run, provenance }) => [run, provenance.code]) : [],
  );
  return (
    <ScrollBox label="Runs, newest first">
      <table class="runs">
        <thead>
          <tr>
            <th scope="col">Chart</th>
            <th scope="col">Run</th>
            <th scope="col">Verdict</th>
            <th scope="col">Preset</th>
            <th scope="col">Finished, UTC</th>
            <th scope="col">Code</th>
          </tr>
        </thead>
        <tbody>
          {results.map(({ run, outcome, preset, finishedAt }) => (
            <tr key={run} class={flips.get(run) === 'regressed' ? 'regressed' : ''}>
              <td>
                <input
                  type="checkbox"
                  aria-label={`Show the curves of ${run}`}
                  checked={chosen.includes(run)}
                  onChange={(event) => choose(run, event.currentTarget.checked)}
                />
              </td>
              <th scope="row">
                <a href={formatRoute({ page: 'run', run })}>{shortRunName(run)}</a>
              </th>
              <td>
                <Verdict outcome={outcome} /> {flips.has(run) && <span class="flip">{flipWords[flips.get(run)!]}</span>}
              </td>
              <td>{preset}</td>
              <td class="time">{formatTime(finishedAt)}</td>
              <td>
                <code>{codes.get(run)?.slice(0, 8) ?? ''}</code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollBox>
  );
}
