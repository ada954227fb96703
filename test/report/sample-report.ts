/** A run as a real one looks: learning curves of five optimizers with bands over seeds, one of them diverged once. */
import type { Measurement, Summary } from '../../lib/pipeline/experiment.ts';
import { storeMeasurement } from '../../lib/pipeline/measurements.ts';
import type { RunDocument } from '../../lib/pipeline/run-document.ts';
import type { ReportedExperiment } from '../../lib/report/report.ts';

const optimizers = [
  { subject: 'lstm', decay: 26, floor: 0.2 },
  { subject: 'adam', decay: 40, floor: 0.27 },
  { subject: 'rmsprop', decay: 44, floor: 0.29 },
  { subject: 'nag', decay: 34, floor: 0.26 },
  { subject: 'sgd', decay: 60, floor: 0.33 },
] as const;
const seeds = [0, 1, 2, 3, 4];

export const sampleMeasurements: readonly Measurement[] = optimizers.flatMap(({ subject, decay, floor }) =>
  seeds.flatMap((seed) =>
    Array.from({ length: 20 }, (_, index) => {
      const step = 5 * (index + 1);
      const ripple = 1 + 0.06 * Math.sin(3 * seed + step / 4);
      const diverged = subject === 'sgd' && seed === 4 && step === 100;
      const value = diverged ? Number.NaN : (2.3 * Math.exp(-step / decay) + floor) * ripple;
      return { metric: 'loss', subject, step, seed, value, unit: 'nats' };
    }),
  ),
);

export const sampleSpec = {
  data: { values: sampleMeasurements.filter(({ value }) => Number.isFinite(value)) },
  width: 600,
  height: 340,
  encoding: {
    x: { field: 'step', type: 'quantitative', title: 'Step' },
    color: { field: 'subject', type: 'nominal', title: 'Optimizer', sort: null },
  },
  layer: [
    {
      mark: { type: 'errorband', extent: 'stdev' },
      encoding: { y: { field: 'value', type: 'quantitative', title: 'Loss (nats)', scale: { type: 'log' } } },
    },
    {
      mark: { type: 'line', clip: true },
      encoding: {
        y: { aggregate: 'mean', field: 'value', type: 'quantitative' },
        strokeDash: {
          condition: { test: "datum.subject !== 'lstm'", value: [5, 4] },
          value: [1, 0],
        },
      },
    },
  ],
};

export const sampleSummary: Summary = {
  verdict: {
    outcome: 'holds',
    reason: 'At step 100 the LSTM reaches 0.250 ± 0.011 nats, the best hand-written optimizer (NAG) 0.381 ± 0.016.',
  },
  tables: [
    {
      title: 'Loss at step 100',
      columns: [
        { label: 'Optimizer' },
        { label: 'Here, nats' },
        { label: 'Paper’s figure, nats', digits: 2 },
        { label: 'Learning rate' },
      ],
      rows: [
        ['LSTM', 0.24961, 0.25, undefined],
        ['NAG', 0.38132, 0.34, 0.1],
        ['Adam', 0.4588, 0.36, 0.03],
        ['RMSprop', 0.5269, 0.37, 0.003],
        ['SGD', 0.7643, undefined, 1],
      ],
    },
  ],
  charts: [
    {
      title: 'Learning curves on MNIST',
      caption:
        'Mean over five fresh initialisations, bands are one standard deviation. Solid: the learned optimizer; dashed: hand-written ones with tuned rates.',
      spec: sampleSpec,
    },
  ],
  remarks: ['Gradients flow through a random quarter of the coordinates each step; the estimate has no bias.'],
};

export const sampleExperiment: ReportedExperiment = {
  name: 'learned-optimizers/mnist',
  source: {
    arxiv: '1606.04474',
    title: 'Learning to learn by gradient descent by gradient descent',
    place: '§3.2, Figure 4 (centre and right)',
  },
  claim:
    'An LSTM trained to optimize small networks on MNIST does so faster than hand-written optimizers with tuned learning rates.',
  deviations: ['Meta-training sees 700 episodes; the paper does not say how many it used.'],
};

export const sampleDocument: RunDocument = {
  formatVersion: 1,
  run: '20261124-080612-317-mnist-laptop-4f1a',
  experiment: 'learned-optimizers/mnist',
  preset: 'laptop',
  params: { seeds: 5, steps: 100, unrollSteps: 20 },
  status: 'succeeded',
  startedAt: '2026-11-24T08:06:12.317Z',
  finishedAt: '2026-11-24T08:14:02.100Z',
  trials: { planned: 26, trained: 24, reused: 2, resumed: 1, failed: 0 },
  missing: [],
  verdict: { ...sampleSummary.verdict, claim: sampleExperiment.claim },
  tables: sampleSummary.tables.map(({ title, columns, rows }) => ({
    title,
    columns: columns.map(({ label, digits }) => (digits === undefined ? { label } : { label, digits })),
    rows: rows.map((row) => row.map((cell) => cell ?? null)),
  })),
  remarks: [...(sampleSummary.remarks ?? [])],
  datasets: [{ name: 'mnist', version: '0123456789abcdef', origin: 'paper' }],
  measurements: sampleMeasurements.map(storeMeasurement),
  provenance: {
    code: 'a1b2c3d4e5f60718',
    backend: 'wasm-relaxed',
    threads: 2,
    hardware: '2 × AMD EPYC, 23 GiB, linux x64, Node 24.21.0',
  },
  durations: { resolve: 0.3, plan: 0.4, train: 412.2, evaluate: 54.7, aggregate: 1.1, total: 470 },
  cost: { train: 0.0602, evaluate: 0.0013, orchestration: 0.0003, estimated: 0.08 },
  comparison: {
    run: '20261123-171100-002-mnist-laptop-0c9e',
    outcome: 'does not hold',
    changes: [
      { metric: 'loss', subject: 'lstm', step: 100, before: 0.4123, now: 0.2496 },
      { metric: 'loss', subject: 'sgd', step: 100, before: 0.7612, now: 0.7643 },
    ],
  },
  files: ['reports/20261124-080612-317-mnist-laptop-4f1a/index.html'],
};
