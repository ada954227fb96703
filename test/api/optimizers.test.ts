import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { raceCatalogue, raceProblems } from '../../lib/api/race-catalogue.ts';
import { baselineNames, startBaseline } from '../../lib/learned-optimizers/baselines.ts';
import { traceLosses } from '../../lib/learned-optimizers/optimize.ts';
import { apiWorld } from './api-world.ts';

describe('the catalogue', () => {
  test.each(raceProblems)('has the rates that were recorded for %s', async (problem) => {
    const file = new URL(`../../docs/results/learned-optimizers/${problem}.json`, import.meta.url);
    const { measurements } = JSON.parse(await readFile(file, 'utf8'));
    for (const name of baselineNames) {
      const tuned = measurements.find(
        (row: { metric: string; subject: string }) => row.metric.startsWith('learning rate') && row.subject === name,
      );
      expect(raceCatalogue[problem].learningRates[name], name).toBe(tuned.mean);
    }
  });
});

describe('POST /v1/optimizers/race', () => {
  test('gives every optimizer the same start, and the learned one is ahead at step 100', async () => {
    const { ports, post } = apiWorld();
    const { status, json } = await post('/v1/optimizers/race', { problem: 'quadratics' });
    expect(status).toBe(200);
    expect(json.curves.map(({ optimizer }: { optimizer: string }) => optimizer)).toEqual([
      'LSTM',
      'ADAM',
      'RMSprop',
      'NAG',
      'SGD',
    ]);
    const starts = new Set(json.curves.map(({ losses }: { losses: number[] }) => losses[0]));
    expect(starts.size).toBe(1);
    const [lstm, ...others] = json.curves.map(({ losses }: { losses: number[] }) => losses[100]);
    expect(Math.min(...others)).toBeGreaterThan(lstm);

    const family = await raceCatalogue.quadratics.createFamily(ports);
    const adam = startBaseline('adam', family.coordinates, raceCatalogue.quadratics.learningRates.adam);
    const losses = await traceLosses(family.sample(0, 'race'), adam, family.coordinates, 101, async () => {});
    expect(json.curves[1]).toEqual({ optimizer: 'ADAM', learningRate: 0.365, losses: [...losses] });
  });

  test('two races at one time are the races alone', async () => {
    const { post } = apiWorld();
    const race = (seed: number) =>
      post('/v1/optimizers/race', { problem: 'quadratics', optimizers: ['LSTM'], steps: 30, seed });
    const alone = [(await race(1)).json, (await race(2)).json];
    expect(await Promise.all([race(1), race(2)]).then((both) => both.map(({ json }) => json))).toEqual(alone);
    expect(alone[0].curves).not.toEqual(alone[1].curves);
  });

  test.each([
    [{ problem: 'rosenbrock' }, 400, /^problem: .*quadratics/],
    [{ problem: 'quadratics', steps: 501 }, 400, /^steps: .*500/],
    [{ problem: 'quadratics', optimizers: [] }, 400, /^optimizers: /],
    [{ problem: 'quadratics', optimizers: ['ADAM', 'ADAM'] }, 400, /can start once/],
    [{ problem: 'mnist' }, 404, /mnist/],
  ])('refuses %j', async (body, status, detail) => {
    const answer = await apiWorld().post('/v1/optimizers/race', body);
    expect(answer.status).toBe(status);
    expect(answer.json.detail).toMatch(detail);
  });

  test('stops at its deadline', async () => {
    const { post } = apiWorld({ limits: { deadlineMilliseconds: 1 } });
    const { status, json } = await post('/v1/optimizers/race', { problem: 'quadratics', steps: 500 });
    expect([status, json.type]).toEqual([503, 'urn:stepwise:problem:deadline-exceeded']);
  });
});
