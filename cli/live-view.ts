/** A run as it goes: a line a stage in a terminal, and elsewhere one line. */
import { formatSeconds, formatSignificant } from '../lib/report/format-numbers.ts';
import { cut, openProgressView, type ProgressView } from './progress-view.ts';
import type { RunProgress } from './run-progress.ts';
import { sparkline } from './sparkline.ts';
import type { Terminal } from './terminal.ts';
import { oneLine } from './text-table.ts';

const signs = { waiting: ' ', running: '▸', done: '✓' } as const;

/** One line a stage. */
export function renderLiveView(progress: RunProgress, columns: number): readonly string[] {
  const reached = progress.stages.findLastIndex(({ state }) => state !== 'waiting');
  return progress.stages.map((stage, index) => {
    const name = `${signs[stage.state]} ${stage.stage.padEnd(10)}`;
    // The state machine went past it: there was nothing to train.
    if (stage.state === 'waiting') return index < reached ? `${name}nothing to do` : name.trimEnd();
    const parts = [countItems(stage), stage.state === 'done' ? describeTime(stage.seconds) : ''];
    if (stage.state === 'running') parts.push(...describeCurve(progress, 24), describeLeft(progress));
    return cut(`${name}${parts.filter(Boolean).join('   ')}`.trimEnd(), columns - 1);
  });
}

/** The same in one line. */
export function renderPlainLine(progress: RunProgress): string {
  const current =
    progress.stages.find(({ state }) => state === 'running') ??
    progress.stages.findLast(({ state }) => state === 'done') ??
    progress.stages[0]!;
  const parts = [
    `${current.stage} ${countItems(current)}`.trim(),
    ...(current.state === 'running' ? [...describeCurve(progress, 0), describeLeft(progress)] : ['done']),
  ];
  return parts.filter(Boolean).join(', ');
}

export type LiveView = ProgressView<RunProgress>;

/** `now`: milliseconds, as the throttle counts them. */
export function openLiveView(terminal: Terminal, now: () => number): LiveView {
  return openProgressView(terminal, now, { lines: renderLiveView, plain: renderPlainLine });
}

function countItems({ items, done, reused, resumed, failed, state }: RunProgress['stages'][number]): string {
  if (items === undefined && done + failed === 0) return '';
  const details = [
    reused > 0 && `${reused} reused`,
    resumed > 0 && `${resumed} resumed`,
    failed > 0 && `${failed} failed`,
  ].filter(Boolean);
  const total = items === undefined || (state === 'done' && items === done) ? `${done}` : `${done}/${items}`;
  return details.length > 0 ? `${total} (${details.join(', ')})` : total;
}

function describeCurve({ curve }: RunProgress, width: number): readonly string[] {
  const last = curve?.values.at(-1);
  if (!curve || last === undefined) return [];
  const values = curve.values.map((value) => value ?? Number.NaN);
  const line = width > 0 ? `${sparkline(values, width)} ` : '';
  return [`${line}${oneLine(curve.metric)} ${formatSignificant(last)}`];
}

function describeLeft({ secondsLeft }: RunProgress): string {
  return secondsLeft === undefined ? '' : `about ${formatSeconds(secondsLeft)} left`;
}

function describeTime(seconds: number | undefined): string {
  return seconds === undefined ? '' : formatSeconds(seconds);
}
