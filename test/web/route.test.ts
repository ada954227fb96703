import { describe, expect, it } from 'vitest';
import { readProblem } from '../../web/client.ts';
import { formatMetric, formatTime, shortRunName } from '../../web/names.ts';
import { formatRoute, parseRoute, type Route } from '../../web/route.ts';

describe('routes', () => {
  const routes: Exclude<Route, { page: 'unknown' }>[] = [
    { page: 'experiments' },
    { page: 'experiment', experiment: 'layer-norm/draw', runs: [] },
    { page: 'experiment', experiment: 'layer-norm/draw', runs: ['a', 'b'], metric: 'loss & error, 50 %' },
    { page: 'run', run: '20261125-000833-553-handwriting-laptop-5a0a' },
    { page: 'live' },
    { page: 'speed' },
    { page: 'try', trial: undefined },
    { page: 'try', trial: 'race' },
  ];
  it.each(routes)('come back from the address: %o', (route) => {
    expect(parseRoute(formatRoute(route))).toEqual(route);
  });

  it.each(['#/nothing', '#/try/lottery', '#/runs', '#/experiments/only', '#/a/b/c/d', '#/live/x', '#/speed/x'])(
    'that are none are unknown: %s',
    (fragment) => {
      expect(parseRoute(fragment)).toEqual({ page: 'unknown' });
    },
  );

  it('bear a stray percent sign', () => {
    expect(parseRoute('#/runs/100%')).toEqual({ page: 'run', run: '100%' });
  });
});

describe('names', () => {
  it('of runs say when and which', () => {
    expect(shortRunName('20261125-000833-553-handwriting-laptop-5a0a')).toBe('25 Nov 2026, 00:08 · 5a0a');
    expect(shortRunName('nightly')).toBe('nightly');
  });
  it('of metrics are words', () => {
    expect(formatMetric('validationNegativeLogLikelihood')).toBe('validation negative log likelihood');
    expect(formatMetric('SICK Pearson')).toBe('SICK Pearson');
  });
  it('of times are UTC, and – where there is none', () => {
    expect(formatTime('2026-11-25T00:08:33.000Z')).toBe('25 Nov 2026, 00:08');
    expect([formatTime(null), formatTime('soon')]).toEqual(['–', '–']);
  });
});

describe('readProblem', () => {
  it('passes on what the server says', () => {
    const problem = { title: 'No model', detail: 'Run it first.', instance: 'urn:uuid:1', type: 'about:blank' };
    expect(readProblem(problem, { status: 404 })).toEqual({
      title: 'No model',
      status: 404,
      detail: 'Run it first.',
      instance: 'urn:uuid:1',
    });
  });
  it.each([undefined, null, 'Bad gateway', [], { title: 5 }])('makes sense of %o', (answer) => {
    expect(readProblem(answer, { status: 502 })).toEqual({
      title: 'Something went wrong',
      status: 502,
      detail: 'The server answered with status 502 and no explanation.',
    });
  });
});
