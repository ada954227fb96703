import { describe, expect, test } from 'vitest';
import { drawModel } from '../../lib/layer-norm/analysis/random-layer.ts';
import { transformationNames } from '../../lib/layer-norm/analysis/transformations.ts';
import { invarianceMetrics } from '../../lib/layer-norm/experiments/invariance-metrics.ts';
import { invariances } from '../../lib/layer-norm/experiments/invariances.ts';
import { measureFisherChange, measureOutputChange } from '../../lib/layer-norm/experiments/measure-invariances.ts';
import { presetNames } from '../../lib/pipeline/experiment.ts';
import { renderChart } from '../../lib/report/render-chart.ts';
import { runExperiment } from './run-experiment.ts';

const noData = () => Promise.reject(new Error('There is no data here.'));

const { smoke } = invariances.presets;
const run = runExperiment(invariances, smoke, noData);

describe('layer-norm/invariances', () => {
  test.each(presetNames)('the preset %s passes its own schema', (preset) => {
    const params = invariances.presets[preset];
    expect(invariances.params.parse(params)).toEqual(params);
    expect(invariances.plan(params)).toHaveLength(params.seeds);
    const { trainingCoreSeconds, evaluationCoreSeconds } = invariances.work(params);
    expect(trainingCoreSeconds + evaluationCoreSeconds).toBeGreaterThan(0);
  });

  test.each([{ seeds: 0 }, { units: 2 }, { factor: 1 }, { cases: 1 }])('refuses %j', (change) => {
    expect(invariances.params.safeParse({ ...smoke, ...change }).success).toBe(false);
  });

  test('measures all 18 cells, and the table holds', async () => {
    const { rows: measurements } = await run;
    const { verdict, tables, charts, remarks } = invariances.summarize(measurements, smoke);
    expect(verdict.outcome).toBe('holds');
    expect(verdict.reason).toMatch(/^18 of 18 cells of Table 1 agree in each of 5 random layers\./);
    expect(tables[0]!.rows).toHaveLength(18);
    for (const row of tables[0]!.rows) expect(row).toHaveLength(tables[0]!.columns.length);
    for (const { spec } of charts) expect(await renderChart(spec)).toContain('<svg');
    expect(remarks!.join(' ')).toMatch(/§5\.1 contradicts Table 1.*The table is right: with inputs × 2/);
    expect(remarks!.join(' ')).toMatch(/× 0\.250 within .* × 0\.500 against another unit’s weights, × 0\.500 against/);
  });

  test('the same run gives the same numbers', async () => {
    expect((await runExperiment(invariances, smoke, noData)).rows).toEqual((await run).rows);
  });

  test('does not hold where one cell of one seed says otherwise, and names it', async () => {
    const metric = invarianceMetrics.change('dataset re-centering');
    const measurements = (await run).rows.map((row) =>
      row.metric === metric && row.subject === 'batch' && row.seed === 1 ? { ...row, value: 0.2 } : row,
    );
    const { outcome, reason } = invariances.summarize(measurements, smoke).verdict;
    expect(outcome).toBe('does not hold');
    expect(reason).toContain('17 of 18 cells');
    expect(reason).toContain('batch norm, dataset re-centering: the paper says invariant, measured');
  });

  test('is inconclusive with too few layers, a missing cell, or nothing at all', async () => {
    const { rows: measurements } = await run;
    const outcome = (rows: typeof measurements) => invariances.summarize(rows, smoke).verdict;
    expect(outcome(measurements.filter(({ seed }) => seed < 2)).reason).toMatch(/^Measured are 18 of 18 cells in 2/);
    const metric = invarianceMetrics.change('dataset re-scaling');
    const without = measurements.filter((row) => row.metric !== metric || row.subject !== 'layer');
    expect(outcome(without)).toMatchObject({ outcome: 'inconclusive' });
    expect(outcome(without).reason).toMatch(/^Measured are 17 of 18 cells/);
    expect(outcome([])).toMatchObject({ outcome: 'inconclusive' });
  });
});

describe('changes of a layer', () => {
  const model = drawModel(7, 'test', { cases: 20, features: 5, units: 4 });
  const settings = {
    factor: 3,
    weightShift: Float64Array.of(1, -2, 0.5, 0, 3),
    inputShift: Float64Array.of(2, 0, -1, 1, 0.5),
  };

  test('by any factor, the Fisher blocks of a re-scaled vector fall by its square and by itself', () => {
    for (const method of ['batch', 'weight'] as const) {
      const change = measureFisherChange(method, 'weight vector re-scaling', model, settings);
      expect(change['own weights'].factor).toBeCloseTo(1 / 9, 12);
      expect(change['weights of another unit'].factor).toBeCloseTo(1 / 3, 12);
      expect(change['own bias and gain'].factor).toBeCloseTo(1 / 3, 12);
      expect(change['own weights'].residual).toBeLessThan(1e-12);
    }
    const whole = measureFisherChange('layer', 'weight matrix re-scaling', model, settings);
    expect(whole['weights of another unit'].factor).toBeCloseTo(1 / 9, 12);
    const one = measureFisherChange('layer', 'weight vector re-scaling', model, settings);
    expect(one['own weights'].residual).toBeGreaterThan(0.01);
  });

  test('that change nothing change nothing', () => {
    const nothing = { factor: 1, weightShift: new Float64Array(5), inputShift: new Float64Array(5) };
    for (const name of transformationNames)
      for (const method of ['batch', 'weight', 'layer'] as const)
        expect(measureOutputChange(method, name, model, nothing)).toBe(0);
  });
});
