/** The runs of `robust-training`: learned optimizers far beyond their horizon, and ADAM tuned for each step of interest. */
import type { EvaluationContext } from '../../pipeline/context.ts';
import type { Measurement } from '../../pipeline/experiment.ts';
import { startBaseline } from '../baselines.ts';
import { traceLosses } from '../optimize.ts';
import { createOptimizerNetwork, runNetwork } from '../optimizer-network.ts';
import type { MnistPerceptronSettings } from '../problems/mnist-perceptron.ts';
import type { ProblemFamily } from '../problems/problem.ts';
import { createFamily } from '../training/mnist.ts';
import { readLearnedOptimizer, readLearningRate } from '../training.ts';

export const activations = ['sigmoid', 'relu'] as const;
export type Activation = (typeof activations)[number];

/** `loss (relu)` */
export const lossMetric = (activation: Activation) => `loss (${activation})`;
/** 1 where a run diverged, 0 where it did not; its step is the length of the run. */
export const divergedMetric = (activation: Activation) => `diverged (${activation})`;

export interface RobustEvaluation {
  readonly name: string;
  readonly trials: readonly string[];
  /** A learned optimizer from its model, the same one with y = 0 throughout, or ADAM at its tuned rate. */
  readonly kind: 'learned' | 'nominal' | 'adam';
  readonly subject: string;
  readonly problem: MnistPerceptronSettings;
  readonly seeds: readonly number[];
  readonly steps: number;
  /** Steps that become rows, ascending; none is beyond `steps`. */
  readonly recordedSteps: readonly number[];
}

/**
 * Rows of the mean loss over the tenth of the run that ends at each recorded step (of one minibatch at step 10 and before),
 * and one row that says whether the run diverged: whether a loss was not finite, or the mean over the last tenth is a tenth
 * above the loss at the start. A run that never left the start is no better, but has not diverged.
 */
export async function evaluateRobustness(
  evaluation: RobustEvaluation,
  context: EvaluationContext,
): Promise<readonly Measurement[]> {
  const { trials, kind, problem, seeds, steps } = evaluation;
  const model = await context.model(trials[0]!);
  const family = await createFamily(problem, context);
  const { coordinates } = family;
  if (kind === 'adam') {
    const learningRate = readLearningRate(model);
    const rows = await record(evaluation, family, () => startBaseline('adam', coordinates, learningRate), context);
    if (seeds[0] !== 0) return rows;
    const metric = `learning rate (${problem.activation})`;
    return [...rows, { metric, subject: 'adam', step: steps, seed: 0, value: learningRate, unit: '1' }];
  }
  const { network: settings, parameters } = readLearnedOptimizer(model);
  const { threads, backend } = context;
  const startTensorFlow = () => context.startTensorFlow();
  const network = await createOptimizerNetwork(settings, {
    coordinates,
    unrollSteps: 1,
    threads,
    backend,
    startTensorFlow,
  });
  try {
    network.setParameters(kind === 'nominal' ? new Float32Array(parameters.length) : parameters);
    return await record(evaluation, family, () => runNetwork(network), context);
  } finally {
    network.dispose();
  }
}

async function record(
  { subject, problem: { activation }, seeds, steps, recordedSteps }: RobustEvaluation,
  family: ProblemFamily,
  start: () => Parameters<typeof traceLosses>[1],
  context: EvaluationContext,
): Promise<Measurement[]> {
  const rows: Measurement[] = [];
  for (const seed of seeds) {
    const problem = family.sample(seed, 'evaluation');
    const losses = await traceLosses(problem, start(), family.coordinates, steps, context.breathe);
    for (const step of recordedSteps) {
      // A run that diverged is a row too: the largest number that JSON can hold.
      const value = Math.min(meanOfLastTenth(losses, step), Number.MAX_VALUE);
      rows.push({ metric: lossMetric(activation), subject, step, seed, value, unit: family.lossUnit });
    }
    const diverged = !(meanOfLastTenth(losses, steps) <= divergedRatio * losses[0]!);
    rows.push({
      metric: divergedMetric(activation),
      subject,
      step: steps,
      seed,
      value: diverged ? 1 : 0,
      unit: '1',
    });
  }
  return rows;
}

/** Of the end to the start. */
const divergedRatio = 1.1;

function meanOfLastTenth(losses: Float64Array, step: number): number {
  const last = losses.subarray(step - Math.ceil(step / 10), step);
  return last.reduce((sum, loss) => sum + loss / last.length, 0);
}

/** 1, 2, 5, 10, 20, … up to a length, with the measured steps among them. */
export function recordedSteps(length: number, measuredSteps: readonly number[]): readonly number[] {
  const steps = new Set(measuredSteps.filter((step) => step <= length));
  for (let decade = 1; decade <= length; decade *= 10) {
    for (const factor of [1, 2, 5]) if (factor * decade <= length) steps.add(factor * decade);
  }
  return [...steps].sort((a, b) => a - b);
}
