/** Trains normalised generalised linear models by plain gradient descent, and writes down how their weights grow (§5.2.2). */
import { randomStream } from '../../numerics/random.ts';
import type { TrainingContext } from '../../pipeline/context.ts';
import { gradientOfLoss, meanLoss } from '../analysis/linear-model.ts';
import { applyLayer, type LayerParameters, type Normalization } from '../analysis/normalized-layer.ts';
import { bernoulli } from '../analysis/output-families.ts';
import { drawModel, drawParameters, type LayerSizes, modelTensors } from '../analysis/random-layer.ts';
import { angleBetween, norm } from '../analysis/vectors.ts';

export interface LinearModelTrial extends LayerSizes {
  /** `layer/rate-1/seed-0` */
  readonly name: string;
  readonly cpus: number;
  readonly group: string;
  readonly seed: number;
  readonly normalization: Normalization;
  readonly learningRate: number;
  readonly updates: number;
}

/** Beyond this loss a training has diverged: chance is ln 2 a unit. */
const divergedLoss = 1e6;

/**
 * Full-batch gradient descent on targets y ∈ {0, 1} that a standard GLM with random weights gave: the same data, the same
 * targets and the same initial weights for all normalizations of a seed. It takes a second at most: no checkpoints.
 *
 * Metrics, a row an update: the loss before it, ‖w_i‖ averaged over units, ‖W‖, and the mean angle by which the update
 * turns the weight vectors.
 */
export async function train(trial: LinearModelTrial, context: TrainingContext): Promise<void> {
  const { seed, normalization, learningRate, updates, cases: count, features, units } = trial;
  const { parameters: initial, cases } = drawModel(seed, 'linear-model', { cases: count, features, units });
  const targets = drawTargets(seed, { count, units, inputs: cases.inputs, features });
  let parameters: LayerParameters = initial;
  const history: Record<string, number | string>[] = [];
  for (let update = 0; update < updates; update++) {
    const { loss, gradient } = gradientOfLoss(normalization, parameters, cases, targets, bernoulli);
    if (!(loss < divergedLoss)) break;
    const next = descend(parameters, gradient, learningRate);
    const { meanRowNorm, meanAngle } = compareRows(parameters.weights, next.weights, features);
    history.push({ update, loss, meanRowNorm, matrixNorm: norm(parameters.weights), meanAngle });
    parameters = next;
    if (update % 50 === 0) await context.breathe();
  }
  const loss = meanLoss(normalization, parameters, cases, targets, bernoulli);
  const { meanRowNorm } = compareRows(parameters.weights, parameters.weights, features);
  history.push({
    update: history.length,
    loss: Number.isFinite(loss) ? loss : 'diverged',
    meanRowNorm,
    matrixNorm: norm(parameters.weights),
  });
  await context.writeMetrics(history);
  await context.writeModel(
    { ...modelTensors({ parameters, cases }), targets: { shape: [count, units], data: targets } },
    { kind: 'linear-model', normalization, finalLoss: String(loss) },
  );
}

/** y ~ P(y | x) of a teacher, so that no model can fit them all, and the weights do not grow for want of noise. */
function drawTargets(
  seed: number,
  { count, units, features, inputs }: { count: number; units: number; features: number; inputs: Float64Array },
): Float64Array {
  const teacher = drawParameters(randomStream(seed, 'linear-model', 'teacher'), { features, units });
  const weights = teacher.weights.map((value) => 2 * value);
  const { outputs } = applyLayer('none', { ...teacher, weights }, { count, features, inputs });
  const random = randomStream(seed, 'linear-model', 'targets');
  return bernoulli.mean(outputs).map((probability) => (random.uniform() < probability ? 1 : 0));
}

function descend(parameters: LayerParameters, gradient: LayerParameters, learningRate: number): LayerParameters {
  const step = (values: Float64Array, slopes: Float64Array) =>
    values.map((value, index) => value - learningRate * slopes[index]!);
  return {
    weights: step(parameters.weights, gradient.weights),
    bias: step(parameters.bias, gradient.bias),
    gain: step(parameters.gain, gradient.gain),
  };
}

/** Over the rows of two weight matrices: the mean norm of the first's, the mean angle between them in radians. */
function compareRows(before: Float64Array, after: Float64Array, features: number) {
  const rows = before.length / features;
  let meanRowNorm = 0;
  let meanAngle = 0;
  for (let row = 0; row < rows; row++) {
    const part = (values: Float64Array) => values.subarray(row * features, (row + 1) * features);
    meanRowNorm += norm(part(before)) / rows;
    meanAngle += angleBetween(part(before), part(after)) / rows;
  }
  return { meanRowNorm, meanAngle };
}
