/** Measures what trained networks predict with walks of some radius, and what it takes. */
import type { EvaluationContext } from '../../pipeline/context.ts';
import type { Measurement } from '../../pipeline/experiment.ts';
import { mostProbableLabels } from '../evaluation/most-probable-labels.ts';
import { classProbabilities, startWalk, walkSteps, walkToLimit } from '../predict.ts';
import { type DenseCrfOptions, denseCrf } from '../rivals/dense-crf.ts';
import type { SegmentedPicture } from '../segmenter.ts';
import { alonePhase, type SegmentationTrial } from '../training/segmentation-networks.ts';
import { chooseRivals } from './choose-rivals.ts';
import { LabelMeasures } from './label-measures.ts';
import { measuredPictures } from './measured-pictures.ts';
import {
  affinityTimeMetric,
  afterSteps,
  betweenScores,
  converged,
  denseCrfRefined,
  networkName,
  pictureTimeMetric,
  solverStepsMetric,
  subjectOf,
  unrefined,
} from './radius-subjects.ts';
import { affinityWeightsOf, type ValidationPicture, validationPictures } from './validation-pictures.ts';
import { enlargeScores, sampleSegmented } from './walk-between-scores.ts';

/** One way of predicting, or some that share their affinities, with one trained network. */
export interface RadiusEvaluation {
  readonly name: string;
  readonly trials: readonly string[];
  readonly trial: SegmentationTrial;
  readonly pictures: number;
  readonly diffusion: number;
  readonly prediction: RadiusPrediction;
}

export type RadiusPrediction =
  /** The back-end alone, trained as long; and, where it is said on how many training pictures to choose it, a dense CRF. */
  | { readonly kind: 'rivals'; readonly crfChosenOn?: number }
  /** Between pixels. */
  | {
      readonly kind: 'walk';
      readonly phase: string;
      readonly radius: number;
      /** Numbers of steps to look at. */
      readonly steps: readonly number[];
      readonly converges: boolean;
    }
  /** One step between scores, R in units of their stride. */
  | { readonly kind: 'between scores'; readonly phase: string; readonly radius: number };

/** Scores or probabilities [height, width, classes] of a picture. */
interface Predicted {
  readonly prediction: string;
  readonly data: Float32Array;
  readonly seconds: number;
  /** Other measures of it. */
  readonly costs?: Readonly<Record<string, number>>;
}

export async function evaluateRadius(
  { trial, trials, pictures, diffusion, prediction }: RadiusEvaluation,
  context: EvaluationContext,
): Promise<readonly Measurement[]> {
  const model = await context.model(trials[0]!);
  const phase = prediction.kind === 'rivals' ? alonePhase : prediction.phase;
  const weights = prediction.kind === 'rivals' ? new Float32Array() : affinityWeightsOf(model, phase);
  const chosenOn = prediction.kind === 'rivals' ? prediction.crfChosenOn : undefined;
  const crf = chosenOn === undefined ? undefined : (await chooseRivals(trial, model, chosenOn, context)).crf;
  const measured = new Map<string, { readonly measures: LabelMeasures; readonly costs: Record<string, number> }>();
  let [seen, names]: [number, readonly string[]] = [0, []];
  for await (const validation of validationPictures(trial, model, pictures, context)) {
    const { classNames, picture } = validation;
    const segmented = validation.segment(phase);
    for (const { prediction: name, data, seconds, costs } of predict(validation, segmented)) {
      const entry = measured.get(name) ?? { measures: new LabelMeasures(classNames.length), costs: {} };
      measured.set(name, entry);
      entry.measures.add(picture, mostProbableLabels({ ...segmented, data }));
      for (const [metric, cost] of Object.entries({ [pictureTimeMetric]: seconds, ...costs })) {
        entry.costs[metric] = (entry.costs[metric] ?? 0) + cost;
      }
    }
    names = classNames;
    seen += 1;
  }
  const step = prediction.kind === 'rivals' ? 0 : prediction.radius;
  const network = networkName(trial.backEnd, prediction.kind === 'rivals' ? undefined : phase);
  return [
    ...(await measuredPictures(trial, pictures, names, context)),
    ...[...measured].flatMap(([name, { measures, costs }]) => {
      const of = { subject: subjectOf(network, name), step, seed: trial.seed };
      const means = Object.entries(costs).map(([metric, sum]) => {
        return { metric, ...of, value: sum / seen, unit: metric === solverStepsMetric ? '1' : 's' };
      });
      return [...measures.measurements(of), ...means];
    }),
  ];

  function predict(validation: ValidationPicture, segmented: SegmentedPicture): Iterable<Predicted> {
    if (prediction.kind === 'rivals') return predictRivals(validation, segmented, crf);
    if (prediction.kind === 'walk') return predictWalks(segmented, weights, prediction, diffusion);
    return predictBetweenScores(segmented, weights, prediction.radius, diffusion);
  }
}

function* predictRivals(
  { picture }: ValidationPicture,
  segmented: SegmentedPicture,
  crf: DenseCrfOptions | undefined,
): Generator<Predicted> {
  yield { prediction: unrefined, data: segmented.scores, seconds: 0 };
  if (!crf) return;
  const probabilities = classProbabilities(segmented, segmented.scores);
  const { width, height, rgb } = picture;
  const [refined, seconds] = timed(() => denseCrf(crf)({ width, height, data: rgb }, probabilities));
  yield { prediction: denseCrfRefined, data: refined.data, seconds };
}

function* predictWalks(
  segmented: SegmentedPicture,
  weights: Float32Array,
  { radius, steps, converges }: Extract<RadiusPrediction, { kind: 'walk' }>,
  diffusion: number,
): Generator<Predicted> {
  const [walk, affinitySeconds] = timed(() => startWalk(segmented, { weights, radius }));
  const costs = { [affinityTimeMetric]: affinitySeconds };
  const walks = walkSteps(walk, diffusion, steps);
  let seconds = affinitySeconds;
  for (const count of [...steps].sort((a, b) => a - b)) {
    const [{ scores }, more] = timed(() => walks.next().value as { readonly scores: Float32Array });
    seconds += more;
    yield { prediction: afterSteps(count), data: scores, seconds, costs };
  }
  if (!converges) return;
  const [limit, solverSeconds] = timed(() => walkToLimit(walk, diffusion));
  yield {
    prediction: converged,
    data: limit.scores,
    seconds: affinitySeconds + solverSeconds,
    costs: { ...costs, [solverStepsMetric]: limit.steps },
  };
}

function* predictBetweenScores(
  segmented: SegmentedPicture,
  weights: Float32Array,
  radius: number,
  diffusion: number,
): Generator<Predicted> {
  const sampled = sampleSegmented(segmented);
  const [data, seconds] = timed(() => {
    const [stepped] = walkSteps(startWalk(sampled, { weights, radius }), diffusion, [1]);
    return enlargeScores(stepped!.scores, segmented);
  });
  yield { prediction: betweenScores, data, seconds };
}

function timed<T>(compute: () => T): [result: T, seconds: number] {
  const start = performance.now();
  const result = compute();
  return [result, (performance.now() - start) / 1000];
}
