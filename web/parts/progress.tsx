/** How far a run has come. */
import { spentOf } from '../../lib/pipeline/cost/costed-stages.ts';
import { formatDollars, formatSeconds, formatSignificant } from '../../lib/report/format-numbers.ts';
import type { RunDocument, RunState, StageProgress } from '../answers.ts';
import { formatTime } from '../names.ts';
import { Facts } from './page.tsx';

const stateWords = { waiting: 'waiting', running: 'under way', done: 'done' } as const;

export function Progress({ state, document }: { readonly state: RunState; readonly document: RunDocument }) {
  const { progress } = state;
  const spent = spentOf(document.cost) ?? 0;
  const current = progress?.stages.find((stage) => stage.state === 'running');
  return (
    <>
      <ol class="stages">
        {progress?.stages.map((stage) => (
          <li key={stage.stage} class={stage.state} aria-current={stage.state === 'running' ? 'step' : undefined}>
            <span class="name">{stage.stage}</span>
            <span class="state">
              {stateWords[stage.state]}
              {describeItems(stage)}
              {stage.seconds !== undefined && `, ${formatSeconds(stage.seconds)}`}
            </span>
            {stage.state === 'running' && stage.items !== undefined && stage.items > 0 && (
              <progress aria-label={`Items of ${stage.stage}`} value={stage.done} max={stage.items} />
            )}
          </li>
        ))}
      </ol>
      <Facts>
        {[
          [
            'Time left',
            progress?.secondsLeft === undefined ? 'not known yet' : `about ${formatSeconds(progress.secondsLeft)}`,
          ],
          ['Cost so far, on AWS', formatDollars(spent)],
          document.cost.estimated === undefined ? undefined : ['Estimated', formatDollars(document.cost.estimated)],
          ['Last sign of life, UTC', formatTime(state.updatedAt)],
          progress?.curve
            ? [`${progress.curve.metric}, ${progress.curve.item}`, formatSignificant(progress.curve.values.at(-1))]
            : undefined,
        ]}
      </Facts>
      <p class="unseen" role="status">
        {current ? `${current.stage} under way${describeItems(current)}` : ''}
      </p>
    </>
  );
}

function describeItems({ items, done, reused, failed }: StageProgress): string {
  if (items === undefined && done + failed === 0) return '';
  const details = [reused > 0 && `${reused} reused`, failed > 0 && `${failed} failed`].filter(Boolean);
  return `, ${done}${items === undefined ? '' : ` of ${items}`}${details.length > 0 ? ` (${details.join(', ')})` : ''}`;
}
