/** The recorded benchmarks: ours beside others' and beside what the machine could do at best. */
import { useState } from 'preact/hooks';
import { type BenchmarkRun, describePeaks } from '../../lib/report/recorded-benchmarks.ts';
import { get, RequestRefused } from '../client.ts';
import { useLoaded } from '../hooks.ts';
import { formatTime } from '../names.ts';
import { BenchmarkItem } from '../parts/benchmark-row.tsx';
import { Await, Facts, Title } from '../parts/page.tsx';
import { traitsOf } from '../speed.ts';

const traits = ['ours ahead', 'a peer ahead', 'no peer', 'bound missed'] as const;

export function SpeedPage() {
  const loaded = useLoaded('speed', (signal) =>
    get<BenchmarkRun>('/benchmarks.json', signal).catch((error: unknown) => {
      if (error instanceof RequestRefused && error.problem.status === 404) return null;
      throw error;
    }),
  );
  return (
    <>
      <Title>Speed</Title>
      <Await loaded={loaded}>{(run) => (run ? <Recorded run={run} /> : <Nothing />)}</Await>
    </>
  );
}

function Nothing() {
  return (
    <div class="empty">
      <p>
        <strong>No benchmarks are recorded here.</strong>
      </p>
      <p class="soft">
        In a checkout this measures all of them, beside what you would use instead, and writes docs/benchmarks.json:
      </p>
      <pre>
        <code>npm run bench -- --record</code>
      </pre>
    </div>
  );
}

function Recorded({ run }: { readonly run: BenchmarkRun }) {
  const [chosen, choose] = useState('');
  const shown = run.rows.filter((row) => chosen === '' || traitsOf(row).includes(chosen));
  const benchmarks = Map.groupBy(shown, ({ benchmark }) => benchmark);
  return (
    <>
      <p class="lead">
        One recorded run: our figures beside others’ for the same work, each the median of rounds in which all took
        turns.
      </p>
      <Machine run={run} />
      <Legend />
      <fieldset class="pills">
        <legend class="unseen">Rows</legend>
        {['', ...traits].map((trait) => (
          <label key={trait} class="pill">
            <input type="radio" name="trait" checked={chosen === trait} onChange={() => choose(trait)} />
            <span>
              {trait || 'all'}{' '}
              <span class="count">
                {run.rows.filter((row) => trait === '' || traitsOf(row).includes(trait)).length}
              </span>
            </span>
          </label>
        ))}
      </fieldset>
      <p class="unseen" role="status">
        {shown.length} of {run.rows.length} rows shown
      </p>
      {shown.length === 0 && <p>No row of this run is so.</p>}
      {[...benchmarks].map(([name, rows]) => (
        <section key={name} aria-labelledby={name}>
          <h2 id={name}>{name}</h2>
          <p class="eyebrow">
            <code>npm run bench -- {name}</code>
          </p>
          <ul class="benchmarks">
            {rows.map((row) => (
              <BenchmarkItem key={row.case} row={row} />
            ))}
          </ul>
        </section>
      ))}
    </>
  );
}

function Machine({ run: { machine, date, commit, versions, peaks } }: { readonly run: BenchmarkRun }) {
  const lines = (texts: readonly string[]) => texts.map((text) => <div key={text}>{text}</div>);
  return (
    <div class="machine">
      <Facts>
        {[
          [
            'Measured, UTC',
            <>
              {formatTime(date)}, commit {/* A `+` at its end says that files were changed since. */}
              <code>{commit.replace(/^([0-9a-f]{7})[0-9a-f]*/, '$1')}</code>
            </>,
          ],
          ['Machine', machine],
          ['Its peaks', lines(describePeaks(peaks))],
          ['Versions', lines(Object.entries(versions).map(([name, version]) => `${name} ${version}`))],
        ]}
      </Facts>
    </div>
  );
}

const kinds = {
  ours: 'Stepwise',
  'another-of-ours': 'Stepwise in another way',
  peer: 'a peer',
  'peer-ahead': 'a peer that is ahead',
} as const;

function Legend() {
  return (
    <>
      <p class="soft">
        The longer the bar, the better, on one scale within a row. <strong>×</strong> is how many times better Stepwise
        is: less time, or a higher rate; below 1 the other is ahead. The <strong>physical limit</strong>, the line
        across the bars, is what the row would be if only its multiplications and additions, or the bytes that it has to
        move, took time at this machine’s peaks. That of WebAssembly is of 128-bit lanes: peers in native code have
        wider ones and may pass it. The <strong>bound</strong> is what this project holds itself to.
      </p>
      <ul class="swatches">
        {Object.entries(kinds).map(([kind, label]) => (
          <li key={kind} class={kind}>
            <svg class="bar" width="14" height="14" aria-hidden="true">
              <rect width="14" height="14" />
            </svg>
            {label}
          </li>
        ))}
        <li>
          <svg class="bar" width="14" height="14" aria-hidden="true">
            <line x1="7" x2="7" y2="14" />
          </svg>
          the physical limit
        </li>
      </ul>
    </>
  );
}
