/** `POST /v1/optimizers/race`: a learned optimizer against hand-designed ones, from the same start on the same problem. */
import { createRoute, z } from '@hono/zod-openapi';
import { type BaselineName, startBaseline } from '../../learned-optimizers/baselines.ts';
import { traceLosses } from '../../learned-optimizers/optimize.ts';
import type { ProblemFamily } from '../../learned-optimizers/problems/problem.ts';
import type { ApiApp, ApiPorts } from '../ports.ts';
import { computingProblems } from '../problem.ts';
import { type RaceProblem, raceCatalogue, raceProblems, readLearnedOptimizerFile } from '../race-catalogue.ts';

const optimizerNames = ['LSTM', 'ADAM', 'RMSprop', 'NAG', 'SGD'] as const;
type OptimizerName = (typeof optimizerNames)[number];
const baselineOf: Readonly<Record<Exclude<OptimizerName, 'LSTM'>, BaselineName>> = {
  ADAM: 'adam',
  RMSprop: 'rmsprop',
  NAG: 'nag',
  SGD: 'sgd',
};

export const raceRequestSchema = z
  .strictObject({
    problem: z.enum(raceProblems).openapi({
      description:
        'quadratics: 128 random functions of 10 dimensions; mnist: a perceptron 784-20-10, where the store has MNIST',
    }),
    optimizers: z
      .array(z.enum(optimizerNames))
      .min(1)
      .max(optimizerNames.length)
      .refine((names) => new Set(names).size === names.length, 'an optimizer can start once')
      .default([...optimizerNames]),
    steps: z.number().int().min(1).max(500).default(100),
    seed: z.number().int().min(0).max(1_000_000).default(0).openapi({ description: 'Of the problem and its start' }),
  })
  .openapi('RaceRequest');

export const raceSchema = z
  .strictObject({
    problem: z.enum(raceProblems),
    unit: z.string(),
    curves: z.array(
      z.strictObject({
        optimizer: z.enum(optimizerNames),
        learningRate: z
          .number()
          .nullable()
          .openapi({ description: 'Tuned for step 100; the learned optimizer has none' }),
        losses: z.array(z.number().nullable()).openapi({
          description: 'Before the first update and after each; null once a loss is not finite',
        }),
      }),
    ),
  })
  .openapi('Race');

const route = createRoute({
  method: 'post',
  path: '/v1/optimizers/race',
  operationId: 'raceOptimizers',
  summary: 'Loss curves of a learned optimizer and of tuned hand-designed ones',
  tags: ['models'],
  request: { body: { required: true, content: { 'application/json': { schema: raceRequestSchema } } } },
  responses: {
    200: { description: 'A curve an optimizer', content: { 'application/json': { schema: raceSchema } } },
    ...computingProblems,
  },
});

export function registerOptimizers(app: ApiApp, ports: ApiPorts): void {
  const families = new Map<RaceProblem, Promise<ProblemFamily>>();
  const familyOf = (problem: RaceProblem) => {
    let family = families.get(problem);
    if (!family) {
      family = raceCatalogue[problem].createFamily(ports);
      families.set(problem, family);
      // The dataset may be there the next time.
      family.catch(() => families.delete(problem));
    }
    return family;
  };

  app.openapi(route, async (context) => {
    const { problem, optimizers, steps, seed } = context.req.valid('json');
    const family = await familyOf(problem);
    const { lossUnit: unit, learningRates } = raceCatalogue[problem];
    const { breathe } = context.get('deadline');
    const curves = [];
    for (const optimizer of optimizers) {
      const learningRate = optimizer === 'LSTM' ? null : learningRates[baselineOf[optimizer]];
      const losses =
        learningRate === null
          ? await raceLearned(problem, family, { steps, seed, breathe }, ports)
          : await traceLosses(
              family.sample(seed, 'race'),
              startBaseline(baselineOf[optimizer as keyof typeof baselineOf], family.coordinates, learningRate),
              family.coordinates,
              steps + 1,
              breathe,
            );
      curves.push({
        optimizer,
        learningRate,
        losses: [...losses].map((loss) => (Number.isFinite(loss) ? loss : null)),
      });
    }
    return context.json({ problem, unit, curves }, 200);
  });
}

/** A network a request: it holds state, and requests take turns at every step. */
async function raceLearned(
  problem: RaceProblem,
  family: ProblemFamily,
  { steps, seed, breathe }: { readonly steps: number; readonly seed: number; readonly breathe: () => Promise<void> },
  { backend, startTensorFlow }: ApiPorts,
): Promise<Float64Array> {
  const { createOptimizerNetwork, runNetwork } = await import('../../learned-optimizers/optimizer-network.ts');
  const { network: settings, parameters } = await readLearnedOptimizerFile(problem);
  const { coordinates } = family;
  // One thread: starting others takes longer than a race.
  const machine = { coordinates, unrollSteps: 1, threads: 1, backend, startTensorFlow };
  const network = await createOptimizerNetwork(settings, machine);
  try {
    network.setParameters(parameters);
    return await traceLosses(family.sample(seed, 'race'), runNetwork(network), coordinates, steps + 1, breathe);
  } finally {
    network.dispose();
  }
}
