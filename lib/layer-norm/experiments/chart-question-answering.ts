/** Figure 2 from our measurements, against updates and against training time, as one Vega-Lite specification. */
import type { Chart, Measurement } from '../../pipeline/experiment.ts';
import { spreadOf } from './paired-difference.ts';
import { errorMetric, guessMetric, readers, secondsPerUpdate, valuesByStep } from './reader-metrics.ts';

const panelWidth = 300;

/** Mean curves over seeds with a band from the lowest seed to the highest; what guessing costs as a rule. */
export function chartQuestionAnswering(rows: readonly Measurement[]): Chart {
  const points = readers.flatMap(({ subject, label }) => {
    const seconds = secondsPerUpdate(rows, subject);
    return [...valuesByStep(rows, subject, errorMetric)].map(([update, seeds]) => {
      const errors = [...seeds.values()].map((error) => 100 * error);
      return {
        reader: label,
        update,
        ...(seconds !== undefined && { seconds: round(seconds * update) }),
        error: round(spreadOf(errors).mean),
        low: round(Math.min(...errors)),
        high: round(Math.max(...errors)),
      };
    });
  });
  const guess = rows.find((row) => row.metric === guessMetric && row.subject === 'maximumFrequency');
  const labels = readers.map(({ label }) => label);
  const legend = { symbolType: 'stroke', symbolSize: 600 };
  const colour = { field: 'reader', type: 'nominal', title: null, scale: { domain: labels }, legend };
  const y = (field: string) => ({
    field,
    type: 'quantitative',
    title: 'validation error (%)',
    scale: { zero: false },
  });
  const panel = (field: 'update' | 'seconds', title: string) => {
    const x = { field, type: 'quantitative', title };
    return {
      width: panelWidth,
      height: panelWidth,
      layer: [
        {
          data: { values: points },
          mark: { type: 'area', opacity: 0.15 },
          encoding: { x, y: y('low'), y2: { field: 'high' }, color: colour },
        },
        { data: { values: points }, mark: { type: 'line' }, encoding: { x, y: y('error'), color: colour } },
        ...(guess
          ? [
              {
                data: { values: [{ error: round(100 * guess.value) }] },
                mark: { type: 'rule', strokeDash: [4, 4] },
                encoding: { y: y('error') },
              },
            ]
          : []),
      ],
    };
  };
  const isTimed = points.some(({ seconds }) => seconds !== undefined);
  return {
    title: 'Validation error of attentive readers (Figure 2)',
    caption: `Mean over seeds, the band from the lowest to the highest${isTimed ? '; on the right the same against training time, updates times the median seconds of one, timed in turns on one machine' : ''}. Dashed: answering with the passage’s most frequent entity.`,
    spec: {
      $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
      hconcat: [panel('update', 'update'), ...(isTimed ? [panel('seconds', 'seconds of training')] : [])],
    },
  };
}

/** Five digits are more than a pixel shows. */
function round(value: number): number {
  return Number(value.toPrecision(5));
}
