import { compile } from 'vega-lite';
import { describe, expect, test } from 'vitest';
import { mnist } from '../../lib/learned-optimizers/experiments/mnist.ts';
import { mnistArchitectureGrid } from '../../lib/learned-optimizers/experiments/mnist-architecture-grid.ts';
import { mnistArchitectures } from '../../lib/learned-optimizers/experiments/mnist-architectures.ts';
import { finalLossMetric } from '../../lib/learned-optimizers/experiments/optimizer-comparison.ts';
import { digestArtifact } from '../../lib/pipeline/digest.ts';
import type { AnyExperiment, BaseTrial, Measurement } from '../../lib/pipeline/experiment.ts';
import { presetNames } from '../../lib/pipeline/experiment.ts';
import { renderChart } from '../../lib/report/render-chart.ts';
import { runWhole } from './run-whole.ts';

const experiments: readonly AnyExperiment[] = [mnistArchitectures, mnistArchitectureGrid];

/** Addresses of what an experiment plans, by the name of the trial. */
function addresses(experiment: AnyExperiment, params: unknown): ReadonlyMap<string, string> {
  const digest = (trial: BaseTrial) =>
    digestArtifact({
      experiment: experiment.name,
      trial,
      datasets: [],
      backend: 'wasm-plain',
      code: experiment.trainingModule,
    });
  return new Map(experiment.plan(params).map((trial) => [trial.name, digest(trial)]));
}

describe.each(experiments)('$name', (experiment) => {
  test.each(presetNames)('%s takes its optimizer from learned-optimizers/mnist, by the same address', (preset) => {
    const params = experiment.presets[preset];
    expect(experiment.params.parse(params)).toEqual(params);
    const ours = addresses(experiment, params);
    const theirs = addresses(mnist, mnist.presets[preset]);
    const learned = [...theirs.keys()].filter((name) => name.startsWith('lstm'));
    expect(learned.length).toBe(preset === 'paper' ? 10 : 1);
    for (const name of learned) expect(ours.get(name)).toBe(theirs.get(name));
    const trials = experiment.plan(params);
    expect(new Set(trials.map(({ name }) => name)).size).toBe(trials.length);
    for (const { trials: named } of experiment.evaluations(params, trials))
      for (const name of named) expect(ours.has(name)).toBe(true);
  });

  test('refuses windows that do not fit the horizon, and an evaluation beyond it', () => {
    const { laptop } = experiment.presets;
    expect(experiment.params.safeParse({ ...laptop, unrollSteps: 30 }).success).toBe(false);
    expect(experiment.params.safeParse({ ...laptop, evaluationSteps: 200 }).success).toBe(false);
  });

  test('smoke runs from plan to summary', async () => {
    const params = experiment.presets.smoke;
    const rows = await runWhole(experiment, params);
    expect(rows.every(({ value }) => Number.isFinite(value))).toBe(true);
    const { verdict, tables, charts } = experiment.summarize(rows, params);
    expect(verdict).toMatchObject({ outcome: 'inconclusive', reason: expect.stringContaining('Wrong scale') });
    for (const { columns, rows: cells } of tables) for (const row of cells) expect(row).toHaveLength(columns.length);
    for (const { title, spec } of charts) {
      expect(() => compile(spec as never)).not.toThrow();
      expect(await renderChart(spec, { title })).toContain('<svg');
    }
    const { trainingCoreSeconds, evaluationCoreSeconds } = experiment.work(params);
    expect(trainingCoreSeconds).toBeGreaterThan(evaluationCoreSeconds);
  });

  test('summarizes nothing at all without falling over', () => {
    expect(experiment.summarize([], experiment.presets.laptop).verdict.outcome).toBe('inconclusive');
  });
});

test('the grid shares the base network’s baselines with mnist, and 20 × 2 and ReLU’s with mnist-architectures', () => {
  const grid = addresses(mnistArchitectureGrid, mnistArchitectureGrid.presets.laptop);
  const base = addresses(mnist, mnist.presets.laptop);
  const architectures = addresses(mnistArchitectures, mnistArchitectures.presets.laptop);
  const shared = (other: ReadonlyMap<string, string>) =>
    [...grid].filter(([name, address]) => other.get(name) === address).map(([name]) => name);
  expect(shared(base)).toEqual(['lstm', 'adam/tuned-at-step-100', 'nag/tuned-at-step-100']);
  expect(shared(architectures)).toEqual([
    'lstm',
    ...['sigmoid-20-20', 'relu-20'].flatMap((network) =>
      ['adam', 'nag'].map((name) => `${network}/${name}/tuned-at-step-100`),
    ),
  ]);
});

/** 20 seeds at step 100 of these mean losses by subject, differences between methods as good as constant. */
function measure(metric: string, levels: Readonly<Record<string, number>>, seeds = 20): Measurement[] {
  return Object.entries(levels).flatMap(([subject, level]) =>
    Array.from({ length: seeds }, (_, seed) => {
      const value = level * (1 + 0.1 * Math.sin(seed)) + 0.001 * Math.sin(3 * seed + subject.length);
      return { metric, subject, step: 100, seed, value, unit: 'nats' };
    }),
  );
}

/** All methods on one network. */
const on = (network: string, lstm: number, best: number, names = ['adam', 'rmsprop', 'nag', 'sgd']) => ({
  [`${network}/lstm`]: lstm,
  ...Object.fromEntries(names.map((name, index) => [`${network}/${name}`, best * (1 + index / 10)])),
});

describe('the verdict over other networks', () => {
  const judge = (levels: Record<string, number>, seeds?: number) =>
    mnistArchitectures.summarize(measure('loss', levels, seeds), mnistArchitectures.presets.laptop).verdict;
  const asInThePaper = { ...on('sigmoid-40', 0.19, 0.3), ...on('sigmoid-20-20', 0.33, 0.7) };

  test('holds where the LSTM leads on the sigmoid networks and trails on ReLU', () => {
    const { outcome, reason } = judge({ ...asInThePaper, ...on('relu-20', 2.6, 0.37) });
    expect(outcome).toBe('holds');
    expect(reason).toMatch(/40 units: the LSTM leads \(the paper: leads\)\. At step 100 .* 0\.19/);
    expect(reason).toMatch(/ReLU: the LSTM trails \(the paper: trails\)/);
  });

  test('does not hold where one of the three is otherwise', () => {
    expect(judge({ ...asInThePaper, ...on('relu-20', 0.36, 0.37) }).outcome).toBe('does not hold');
    expect(judge({ ...asInThePaper, ...on('sigmoid-40', 0.31, 0.3), ...on('relu-20', 2.6, 0.37) }).outcome).toBe(
      'does not hold',
    );
  });

  test('a run that diverged trails', () => {
    const { outcome, reason } = judge({ ...asInThePaper, ...on('relu-20', Number.MAX_VALUE / 2, 0.37) });
    expect(outcome).toBe('holds');
    expect(reason).toContain('ReLU: the LSTM trails');
  });

  test('is inconclusive with too few seeds, or where a network is missing', () => {
    const levels = { ...asInThePaper, ...on('relu-20', 2.6, 0.37) };
    expect(judge(levels, 4).reason).toContain('Too few seeds: 4');
    expect(judge(asInThePaper)).toMatchObject({
      outcome: 'inconclusive',
      reason: expect.stringContaining('Not measured'),
    });
  });
});

describe('the verdict over the grid', () => {
  const params = { ...mnistArchitectureGrid.presets.laptop, gridUnits: [5, 20], gridActivations: ['sigmoid' as const] };
  const names = ['adam', 'nag'];
  const judge = (lstm: readonly number[]) => {
    const levels = ['sigmoid-5', 'sigmoid-20', 'sigmoid-5-5', 'sigmoid-20-20'].map((network, index) =>
      on(network, lstm[index]!, 0.4, names),
    );
    return mnistArchitectureGrid.summarize(measure(finalLossMetric, Object.assign({}, ...levels)), params);
  };

  test('holds where the LSTM leads on three quarters and trails nowhere', () => {
    const { verdict, tables } = judge([0.3, 0.3, 0.3, 0.4]);
    expect(verdict.outcome).toBe('holds');
    expect(verdict.reason).toContain('On 3 of 4 sigmoid networks');
    expect(verdict.reason).toContain('2 layers of 20: the LSTM is level, 0.4 against 0.4 (ADAM)');
    expect(tables[0]!.rows.map((row) => row.at(-1))).toEqual(['leads', 'leads', 'leads', 'is level']);
  });

  test('does not hold where it trails on one, or leads on too few', () => {
    expect(judge([0.3, 0.3, 0.3, 0.45]).verdict.outcome).toBe('does not hold');
    expect(judge([0.3, 0.3, 0.4, 0.4]).verdict.outcome).toBe('does not hold');
  });

  test('looks at sigmoid networks only', () => {
    const levels = { ...on('sigmoid-5', 0.3, 0.4, names), ...on('relu-5', 2.3, 0.4, names) };
    const { verdict, charts } = mnistArchitectureGrid.summarize(measure(finalLossMetric, levels), {
      ...params,
      gridUnits: [5],
      gridLayers: [1],
      gridActivations: ['sigmoid', 'relu'],
    });
    expect(verdict.outcome).toBe('holds');
    const { values } = charts[0]!.spec.data as { values: { network: string }[] };
    expect(new Set(values.map(({ network }) => network))).toEqual(new Set(['sigmoid networks', 'ReLU networks']));
  });
});
