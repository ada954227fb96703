import { describe, expect, it } from 'vitest';
import { alignCurves, curvesOf, firstMetric, metricsOf, spreadOf, wantsLogarithm } from '../../web/curves.ts';

const row = (metric: string, subject: string, step: number, seed: number, value: number | null) => ({
  metric,
  subject,
  step,
  seed,
  value,
  unit: 'nats',
});

describe('curves', () => {
  it('are means over seeds with the standard deviation of a sample', () => {
    const [curve] = curvesOf([row('loss', 'lstm', 0, 0, 1), row('loss', 'lstm', 0, 1, 3)], 'loss');
    expect(curve).toEqual({
      subject: 'lstm',
      unit: 'nats',
      points: [{ step: 0, mean: 2, deviation: Math.SQRT2, seeds: 2 }],
    });
  });

  it('ascend by step whatever the order of the rows', () => {
    const [curve] = curvesOf([row('loss', 'a', 10, 0, 1), row('loss', 'a', 0, 0, 2)], 'loss');
    expect(curve!.points.map(({ step }) => step)).toEqual([0, 10]);
  });

  it('have no mean where a seed diverged', () => {
    expect(spreadOf([1, null])).toEqual({ mean: null, deviation: null, seeds: 2 });
    expect(spreadOf([])).toEqual({ mean: null, deviation: null, seeds: 0 });
    expect(spreadOf([5])).toEqual({ mean: 5, deviation: null, seeds: 1 });
  });

  it('share an axis, with gaps where one was not measured', () => {
    const curves = curvesOf([row('m', 'a', 0, 0, 1), row('m', 'a', 2, 0, 2), row('m', 'b', 1, 0, 3)], 'm');
    const { steps, values } = alignCurves(curves);
    expect(steps).toEqual([0, 1, 2]);
    expect(values.map((points) => points.map((point) => point?.mean))).toEqual([
      [1, undefined, 2],
      [undefined, 3, undefined],
    ]);
  });

  it('are preferred to single numbers, and few to many', () => {
    const many = Array.from({ length: 20 }, (_, subject) =>
      [0, 1, 2].map((step) => row('x', `${subject}`, step, 0, 1)),
    );
    const rows = [row('seconds', 'a', 0, 0, 1), ...many.flat(), row('loss', 'a', 0, 0, 1), row('loss', 'a', 1, 0, 1)];
    expect(firstMetric(metricsOf(rows))).toBe('loss');
    expect(firstMetric([])).toBeUndefined();
  });

  it('are drawn on a logarithmic axis only where that is possible and helps', () => {
    const of = (...values: number[]) =>
      curvesOf(
        values.map((value, step) => row('m', 'a', step, 0, value)),
        'm',
      );
    expect(wantsLogarithm(of(1000, 1))).toBe(true);
    expect(wantsLogarithm(of(1000, 0))).toBe(false);
    expect(wantsLogarithm(of(2, 1))).toBe(false);
    expect(wantsLogarithm([])).toBe(false);
  });
});
