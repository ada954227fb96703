import { readFile } from 'node:fs/promises';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { ApiPorts } from '../../lib/api/ports.ts';
import { type RaceProblem, raceCatalogue, raceProblems } from '../../lib/api/race-catalogue.ts';
import { checkDatasetFolder } from '../../lib/datasets/import-dataset.ts';
import { storeDataset } from '../../lib/datasets/store-dataset.ts';
import { baselineNames, startBaseline } from '../../lib/learned-optimizers/baselines.ts';
import { traceLosses } from '../../lib/learned-optimizers/optimize.ts';
import { createOptimizerNetwork, runNetwork } from '../../lib/learned-optimizers/optimizer-network.ts';
import type { ProblemFamily } from '../../lib/learned-optimizers/problems/problem.ts';
import { decodeOptimizerFile } from '../../lib/learned-optimizers/tensorflow/optimizer-file.ts';
import { makeOwnDigits } from '../datasets/mnist-folder.ts';
import { apiWorld } from './api-world.ts';

afterEach(() => void vi.restoreAllMocks());

/** Of the LSTM and the baselines in the order of the answer, without anything of the API but its problems. */
async function traceDirectly(
  problem: RaceProblem,
  ports: ApiPorts,
  { seed, steps }: { readonly seed: number; readonly steps: number },
): Promise<readonly (readonly number[])[]> {
  const family = await raceCatalogue[problem].createFamily(ports);
  const { coordinates } = family;
  const bytes = await readFile(
    new URL(`../../lib/learned-optimizers/pretrained/${problem}.safetensors`, import.meta.url),
  );
  const { network: settings, parameters } = decodeOptimizerFile(bytes, problem);
  const { backend, startTensorFlow } = ports;
  const network = await createOptimizerNetwork(settings, {
    coordinates,
    unrollSteps: 1,
    threads: 1,
    backend,
    startTensorFlow,
  });
  network.setParameters(parameters);
  const { learningRates } = raceCatalogue[problem];
  const curves = [];
  for (const optimizer of [
    runNetwork(network),
    ...baselineNames.map((name) => startBaseline(name, coordinates, learningRates[name])),
  ]) {
    curves.push([
      ...(await traceLosses(family.sample(seed, 'race'), optimizer, coordinates, steps + 1, async () => {})),
    ]);
  }
  network.dispose();
  return curves;
}

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

    expect(json.curves[1]).toMatchObject({ optimizer: 'ADAM', learningRate: 0.365 });
    expect(json.curves.map(({ losses }: { losses: number[] }) => losses)).toEqual(
      await traceDirectly('quadratics', ports, { seed: 0, steps: 100 }),
    );
  });

  test('on MNIST, has the curves that the library computes on the same digits', async () => {
    const { ports, store, post } = apiWorld();
    await storeDataset(store, 'mnist', await checkDatasetFolder('mnist', await makeOwnDigits(300, 10)));
    const { status, json } = await post('/v1/optimizers/race', { problem: 'mnist', steps: 10, seed: 7 });
    expect([status, json.unit]).toEqual([200, 'nats']);
    const losses = json.curves.map((curve: { losses: number[] }) => curve.losses);
    expect(losses).toEqual(await traceDirectly('mnist', ports, { seed: 7, steps: 10 }));
    // Ten classes, of which nothing is known at the start.
    expect(losses[0][0]).toBeCloseTo(Math.log(10), 1);
    expect(losses[0][10]).not.toBe(losses[0][0]);
  });

  test('a loss that is not finite any more is null from there on', async () => {
    const { ports } = apiWorld();
    const family = await raceCatalogue.quadratics.createFamily(ports);
    const falling: ProblemFamily = {
      ...family,
      sample: () => ({
        initialize: (theta) => theta.fill(1),
        lossAndGradient: (_, step) => (step < 3 ? step : Number.POSITIVE_INFINITY),
      }),
    };
    vi.spyOn(raceCatalogue.quadratics, 'createFamily').mockResolvedValueOnce(falling);
    const { json } = await apiWorld().post('/v1/optimizers/race', {
      ...{ problem: 'quadratics', optimizers: ['SGD'], steps: 4 },
    });
    expect(json.curves[0].losses).toEqual([1, 2, null, null, null]);
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
    // Where the store lies is for the log.
    [
      { problem: 'mnist' },
      404,
      /^The store has no dataset 'mnist'.*stepwise run learned-optimizers\/mnist --preset laptop$/,
    ],
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
