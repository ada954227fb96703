/** The curves of one metric: every subject of every given run, mean over seeds with the spread as a band. */
import { useId, useState } from 'preact/hooks';
import { formatMeanAndDeviation } from '../../lib/report/format-numbers.ts';
import type { RunDocument } from '../answers.ts';
import { alignCurves, type Curve, curvesOf, firstMetric, metricsOf, wantsLogarithm } from '../curves.ts';
import { formatMetric, shortRunName } from '../names.ts';
import { type Line, LineChart } from './line-chart.tsx';
import { ScrollBox } from './page.tsx';

export function CurvesPanel({
  documents,
  metric: wanted,
  choose,
}: {
  readonly documents: readonly RunDocument[];
  readonly metric: string | undefined;
  readonly choose: (metric: string) => void;
}) {
  const id = useId();
  const [logarithmic, setLogarithmic] = useState<boolean>();
  const metrics = metricsOf(documents.flatMap(({ measurements }) => measurements));
  const metric = metrics.some((known) => known.metric === wanted) ? wanted : firstMetric(metrics);
  if (documents.length === 0) return <p class="soft">Choose runs in the table below.</p>;
  if (metric === undefined) return <p class="soft">This run left no measurements.</p>;
  const runs = documents.map(({ run, measurements }) => ({ run, curves: curvesOf(measurements, metric) }));
  const all = runs.flatMap(({ curves }) => curves);
  const isCurve = all.some(({ points }) => points.length > 1);
  const isLogarithmic = logarithmic ?? wantsLogarithm(all);
  return (
    <>
      <div class="controls">
        <label for={id}>Metric</label>
        <select id={id} value={metric} onChange={(event) => choose(event.currentTarget.value)}>
          {metrics.map(({ metric, steps }) => (
            <option key={metric} value={metric}>
              {formatMetric(metric)}
              {steps > 1 ? ' (curve)' : ''}
            </option>
          ))}
        </select>
        {isCurve && (
          <label class="check">
            <input
              type="checkbox"
              checked={isLogarithmic}
              onChange={(event) => setLogarithmic(event.currentTarget.checked)}
            />
            Logarithmic
          </label>
        )}
      </div>
      {isCurve ? (
        <CurveChart metric={metric} runs={runs} logarithmic={isLogarithmic} />
      ) : (
        <NumberTable metric={metric} runs={runs} />
      )}
    </>
  );
}

interface RunCurves {
  readonly run: string;
  readonly curves: readonly Curve[];
}

function CurveChart({
  metric,
  runs,
  logarithmic,
}: {
  readonly metric: string;
  readonly runs: readonly RunCurves[];
  readonly logarithmic: boolean;
}) {
  const subjects = [...new Set(runs.flatMap(({ curves }) => curves.map(({ subject }) => subject)))];
  const labelled = runs.flatMap(({ run, curves }, dash) =>
    curves.map((curve) => ({
      curve,
      label: runs.length > 1 ? `${curve.subject} · ${shortRunName(run)}` : curve.subject,
      colour: subjects.indexOf(curve.subject),
      dash: runs.length > 1 ? dash : Math.floor(subjects.indexOf(curve.subject) / 8),
    })),
  );
  const { steps, values } = alignCurves(labelled.map(({ curve }) => curve));
  const positive = (value: number | null | undefined) =>
    value === null || value === undefined || (logarithmic && value <= 0) ? null : value;
  const lines: Line[] = labelled.map(({ label, colour, dash }, index) => ({
    label,
    colour,
    dash,
    values: values[index]!.map((point) => positive(point?.mean)),
    deviations: values[index]!.map((point) => {
      if (point?.mean == null || point.deviation === null) return null;
      return logarithmic && point.deviation >= point.mean ? null : point.deviation;
    }),
  }));
  const unit = labelled[0]?.curve.unit ?? '';
  const seeds = Math.max(0, ...values.flatMap((points) => points.map((point) => point?.seeds ?? 0)));
  const name = formatMetric(metric);
  return (
    <>
      <LineChart
        label={`${name} by step`}
        xLabel="step"
        yLabel={unit ? `${name} (${unit})` : name}
        x={steps}
        lines={lines}
        logarithmic={logarithmic}
      />
      <p class="soft">
        {seeds > 1 ? `Mean over ${seeds} seeds; the band is one standard deviation either side.` : 'One seed.'}
      </p>
    </>
  );
}

/** A metric without steps has nothing to draw a line through. */
function NumberTable({ metric, runs }: { readonly metric: string; readonly runs: readonly RunCurves[] }) {
  const subjects = [...new Set(runs.flatMap(({ curves }) => curves.map(({ subject }) => subject)))];
  const name = formatMetric(metric);
  return (
    <ScrollBox label={name}>
      <table>
        <caption>{name}, mean ± standard deviation over seeds</caption>
        <thead>
          <tr>
            <th scope="col">Subject</th>
            {runs.map(({ run }) => (
              <th key={run} scope="col" class="number">
                {shortRunName(run)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {subjects.map((subject) => (
            <tr key={subject}>
              <th scope="row">{subject}</th>
              {runs.map(({ run, curves }) => {
                const point = curves.find((curve) => curve.subject === subject)?.points.at(-1);
                return (
                  <td key={run} class="number">
                    {formatMeanAndDeviation(point?.mean ?? null, point?.deviation)}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollBox>
  );
}
