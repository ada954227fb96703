/** One run: its verdict, numbers, curves, and everything that they come from. */
import { useState } from 'preact/hooks';
import { costedStages, spentOf } from '../../lib/pipeline/cost/costed-stages.ts';
import { formatDollars, formatSeconds } from '../../lib/report/format-numbers.ts';
import type { RunAnswer, RunDocument } from '../answers.ts';
import { get } from '../client.ts';
import { usePolled } from '../hooks.ts';
import { formatTime, shortExperimentName, shortRunName } from '../names.ts';
import { CurvesPanel } from '../parts/curves-panel.tsx';
import { Await, Facts, ScrollBox, Title, Verdict } from '../parts/page.tsx';
import { Progress } from '../parts/progress.tsx';
import { Comparison, ResultTable } from '../parts/run-tables.tsx';
import { formatRoute } from '../route.ts';

const pollMilliseconds = 2000;

export function RunPage({ run }: { readonly run: string }) {
  const loaded = usePolled(
    run,
    pollMilliseconds,
    (signal) => get<RunAnswer>(`/v1/runs/${encodeURIComponent(run)}`, signal),
    ({ document }) => document.status === 'running',
  );
  return <Await loaded={loaded}>{(answer) => <Run {...answer} />}</Await>;
}

function Run({ document, state }: RunAnswer) {
  const [metric, setMetric] = useState<string>();
  const { run, experiment, verdict, failure } = document;
  return (
    <>
      <Title
        eyebrow={
          <a href={formatRoute({ page: 'experiment', experiment, runs: [] })}>{shortExperimentName(experiment)}</a>
        }
      >
        {shortRunName(run)}
      </Title>
      <div class="claim">
        <Verdict outcome={verdict?.outcome ?? document.status} />
        {verdict && <p class="words">{verdict.claim}</p>}
        {verdict && <p>{verdict.reason}</p>}
      </div>
      {failure && (
        <section class="notice bad" aria-label="Failure">
          <p>
            <strong>{failure.error}</strong> in {failure.where}
          </p>
          <p class="words">{failure.message}</p>
          {failure.logTail && (
            <ScrollBox label="End of the log">
              <pre>{failure.logTail}</pre>
            </ScrollBox>
          )}
        </section>
      )}
      {document.status === 'running' && state && (
        <section aria-labelledby="progress">
          <h2 id="progress">Progress</h2>
          <Progress state={state} document={document} />
        </section>
      )}
      <Overview document={document} />
      {document.remarks.length > 0 && (
        <ul class="remarks">
          {document.remarks.map((remark) => (
            <li key={remark}>{remark}</li>
          ))}
        </ul>
      )}
      {document.missing.length > 0 && (
        <section class="notice open" aria-label="Missing">
          <p>
            <strong>Missing from the numbers</strong>
          </p>
          <p class="words">{document.missing.join(', ')}</p>
        </section>
      )}
      {document.tables.map((table) => (
        <ResultTable key={table.title} table={table} />
      ))}
      {document.measurements.length > 0 && (
        <section aria-labelledby="measurements">
          <h2 id="measurements">Measurements</h2>
          <CurvesPanel documents={[document]} metric={metric} choose={setMetric} />
        </section>
      )}
      {document.comparison && <Comparison comparison={document.comparison} />}
      <Report document={document} />
      <Provenance document={document} />
    </>
  );
}

function Overview({ document }: { readonly document: RunDocument }) {
  const { trials, durations, cost } = document;
  const costs = new Map<string, number | undefined>(costedStages.map((stage) => [stage, cost[stage]]));
  const costed = costedStages.filter((stage) => cost[stage] !== undefined);
  const stages = [...new Set([...Object.keys(durations), ...costed])].filter((stage) => stage !== 'total');
  const counted = (['trained', 'reused', 'resumed', 'failed'] as const)
    .filter((kind) => trials[kind] > 0)
    .map((kind) => `${trials[kind]} ${kind}`);
  return (
    <>
      <Facts>
        {[
          ['Preset', document.preset],
          ['Finished, UTC', formatTime(document.finishedAt)],
          ['Trials', `${trials.planned} planned${counted.length > 0 ? `: ${counted.join(', ')}` : ''}`],
          durations.total === undefined ? undefined : ['Took', formatSeconds(durations.total)],
          ['Would cost on AWS', formatDollars(spentOf(cost) ?? 0)],
          cost.estimated === undefined ? undefined : ['Estimated before', formatDollars(cost.estimated)],
        ]}
      </Facts>
      {stages.length > 0 && (
        <details>
          <summary>Time and cost by stage</summary>
          <ScrollBox label="Time and cost by stage">
            <table>
              <thead>
                <tr>
                  <th scope="col">Stage</th>
                  <th scope="col" class="number">
                    Time
                  </th>
                  <th scope="col" class="number">
                    Cost on AWS
                  </th>
                </tr>
              </thead>
              <tbody>
                {stages.map((stage) => (
                  <tr key={stage}>
                    <th scope="row">{stage}</th>
                    <td class="number">{durations[stage] === undefined ? '–' : formatSeconds(durations[stage])}</td>
                    <td class="number">{formatCost(costs.get(stage))}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </ScrollBox>
        </details>
      )}
    </>
  );
}

function formatCost(dollars: number | undefined): string {
  return dollars === undefined ? '–' : formatDollars(dollars);
}

/** The report may hold many pictures, so it is loaded when it is opened. */
function Report({ document }: { readonly document: RunDocument }) {
  const [isOpen, setOpen] = useState(false);
  const page = `reports/${document.run}/index.html`;
  if (!document.files.includes(page)) return null;
  return (
    <section aria-labelledby="report">
      <h2 id="report">Report</h2>
      <p>
        <a href={`/${page}`} target="_blank" rel="noreferrer">
          Open the report on its own page
        </a>
        , with charts and pictures, or see it here.
      </p>
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>Show the report</summary>
        {isOpen && <iframe class="report" src={`/${page}`} title="The run’s report" sandbox="allow-scripts" />}
      </details>
    </section>
  );
}

function Provenance({ document }: { readonly document: RunDocument }) {
  const { provenance, datasets, params } = document;
  return (
    <section aria-labelledby="provenance">
      <h2 id="provenance">Where it comes from</h2>
      <Facts>
        {[
          ['Run', <code key="run">{document.run}</code>],
          ['Code', <code key="code">{provenance.code}</code>],
          ['Numbers by', `${provenance.backend}, ${provenance.threads} thread${provenance.threads === 1 ? '' : 's'}`],
          ['Hardware', provenance.hardware],
          ['Started, UTC', formatTime(document.startedAt)],
        ]}
      </Facts>
      {datasets.length > 0 && (
        <ScrollBox label="Datasets">
          <table>
            <thead>
              <tr>
                <th scope="col">Dataset</th>
                <th scope="col">Origin</th>
                <th scope="col">Version</th>
              </tr>
            </thead>
            <tbody>
              {datasets.map(({ name, version, origin }) => (
                <tr key={name}>
                  <th scope="row">{name}</th>
                  <td>{origin}</td>
                  <td>
                    <code>{version}</code>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollBox>
      )}
      <details>
        <summary>Parameters</summary>
        <ScrollBox label="Parameters">
          <pre>{JSON.stringify(params, null, 2)}</pre>
        </ScrollBox>
      </details>
    </section>
  );
}
