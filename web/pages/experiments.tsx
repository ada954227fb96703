/** All experiments by paper, with their last verdicts. */
import { useId, useState } from 'preact/hooks';
import type { ExperimentRow } from '../answers.ts';
import { get } from '../client.ts';
import { useLoaded } from '../hooks.ts';
import { formatTime, shortExperimentName } from '../names.ts';
import { Await, Title, Verdict } from '../parts/page.tsx';
import { formatRoute } from '../route.ts';

const notRun = 'not run yet';
const outcomes = ['holds', 'does not hold', 'inconclusive', notRun] as const;

export function ExperimentsPage() {
  const loaded = useLoaded('experiments', (signal) =>
    get<{ experiments: readonly ExperimentRow[] }>('/v1/experiments', signal),
  );
  return (
    <>
      <Title>Experiments</Title>
      <Await loaded={loaded}>{({ experiments }) => <Experiments experiments={experiments} />}</Await>
    </>
  );
}

function Experiments({ experiments }: { readonly experiments: readonly ExperimentRow[] }) {
  const [words, setWords] = useState('');
  const [outcome, setOutcome] = useState('');
  const id = useId();
  const shown = experiments.filter((row) => matches(row, words) && (outcome === '' || outcomeOf(row) === outcome));
  const papers = Map.groupBy(shown, ({ paper }) => paper.arxiv);
  return (
    <>
      <p class="lead">
        Each tests one claim of a paper. The verdict is of its last run, under the preset named beside it.
      </p>
      <search class="filters">
        <label for={id}>Search</label>
        <input
          id={id}
          type="search"
          value={words}
          placeholder="name, claim, table, figure"
          onInput={(event) => setWords(event.currentTarget.value)}
        />
        <fieldset>
          <legend class="unseen">Verdict</legend>
          {['', ...outcomes].map((value) => (
            <label key={value} class="pill">
              <input type="radio" name="outcome" checked={outcome === value} onChange={() => setOutcome(value)} />
              <span>
                {value || 'all'}{' '}
                <span class="count">
                  {experiments.filter((row) => value === '' || outcomeOf(row) === value).length}
                </span>
              </span>
            </label>
          ))}
        </fieldset>
      </search>
      <p class="unseen" role="status">
        {shown.length} of {experiments.length} experiments shown
      </p>
      {shown.length === 0 && <p>No experiment matches. Search for fewer words, or choose another verdict.</p>}
      {[...papers].map(([arxiv, rows]) => (
        <section key={arxiv} class="paper" aria-labelledby={`${id}-${arxiv}`}>
          <h2 id={`${id}-${arxiv}`}>{rows[0]!.paper.title}</h2>
          <p class="eyebrow">
            <a href={`https://arxiv.org/abs/${arxiv}`} rel="noreferrer">
              arXiv {arxiv}
            </a>
          </p>
          <ul class="rows">
            {rows.map((row) => (
              <li key={row.name}>
                <Verdict outcome={row.lastVerdict?.outcome} />
                <div>
                  <h3>
                    <a href={formatRoute({ page: 'experiment', experiment: row.name, runs: [] })}>
                      {shortExperimentName(row.name)}
                    </a>
                  </h3>
                  <p>{row.claim}</p>
                </div>
                <p class="aside">
                  {row.paper.place}
                  {row.lastVerdict && (
                    <span>
                      {row.lastVerdict.preset}, {formatTime(row.lastVerdict.finishedAt)}
                    </span>
                  )}
                </p>
              </li>
            ))}
          </ul>
        </section>
      ))}
    </>
  );
}

const outcomeOf = ({ lastVerdict }: ExperimentRow): string => lastVerdict?.outcome ?? notRun;

/** Every word occurs somewhere. */
function matches({ name, claim, paper }: ExperimentRow, words: string): boolean {
  const text = `${name} ${claim} ${paper.title} ${paper.place} ${paper.arxiv}`.toLowerCase();
  return words
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
