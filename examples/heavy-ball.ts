/** Polyak (1964): on an ill-conditioned quadratic, momentum gets further than plain gradient descent in as many steps. */
import { z } from 'zod';
import { randomStream } from '../lib/numerics/random.ts';
import { defineExperiment } from '../lib/pipeline/experiment.ts';

const params = z.strictObject({
  seeds: z.number().int().min(1).max(1_000),
  steps: z.number().int().min(1).max(10_000),
  conditionNumber: z.number().min(1).max(1e6),
});
type Params = z.infer<typeof params>;

/** What to train: for each method, find the best learning rate on a problem of its own. */
interface Trial extends Omit<Params, 'seeds'> {
  readonly name: string;
  readonly momentum: number;
}

/** What to measure: the tuned method on a fresh problem. */
interface Evaluation extends Omit<Trial, 'momentum'> {
  readonly trials: readonly string[];
  readonly momentum: number;
  readonly seed: number;
}

const smoke: Params = { seeds: 5, steps: 100, conditionNumber: 100 };

export const heavyBall = defineExperiment<Params, Trial, Evaluation>({
  name: 'examples/heavy-ball',
  source: {
    arxiv: 'Polyak 1964',
    title: 'Some methods of speeding up the convergence of iteration methods',
    place: '§2',
  },
  claim: 'Heavy-ball momentum reaches a lower value than gradient descent in the same number of steps.',
  deviations: ['The learning rate is tuned on a grid rather than set from the known eigenvalues.'],
  params,
  presets: { smoke, laptop: { ...smoke, seeds: 20 }, overnight: { ...smoke, seeds: 100 }, paper: smoke },
  datasets: [],
  module: 'examples/heavy-ball.ts',
  trainingModule: 'examples/heavy-ball.ts',

  plan: ({ steps, conditionNumber }) => [
    { name: 'gradient-descent', momentum: 0, steps, conditionNumber, cpus: 1 },
    { name: 'heavy-ball', momentum: 0.8, steps, conditionNumber, cpus: 1 },
  ],

  async train(trial, context) {
    const rates = Array.from({ length: 40 }, (_, index) => 2 ** (index / 4 - 8));
    const values = rates.map((rate) => minimize(trial, rate, -1));
    const best = rates[values.indexOf(Math.min(...values))]!;
    await context.writeMetrics(rates.map((rate, index) => ({ rate, value: String(values[index]) })));
    await context.writeModel({ rate: { shape: [1], data: Float64Array.of(best) } }, {});
  },

  evaluations: ({ seeds }, trials) =>
    trials.flatMap((trial) =>
      Array.from({ length: seeds }, (_, seed) => ({
        ...trial,
        name: `${trial.name}/seed-${seed}`,
        trials: [trial.name],
        seed,
      })),
    ),

  async evaluate(evaluation, context) {
    const subject = evaluation.trials[0]!;
    const { tensors } = await context.model(subject);
    const value = minimize(evaluation, tensors.rate!.data[0]!, evaluation.seed);
    return [{ metric: 'value', subject, step: evaluation.steps, seed: evaluation.seed, value, unit: '1' }];
  },

  summarize(measurements) {
    const mean = (subject: string) => {
      const values = measurements.filter((row) => row.subject === subject).map(({ value }) => value);
      return values.reduce((sum, value) => sum + value, 0) / values.length;
    };
    const plain = mean('gradient-descent');
    const momentum = mean('heavy-ball');
    const reason = `mean f: heavy ball ${momentum.toPrecision(2)}, gradient descent ${plain.toPrecision(2)}`;
    return {
      verdict: { outcome: momentum < plain ? 'holds' : 'does not hold', reason },
      tables: [
        {
          title: 'f after the last step, mean over seeds',
          columns: [{ label: 'method' }, { label: 'f' }],
          rows: [
            ['gradient descent', plain],
            ['heavy ball', momentum],
          ],
        },
      ],
      charts: [],
    };
  },

  work: ({ seeds, steps }) => ({ trainingCoreSeconds: steps * 1e-5, evaluationCoreSeconds: seeds * steps * 1e-6 }),
});

/** f(x) = ½ Σ λᵢ xᵢ² with eigenvalues λ spread evenly from 1 / conditionNumber to 1; x₁ ~ N(0, I). Returns f after the last step. */
function minimize(
  problem: { momentum: number; steps: number; conditionNumber: number },
  rate: number,
  seed: number,
): number {
  const dimensions = 20;
  const random = randomStream(seed, 'start');
  let value = 0;
  for (let index = 0; index < dimensions; index++) {
    const eigenvalue = 1 / problem.conditionNumber + (1 - 1 / problem.conditionNumber) * (index / (dimensions - 1));
    let x = random.normal();
    let velocity = 0;
    for (let step = 0; step < problem.steps; step++) {
      velocity = problem.momentum * velocity - rate * eigenvalue * x;
      x += velocity;
    }
    value += 0.5 * eigenvalue * x * x;
  }
  return value;
}
