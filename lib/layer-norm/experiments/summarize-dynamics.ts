/** Tables and remarks over `recurrent-dynamics`; pure functions of the measurements. */
import { spreadOf } from '../../numerics/spread.ts';
import type { Measurement, Summary, Table } from '../../pipeline/experiment.ts';
import { formatSignificant } from '../../report/format-numbers.ts';
import { chartDynamics } from './chart-dynamics.ts';
import {
  cellLabels,
  cellSubject,
  classifierNames,
  dynamicsCells,
  dynamicsMetrics,
  pauseLabel,
  type TestedName,
  testedLabels,
  testedNames,
} from './dynamics-metrics.ts';
import { DynamicsNumbers, type DynamicsSummaryParams } from './dynamics-numbers.ts';
import { judgeDynamics, judgeDynamicsStatements } from './judge-dynamics.ts';

const number = formatSignificant;

export function summarizeDynamics(measurements: readonly Measurement[], params: DynamicsSummaryParams): Summary {
  const numbers = new DynamicsNumbers(measurements);
  return {
    verdict: judgeDynamics(numbers, params),
    tables: [
      tabulateStatements(numbers, params),
      tabulateGrowth(numbers, params),
      tabulateLengths(numbers, params),
      tabulateTrainings(numbers, params),
    ].filter(({ rows }) => rows.length > 0),
    charts: chartDynamics(numbers, params),
    remarks: remark(numbers, params),
  };
}

function tabulateStatements(numbers: DynamicsNumbers, params: DynamicsSummaryParams): Table {
  return {
    title: 'What §3 says, and what was measured',
    columns: ['statement', 'measured', 'agrees'].map((label) => ({ label })),
    rows: judgeDynamicsStatements(numbers, params)
      .filter(({ agrees }) => agrees !== undefined)
      .map(({ statement, measured, agrees }) => [statement, measured, agrees ? 'yes' : 'no']),
  };
}

function tabulateGrowth(numbers: DynamicsNumbers, { scales }: DynamicsSummaryParams): Table {
  const growth = (metric: string, subject: string) => {
    const log = numbers.mean(metric, subject);
    return log === undefined ? undefined : Math.exp(log);
  };
  return {
    title:
      'Untrained networks in silence: by what summed inputs change from step to step, and gradients from a step to the one before; means over seeds',
    columns: [
      { label: 'network' },
      { label: 'weights' },
      { label: 'times' },
      { label: 'summed inputs, plain' },
      { label: 'layer norm' },
      { label: 'gradient, plain' },
      { label: 'layer norm' },
    ],
    rows: dynamicsCells.flatMap((cell) =>
      (['recurrent', 'all'] as const).flatMap((scaled) =>
        scales.flatMap((scale) => {
          const values = (['summedGrowth', 'gradientGrowth'] as const).flatMap((quantity) =>
            (['none', 'layer'] as const).map((normalization) =>
              growth(dynamicsMetrics[quantity](scaled, scale), cellSubject(cell, normalization)),
            ),
          );
          return values.some((value) => value === undefined) ? [] : [[cellLabels[cell], scaled, scale, ...values]];
        }),
      ),
    ),
  };
}

function tabulateLengths(numbers: DynamicsNumbers, { steps, testSteps, pauses }: DynamicsSummaryParams): Table {
  const ends = Array.from({ length: Math.floor(testSteps / steps) }, (_, index) => (index + 1) * steps);
  return {
    title: `Accuracy of digits by the steps up to which they come; trained on streams of ${steps} steps; means over seeds`,
    columns: [
      { label: 'streams' },
      { label: 'model' },
      ...ends.map((end) => ({ label: `≤ ${end}` })),
      { label: 'fall beyond training' },
      { label: 'standard deviation', digits: 2 },
    ],
    rows: pauses.flatMap((pause) =>
      testedNames.flatMap((name) => {
        const fall = spreadOf([...numbers.fallBeyondTraining(name, pause, { steps, testSteps }).values()]);
        if (!fall) return [];
        const accuracies = ends.map((end) => numbers.mean(dynamicsMetrics.accuracy(pause), name, end));
        return [[pauseLabel(pause), testedLabels[name], ...accuracies, fall.mean, fall.standardDeviation]];
      }),
    ),
  };
}

function tabulateTrainings(numbers: DynamicsNumbers, { batchSize, pauses }: DynamicsSummaryParams): Table {
  const settings = [...pauses.map((pause) => ({ pause, batch: batchSize })), { pause: pauses[0]!, batch: 1 }];
  return {
    title: 'Training: validation loss in nats a digit, means over seeds',
    columns: [
      { label: 'batch size' },
      { label: 'streams' },
      { label: 'model' },
      { label: 'updates' },
      { label: 'last loss' },
      { label: 'last accuracy' },
      { label: 'updates to the plain model’s best' },
      { label: 'milliseconds an update' },
      { label: 'seconds to it' },
    ],
    rows: settings.flatMap(({ pause, batch }) =>
      classifierNames.flatMap((name) => {
        const last = numbers.steps(dynamicsMetrics.curve(batch, pause), name).at(-1);
        if (last === undefined) return [];
        const updates = numbers.updatesToPlainBest(name, batch, pause);
        const seconds = numbers.mean(dynamicsMetrics.updateSeconds(batch), name);
        return [
          [
            batch,
            pauseLabel(pause),
            testedLabels[name],
            last,
            numbers.mean(dynamicsMetrics.curve(batch, pause), name, last),
            numbers.mean(dynamicsMetrics.curveAccuracy(batch, pause), name, last),
            updates,
            seconds === undefined ? undefined : 1000 * seconds,
            updates === undefined || seconds === undefined ? undefined : updates * seconds,
          ],
        ];
      }),
    ),
  };
}

function remark(numbers: DynamicsNumbers, params: DynamicsSummaryParams): readonly string[] {
  const remarks: string[] = [];
  const { scales, pauses } = params;
  const log = (cell: 'rnn' | 'lstm', normalization: 'none' | 'layer', scale: number) =>
    numbers.mean(dynamicsMetrics.gradientGrowth('recurrent', scale), cellSubject(cell, normalization)) ?? Number.NaN;
  const steadiest = (cell: 'rnn' | 'lstm', normalization: 'none' | 'layer') =>
    scales.toSorted((a, b) => Math.abs(log(cell, normalization, a)) - Math.abs(log(cell, normalization, b)))[0]!;
  if (!Number.isNaN(log('lstm', 'none', scales[0]!))) {
    const plain = steadiest('lstm', 'none');
    const normalised = steadiest('lstm', 'layer');
    remarks.push(
      `Stable is not the same as constant: with recurrent weights × ${plain} the plain LSTM’s gradient changes by ${number(Math.exp(log('lstm', 'none', plain)))} a step, layer norm’s at its steadiest by ${number(Math.exp(log('lstm', 'layer', normalised)))}. What layer normalization takes away is the dependence on the weights’ scale.`,
    );
  }
  remarks.push(
    'LSTM and GRU normalise W_h h by itself, so a factor of the recurrent weights cancels up to ε; the RNN of Eq. 4 normalises the sum, and is exactly invariant only to a factor of all weights. In silence the summed inputs of both are W_h h.',
  );
  const meansOf = (name: TestedName, pause: number) => {
    const within = numbers.mean(dynamicsMetrics.accuracy(pause), name, params.steps);
    const beyond = spreadOf([...numbers.beyondTraining(name, pause, params).values()])?.mean;
    return within === undefined || beyond === undefined ? undefined : { within, beyond };
  };
  const [own, stored] = [meansOf('batch-own', pauses[0]!), meansOf('batch', pauses[0]!)];
  if (own && stored) {
    // The model and the streams are the same: only the statistics differ.
    const isCause = own.within - own.beyond < (stored.within - stored.beyond) / 2;
    remarks.push(
      `With the statistics of the test minibatch, which needs many streams at a time, instead of the stored ones recurrent batch norm’s accuracy goes from ${number(own.within)} to ${number(own.beyond)} beyond the training length rather than from ${number(stored.within)} to ${number(stored.beyond)}${isCause ? ': the trouble is in the stored statistics, as §3.1 says' : ''}.`,
    );
  }
  for (const pause of pauses.slice(1)) {
    const [batch, layer] = [meansOf('batch', pause), meansOf('layer', pause)];
    if (!batch || !layer) continue;
    remarks.push(
      `Streams without pauses have a rhythm, so that the last step’s statistics fit few others. With ${pauseLabel(pause)} the steps differ less: there recurrent batch norm’s accuracy goes from ${number(batch.within)} to ${number(batch.beyond)}, layer norm’s from ${number(layer.within)} to ${number(layer.beyond)}.`,
    );
  }
  return remarks;
}
