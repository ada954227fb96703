/** How an experiment's final numbers move from run to run. */
import { useId, useState } from 'preact/hooks';
import type { RunDocument } from '../answers.ts';
import { type Flip, headlineHistories } from '../history.ts';
import { formatMetric, shortRunName } from '../names.ts';
import { LineChart } from './line-chart.tsx';

export function HeadlinePanel({
  documents,
  flips,
}: {
  readonly documents: readonly RunDocument[];
  readonly flips: ReadonlyMap<string, Flip>;
}) {
  const id = useId();
  const presets = [...new Set(documents.map(({ preset }) => preset))];
  const [chosenPreset, setPreset] = useState(presets[0]!);
  const [chosenMetric, setMetric] = useState<string>();
  const ofPreset = documents.filter(({ preset }) => preset === chosenPreset);
  const histories = headlineHistories(ofPreset);
  const history = histories.find(({ metric }) => metric === chosenMetric) ?? histories[0];
  const regressions = history?.runs.filter((run) => flips.get(run) === 'regressed') ?? [];
  return (
    <>
      <div class="controls">
        {presets.length > 1 && (
          <>
            <label for={`${id}-preset`}>Preset</label>
            <select
              id={`${id}-preset`}
              value={chosenPreset}
              onChange={(event) => setPreset(event.currentTarget.value as typeof chosenPreset)}
            >
              {presets.map((preset) => (
                <option key={preset}>{preset}</option>
              ))}
            </select>
          </>
        )}
        <label for={id}>Measurement</label>
        <select id={id} value={history?.metric} onChange={(event) => setMetric(event.currentTarget.value)}>
          {histories.map(({ metric }) => (
            <option key={metric} value={metric}>
              {formatMetric(metric)}
            </option>
          ))}
        </select>
      </div>
      {history && (
        <LineChart
          label={`${formatMetric(history.metric)} at the end of each run`}
          xLabel="run"
          yLabel={history.unit ? `${formatMetric(history.metric)} (${history.unit})` : formatMetric(history.metric)}
          x={history.runs.map((_, index) => index)}
          xNames={history.runs.map((run) => `${shortRunName(run)}${flips.get(run) === 'regressed' ? ' ▼' : ''}`)}
          withPoints
          lines={history.subjects.map(({ subject, values }, index) => ({
            label: subject,
            colour: index,
            dash: Math.floor(index / 8),
            values,
          }))}
        />
      )}
      <p class="soft">
        Means over seeds at the last step.{' '}
        {regressions.length > 0
          ? `▼ marks a regression: the run before it held. ${regressions.map(shortRunName).join('; ')}.`
          : 'No verdict was lost between these runs.'}
      </p>
    </>
  );
}
