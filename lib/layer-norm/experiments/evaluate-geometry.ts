/** What `geometry` measures of trained models, of layers of growing width, and of the trainings themselves. */
import { randomStream } from '../../numerics/random.ts';
import type { EvaluationContext } from '../../pipeline/context.ts';
import type { Measurement } from '../../pipeline/experiment.ts';
import { type Normalization, normalizations } from '../analysis/normalized-layer.ts';
import { bernoulli, familyNames, outputFamilies } from '../analysis/output-families.ts';
import { drawModel, readModel } from '../analysis/random-layer.ts';
import { geometryMetrics } from './geometry-metrics.ts';
import {
  compareWithDefinition,
  measureGainMetric,
  measureMetric,
  measureOwnUnitError,
  measureScaledWeights,
} from './measure-geometry.ts';

interface ModelEvaluation {
  readonly kind: 'model';
  readonly name: string;
  /** One of each normalization, in the order of `normalizations`. */
  readonly trials: readonly string[];
  readonly seed: number;
  readonly directions: number;
  readonly stepLengths: readonly number[];
  readonly weightScales: readonly number[];
  readonly inputFactor: number;
}

interface WidthsEvaluation {
  readonly kind: 'widths';
  readonly name: string;
  readonly trials: readonly string[];
  readonly seed: number;
  readonly widths: readonly number[];
  readonly features: number;
}

interface TrainingEvaluation {
  readonly kind: 'training';
  readonly name: string;
  readonly trials: readonly string[];
  readonly seed: number;
  readonly normalization: Normalization;
  readonly learningRate: number;
}

export type GeometryEvaluation = ModelEvaluation | WidthsEvaluation | TrainingEvaluation;

/** Few, because the matrices of wide layers are large; which they are matters little to an error of 1/H. */
export const casesOfWidths = 32;
/** Of the step that is measured at every scale of the weights: it turns them by about a degree at the first. */
const probingRate = 0.1;
/** Points of a learning curve that become measurements. */
const curvePoints = 25;

export async function evaluateGeometry(
  evaluation: GeometryEvaluation,
  context: EvaluationContext,
): Promise<readonly Measurement[]> {
  if (evaluation.kind === 'model') return evaluateModels(evaluation, context);
  if (evaluation.kind === 'widths') return evaluateWidths(evaluation, context);
  return evaluateTraining(evaluation, context);
}

async function evaluateModels(
  { trials, seed, directions, stepLengths, weightScales, inputFactor }: ModelEvaluation,
  context: EvaluationContext,
): Promise<readonly Measurement[]> {
  const rows: Measurement[] = [];
  for (const [index, subject] of normalizations.entries()) {
    const { tensors } = await context.model(trials[index]!);
    const model = readModel(tensors);
    const targets = Float64Array.from(tensors.targets!.data);
    const add = (metric: string, value: number, unit = '1', step = 0) =>
      void rows.push({ metric, subject, step, seed, value, unit });
    for (const name of familyNames) {
      const family = outputFamilies[name];
      const random = randomStream(seed, 'geometry', 'directions', subject);
      for (const { length, divergence, error } of measureMetric(
        subject,
        model,
        family,
        stepLengths,
        directions,
        random,
      )) {
        add(geometryMetrics.divergence(name), divergence, 'nats', length);
        add(geometryMetrics.metricError(name), error, 'nats', length);
      }
      const { allUnits, ownUnit } = compareWithDefinition(subject, model, family);
      add(geometryMetrics.definition(name), allUnits);
      add(geometryMetrics.ownUnit(name), ownUnit);
      add(geometryMetrics.gain(name), measureGainMetric(subject, model, family, inputFactor));
      await context.breathe();
    }
    for (const scale of weightScales) {
      const measured = measureScaledWeights(subject, model, targets, scale, probingRate);
      add(geometryMetrics.angle, measured.angle, 'radians', scale);
      add(geometryMetrics.ownWeights, measured.ownWeights, '1', scale);
      add(geometryMetrics.radial, measured.radial, '1', scale);
    }
  }
  return rows;
}

async function evaluateWidths(
  { seed, widths, features }: WidthsEvaluation,
  context: EvaluationContext,
): Promise<readonly Measurement[]> {
  const rows: Measurement[] = [];
  for (const units of widths) {
    const model = drawModel(seed, 'wide-model', { cases: casesOfWidths, features, units });
    const measured = measureOwnUnitError(model, bernoulli);
    for (const name of ['ownBlocks', 'wholeMatrix', 'exactAlongWeights', 'printedAlongWeights'] as const)
      rows.push({
        metric: geometryMetrics[name],
        subject: 'layer',
        step: units,
        seed,
        value: measured[name],
        unit: '1',
      });
    await context.breathe();
  }
  return rows;
}

/** From the learning curve that the artifact holds. */
async function evaluateTraining(
  { trials, seed, normalization: subject, learningRate }: TrainingEvaluation,
  context: EvaluationContext,
): Promise<readonly Measurement[]> {
  const { metrics, metadata } = await context.model(trials[0]!);
  const rows: Measurement[] = [];
  const add = (metric: string, value: number, unit: string, step: number) =>
    void rows.push({ metric, subject, step, seed, value, unit });
  const every = Math.max(1, Math.floor((metrics.length - 1) / curvePoints));
  let leastGrowth = Number.POSITIVE_INFINITY;
  for (const [index, row] of metrics.entries()) {
    // Layer normalization is invariant to the scale of the matrix alone, the others to that of each row.
    const size = (of: (typeof metrics)[number]) => Number(subject === 'layer' ? of.matrixNorm : of.meanRowNorm);
    if (index > 0) leastGrowth = Math.min(leastGrowth, size(row) / size(metrics[index - 1]!) - 1);
    if (index % every !== 0) continue;
    add(geometryMetrics.weightNorm(learningRate), Number(row.meanRowNorm), '1', Number(row.update));
    if (row.meanAngle !== undefined)
      add(geometryMetrics.turning(learningRate), Number(row.meanAngle), 'radians', Number(row.update));
  }
  add(geometryMetrics.leastGrowth(learningRate), leastGrowth, '1', 0);
  // The largest number that JSON can hold stands for a training that diverged.
  const loss = Number(metadata.finalLoss);
  add(geometryMetrics.loss(learningRate), Number.isFinite(loss) ? loss : Number.MAX_VALUE, 'nats', 0);
  return rows;
}
