/** How much work a comparison of optimizers is, from what was measured on the reference laptop. */
import type { Workload } from '../../pipeline/experiment.ts';
import { baselineNames } from '../baselines.ts';
import type { ComparisonParams, OptimizerParams } from './comparison-params.ts';

/** Microseconds a coordinate and step on one core of the reference laptop. */
const forwardMicroseconds = 0.5;
const backwardMicroseconds = 0.9;
/** Of a baseline's update, about. */
const baselineMicroseconds = 0.01;
/** Rates that a tuning tries, of which about half are abandoned early. */
const fullTuningRuns = 12;

export interface EpisodeSizes {
  readonly coordinatesPerEpisode: number;
  readonly backpropagatedPerEpisode: number;
}

export interface TestSizes {
  /** Of a tuning problem and of an evaluation seed. */
  readonly coordinatesPerSeed: number;
  /** One loss and gradient of those. */
  readonly problemMicroseconds: number;
}

/** Core-seconds of training one learned optimizer, or as many as there are candidates. */
export function learnedOptimizerSeconds(params: OptimizerParams, sizes: EpisodeSizes): number {
  const { episodes, horizonSteps, metaLearningRateCandidates = 1 } = params;
  const { coordinatesPerEpisode, backpropagatedPerEpisode } = sizes;
  const validations = (episodes / params.validationIntervalEpisodes) * params.validationProblems;
  const episodeMicroseconds =
    (episodes + validations) * coordinatesPerEpisode * forwardMicroseconds +
    episodes * backpropagatedPerEpisode * backwardMicroseconds;
  return (metaLearningRateCandidates * horizonSteps * episodeMicroseconds) / 1e6;
}

/** Tuning of some hand-written optimizers for one horizon. */
export function tuningSeconds(
  { tuningProblems }: OptimizerParams,
  sizes: TestSizes,
  { optimizers = baselineNames.length, horizonSteps }: { readonly optimizers?: number; readonly horizonSteps: number },
): number {
  return (optimizers * fullTuningRuns * tuningProblems * horizonSteps * baselineStep(sizes)) / 1e6;
}

/** All seeds of the learned optimizer, and of as many runs of hand-written ones. */
export function testSeconds(
  { seeds }: OptimizerParams,
  sizes: TestSizes,
  { baselineRuns = baselineNames.length, steps }: { readonly baselineRuns?: number; readonly steps: number },
): number {
  const learned = sizes.problemMicroseconds + sizes.coordinatesPerSeed * forwardMicroseconds;
  return (seeds * steps * (learned + baselineRuns * baselineStep(sizes))) / 1e6;
}

function baselineStep({ problemMicroseconds, coordinatesPerSeed }: TestSizes): number {
  return problemMicroseconds + coordinatesPerSeed * baselineMicroseconds;
}

/** One learned optimizer, and the hand-written ones tuned for the horizon and for the evaluation's end. */
export function comparisonWork(params: ComparisonParams, sizes: EpisodeSizes & TestSizes): Workload {
  const horizons = [...new Set([params.horizonSteps, params.evaluationSteps])];
  const tuning = horizons.map((horizonSteps) => tuningSeconds(params, sizes, { horizonSteps }));
  return {
    trainingCoreSeconds: tuning.reduce((sum, seconds) => sum + seconds, learnedOptimizerSeconds(params, sizes)),
    evaluationCoreSeconds: testSeconds(params, sizes, {
      baselineRuns: horizons.length * baselineNames.length,
      steps: params.evaluationSteps,
    }),
  };
}
