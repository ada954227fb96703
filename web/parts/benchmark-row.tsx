/** One row of the benchmarks: every contestant with its figure, and bars on one scale. */
import { formatSignificant } from '../../lib/report/format-numbers.ts';
import {
  type BenchmarkRow,
  describeBound,
  formatTimesBetter,
  meetsBound,
} from '../../lib/report/recorded-benchmarks.ts';
import { type Contestant, contestantsOf, traitsOf } from '../speed.ts';
import { Verdict } from './page.tsx';

export function BenchmarkItem({ row }: { readonly row: BenchmarkRow }) {
  const contestants = contestantsOf(row);
  const limit = contestants.find(({ kind }) => kind === 'physical limit')?.share;
  return (
    <li>
      <div>
        <h3>{row.case}</h3>
        <p class="traits">
          {traitsOf(row).map((trait) => (
            <Verdict key={trait} outcome={trait} />
          ))}
        </p>
        <p class="soft">
          {row.unit}; bound {describeBound(row)}, {meetsBound(row) ? 'met' : 'missed'}
        </p>
      </div>
      <ul class="contestants">
        {contestants.map((contestant) => (
          <li key={contestant.name} class={contestant.kind.replaceAll(' ', '-')}>
            <span class="name">{contestant.name}</span>
            {/* Alone, a bar says nothing. */}
            {contestants.length > 1 && <Bar contestant={contestant} limit={limit} />}
            <span class="number">{formatSignificant(contestant.figure)}</span>
            <span class="number times">{contestant.kind !== 'ours' && formatTimesBetter(row, contestant.figure)}</span>
          </li>
        ))}
      </ul>
    </li>
  );
}

/** The limit is no contestant: a line through all bars in place of one. */
function Bar({ contestant, limit }: { readonly contestant: Contestant; readonly limit: number | undefined }) {
  return (
    <svg class="bar" aria-hidden="true">
      {contestant.kind !== 'physical limit' && <rect width={percent(contestant.share)} />}
      {limit !== undefined && <line x1={percent(limit)} x2={percent(limit)} y1="-1" y2="100%" />}
    </svg>
  );
}

const percent = (share: number): string => `${(100 * share).toFixed(2)}%`;
