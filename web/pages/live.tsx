/** Runs that are under way, or ended without a result. */
import type { OpenRun, RunAnswer } from '../answers.ts';
import { get } from '../client.ts';
import { usePolled } from '../hooks.ts';
import { formatTime, shortExperimentName, shortRunName } from '../names.ts';
import { Await, ScrollBox, Title, Verdict } from '../parts/page.tsx';
import { Progress } from '../parts/progress.tsx';
import { formatRoute } from '../route.ts';

const pollMilliseconds = 2000;
/** Each is asked for on its own. */
const mostFollowed = 6;

export function LivePage() {
  const loaded = usePolled('live', pollMilliseconds, async (signal) => {
    const { runs } = await get<{ runs: readonly OpenRun[] }>('/v1/runs', signal);
    const running = runs.filter(({ status }) => status === 'running');
    const answers = await Promise.all(
      running
        .slice(0, mostFollowed)
        .map(({ run }) => get<RunAnswer>(`/v1/runs/${encodeURIComponent(run)}`, signal).catch(() => undefined)),
    );
    return {
      runs,
      running,
      answers: new Map(answers.flatMap((answer) => (answer ? [[answer.document.run, answer]] : []))),
    };
  });
  return (
    <>
      <Title>Live</Title>
      <p class="lead">Runs under way, asked for again every two seconds while this page is visible.</p>
      <Await loaded={loaded}>
        {({ runs, running, answers }) => (
          <>
            {running.length === 0 && <Nothing />}
            {running.map((run) => (
              <LiveRun key={run.run} {...run} answer={answers.get(run.run)} />
            ))}
            <Ended runs={runs.filter(({ status }) => status !== 'running')} />
          </>
        )}
      </Await>
    </>
  );
}

function Nothing() {
  return (
    <div class="empty">
      <p>
        <strong>Nothing is running.</strong>
      </p>
      <p class="soft">A run that is started on the same store appears here:</p>
      <pre>
        <code>stepwise run learned-optimizers/quadratics --preset laptop</code>
      </pre>
    </div>
  );
}

function LiveRun({ run, experiment, preset, answer }: OpenRun & { readonly answer: RunAnswer | undefined }) {
  return (
    <section class="panel" aria-labelledby={run}>
      <div class="panel-title">
        <h2 id={run}>
          <a href={formatRoute({ page: 'run', run })}>{shortExperimentName(experiment)}</a>
        </h2>
        <Verdict outcome="running" />
      </div>
      <p class="soft">
        {preset}, {shortRunName(run)}
      </p>
      {answer?.state && <Progress state={answer.state} document={answer.document} />}
    </section>
  );
}

function Ended({ runs }: { readonly runs: readonly OpenRun[] }) {
  if (runs.length === 0) return null;
  return (
    <section aria-labelledby="ended">
      <h2 id="ended">Ended without a result</h2>
      <ScrollBox label="Runs that ended without a result">
        <table>
          <thead>
            <tr>
              <th scope="col">Run</th>
              <th scope="col">Experiment</th>
              <th scope="col">Status</th>
              <th scope="col">Preset</th>
              <th scope="col">Last sign of life, UTC</th>
            </tr>
          </thead>
          <tbody>
            {runs.map(({ run, experiment, status, preset, updatedAt }) => (
              <tr key={run}>
                <th scope="row">
                  <a href={formatRoute({ page: 'run', run })}>{shortRunName(run)}</a>
                </th>
                <td>{experiment}</td>
                <td>
                  <Verdict outcome={status} />
                </td>
                <td>{preset}</td>
                <td class="time">{formatTime(updatedAt)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollBox>
    </section>
  );
}
