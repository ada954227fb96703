import { describe, expect, test } from 'vitest';
import { angleBetween } from '../../lib/layer-norm/analysis/vectors.ts';
import { geometry } from '../../lib/layer-norm/experiments/geometry.ts';
import { fitExponent, geometryMetrics } from '../../lib/layer-norm/experiments/geometry-metrics.ts';
import type { Measurement } from '../../lib/pipeline/experiment.ts';
import { presetNames } from '../../lib/pipeline/experiment.ts';
import { renderChart } from '../../lib/report/render-chart.ts';
import { spreadOverSeeds } from '../../lib/report/seed-spread.ts';
import { runExperiment } from './run-experiment.ts';

const noData = () => Promise.reject(new Error('There is no data here.'));

const params = geometry.presets.smoke;
const run = runExperiment(geometry, params, noData);

describe('layer-norm/geometry', () => {
  test.each(presetNames)('the preset %s passes its own schema', (preset) => {
    const chosen = geometry.presets[preset];
    expect(geometry.params.parse(chosen)).toEqual(chosen);
    const trials = geometry.plan(chosen).map(({ name }) => name);
    expect(new Set(trials).size).toBe(4 * chosen.learningRates.length * chosen.seeds);
    const evaluations = geometry.evaluations(chosen, geometry.plan(chosen)).map(({ name }) => name);
    expect(new Set(evaluations).size).toBe(evaluations.length);
    const { trainingCoreSeconds, evaluationCoreSeconds } = geometry.work(chosen);
    expect(trainingCoreSeconds + evaluationCoreSeconds).toBeGreaterThan(0);
  });

  test.each([{ units: 13 }, { learningRates: [1, 1] }, { widths: [6] }, { stepLengths: [0.1] }])(
    'refuses %j',
    (change) => {
      expect(geometry.params.safeParse({ ...params, ...change }).success).toBe(false);
    },
  );

  test('holds, with numbers for every statement', async () => {
    const { verdict, tables, charts, remarks } = geometry.summarize((await run).rows, params);
    expect(verdict.reason).toMatch(/^8 of 8 statements agree over 3 seeds/);
    expect(verdict.outcome).toBe('holds');
    expect(verdict.reason).toMatch(/Eq\. 13 is an approximation.*% at H = 6, .*% at H = 24/);
    expect(tables).toHaveLength(4);
    for (const { columns, rows } of tables) for (const row of rows) expect(row).toHaveLength(columns.length);
    expect(charts).toHaveLength(4);
    for (const { spec } of charts) expect(await renderChart(spec)).toContain('<svg');
    expect(remarks).toHaveLength(3);
  });

  test('the same seeds give the same numbers', async () => {
    const again = await runExperiment(geometry, { ...params, seeds: 1 }, noData);
    expect(again.rows).toEqual((await run).rows.filter(({ seed }) => seed === 0));
  });

  test('the error of Eq. 13 under layer normalization falls as 1/H in own blocks, and stays along W', async () => {
    const spreads = spreadOverSeeds((await run).rows);
    const curve = (metric: string) => spreads.filter((row) => row.metric === metric);
    expect(fitExponent(curve(geometryMetrics.ownBlocks))).toBeCloseTo(-1, 0);
    for (const { least } of curve(geometryMetrics.printedAlongWeights)) expect(least).toBeGreaterThan(0.1);
    for (const { greatest } of curve(geometryMetrics.exactAlongWeights)) expect(greatest).toBeLessThan(1e-12);
  });

  test.each([
    [geometryMetrics.gain('gaussian'), 'layer', 9, 'The metric along the gain'],
    [geometryMetrics.leastGrowth(10), 'weight', -0.1, 'No update of a normalised model'],
    [geometryMetrics.ownUnit('bernoulli'), 'batch', 0.01, 'Eqs 12–14 give the Fisher matrix'],
  ])('does not hold where %s of %s is %s', async (metric, subject, value, statement) => {
    const measurements = (await run).rows.map((row) =>
      row.metric === metric && row.subject === subject ? { ...row, value } : row,
    );
    const { outcome, reason } = geometry.summarize(measurements, params).verdict;
    expect(outcome).toBe('does not hold');
    expect(reason).toContain(`Not so: ${statement}`);
  });

  test('is inconclusive with too few seeds, or where something is missing', async () => {
    const { rows: measurements } = await run;
    const judge = (rows: readonly Measurement[]) => geometry.summarize(rows, params).verdict;
    expect(judge(measurements.filter(({ seed }) => seed < 2)).outcome).toBe('inconclusive');
    const without = measurements.filter(({ subject }) => subject !== 'weight');
    expect(judge(without).reason).toMatch(/^Measured are [0-7] of 8 statements over 3 seeds/);
    expect(judge([]).outcome).toBe('inconclusive');
  });
});

test('an exponent is the slope between logarithms', () => {
  const rows = [1, 2, 4].map((step) => ({
    metric: 'x',
    subject: 'y',
    step,
    seed: 0,
    value: 3 * step ** -2,
    unit: '1',
  }));
  expect(fitExponent(spreadOverSeeds(rows))).toBeCloseTo(-2, 12);
  expect(fitExponent(spreadOverSeeds(rows.slice(0, 1)))).toBeUndefined();
});

test('small angles keep their digits', () => {
  const [a, b] = [Float64Array.of(1, 0), Float64Array.of(2, 2e-9)];
  expect(angleBetween(a, b)).toBeCloseTo(1e-9, 15);
  expect(angleBetween(a, Float64Array.of(0, 3))).toBeCloseTo(Math.PI / 2, 12);
  expect(angleBetween(a, Float64Array.of(-1, 0))).toBeCloseTo(Math.PI, 12);
});
