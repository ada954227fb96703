/**
 * What the experiments of §3.2 train and measure. All of them test the same learned optimizer, the one that was trained on
 * the base network: its trial belongs to `learned-optimizers/mnist` and is the same to the letter, so that whoever ran one
 * of them has trained it for all.
 */
import { multilayerPerceptronTensors } from '../../kernels/multilayer-perceptron.ts';
import type { Measurement, Workload } from '../../pipeline/experiment.ts';
import type { BaselineName } from '../baselines.ts';
import type { MnistPerceptronSettings } from '../problems/mnist-perceptron.ts';
import type { LearnedOptimizerTrial } from '../training.ts';
import {
  type EpisodeSizes,
  learnedOptimizerSeconds,
  type TestSizes,
  testSeconds,
  tuningSeconds,
} from './comparison-work.ts';
import type { MnistOptimizerParams } from './mnist-params.ts';
import {
  type ComparisonEvaluation,
  evaluationsOfComparison,
  planBaselines,
  planLearnedOptimizer,
  type SharedTrial,
} from './optimizer-comparison.ts';

/** The network that the optimizer is trained on. */
export function baseOptimizee(params: MnistOptimizerParams): MnistPerceptronSettings {
  const { optimizeeHiddenUnits: hidden, optimizeeActivation: activation, batchSize, initialDeviation } = params;
  return { hidden, activation, batchSize, initialDeviation };
}

/** `sigmoid-20-20`: activation, and units of each hidden layer. */
export function nameOptimizee({ activation, hidden }: Pick<MnistPerceptronSettings, 'activation' | 'hidden'>): string {
  return [activation, ...hidden].join('-');
}

/** The learned optimizer, trained on the base network. */
export function planMnistOptimizer(
  params: MnistOptimizerParams,
): readonly LearnedOptimizerTrial<MnistPerceptronSettings>[] {
  const preprocessing = { kind: 'log-sign', p: params.preprocessingP } as const;
  return planLearnedOptimizer(params, baseOptimizee(params), preprocessing, params.backpropagatedPerTensor);
}

/**
 * The learned optimizer of `learned-optimizers/mnist`, and hand-written ones tuned on each test network. Those belong to
 * `learned-optimizers/mnist-architectures` whichever experiment asks for them, or to `mnist` where it is the base network.
 */
export function planOnTestOptimizees(
  params: MnistOptimizerParams,
  optimizees: readonly MnistPerceptronSettings[],
  optimizers?: readonly BaselineName[],
): readonly SharedTrial<MnistPerceptronSettings>[] {
  const base = baseOptimizee(params);
  const some = optimizers ? { optimizers } : {};
  const inMnist = [
    ...planMnistOptimizer(params),
    ...(optimizees.some((optimizee) => isSame(optimizee, base)) ? planBaselines(params, base, some) : []),
  ].map((trial) => ({ ...trial, experiment: 'learned-optimizers/mnist' }));
  const inArchitectures = optimizees
    .filter((optimizee) => !isSame(optimizee, base))
    .flatMap((settings) => planBaselines(params, settings, { ...some, optimizee: nameOptimizee(settings) }))
    .map((trial) => ({ ...trial, experiment: 'learned-optimizers/mnist-architectures' }));
  return [...inMnist, ...inArchitectures];
}

/** Each method on each test network, for as many steps as the optimizer was trained for. */
export function evaluationsOnTestOptimizees(
  params: MnistOptimizerParams,
  optimizees: readonly MnistPerceptronSettings[],
  optimizers?: readonly BaselineName[],
): readonly ComparisonEvaluation<MnistPerceptronSettings>[] {
  const some = optimizers ? { optimizers } : {};
  const untilHorizon = { ...params, evaluationSteps: params.horizonSteps };
  return optimizees.flatMap((settings) => {
    const optimizee = nameOptimizee(settings);
    // The base network's trials are those of `mnist` and bear no network's name.
    const named = isSame(settings, baseOptimizee(params)) ? some : { ...some, optimizee };
    return evaluationsOfComparison(untilHorizon, settings, named).map((evaluation) => ({ ...evaluation, optimizee }));
  });
}

/** The measurements on one test network, their subjects as in an experiment that has no other. */
export function measurementsOn(measurements: readonly Measurement[], optimizee: string): readonly Measurement[] {
  const inFront = `${optimizee}/`;
  return measurements
    .filter(({ subject }) => subject.startsWith(inFront))
    .map((row) => ({ ...row, subject: row.subject.slice(inFront.length) }));
}

function isSame(a: MnistPerceptronSettings, b: MnistPerceptronSettings): boolean {
  return (
    nameOptimizee(a) === nameOptimizee(b) && a.batchSize === b.batchSize && a.initialDeviation === b.initialDeviation
  );
}

/** Sizes of the optimizee's tensors. */
function tensorSizes({ hidden }: MnistPerceptronSettings, pixels: number): readonly number[] {
  return Object.values(multilayerPerceptronTensors({ inputs: pixels, hidden, classes: 10 })).map((shape) =>
    shape.reduce((product, length) => product * length, 1),
  );
}

const mnistPixels = 784;
/** One loss and gradient takes this long an example and coordinate. */
const microsecondsPerExampleAndCoordinate = 1.4e-4;

export function testSizes(settings: MnistPerceptronSettings, pixels = mnistPixels): TestSizes {
  const coordinatesPerSeed = tensorSizes(settings, pixels).reduce((sum, size) => sum + size, 0);
  return {
    coordinatesPerSeed,
    problemMicroseconds: microsecondsPerExampleAndCoordinate * settings.batchSize * coordinatesPerSeed,
  };
}

export function episodeSizes(
  settings: MnistPerceptronSettings,
  backpropagatedPerTensor: number,
  pixels = mnistPixels,
): EpisodeSizes {
  const sizes = tensorSizes(settings, pixels);
  return {
    coordinatesPerEpisode: sizes.reduce((sum, size) => sum + size, 0),
    backpropagatedPerEpisode: sizes.reduce((sum, size) => sum + Math.min(size, backpropagatedPerTensor), 0),
  };
}

/** All of it, as if the learned optimizer had to be trained, too. */
export function workOnTestOptimizees(
  params: MnistOptimizerParams,
  optimizees: readonly MnistPerceptronSettings[],
  optimizers: number,
): Workload {
  const { horizonSteps } = params;
  const learning = learnedOptimizerSeconds(params, episodeSizes(baseOptimizee(params), params.backpropagatedPerTensor));
  const sizes = optimizees.map((optimizee) => testSizes(optimizee));
  const tuning = sizes.map((size) => tuningSeconds(params, size, { optimizers, horizonSteps }));
  const tests = sizes.map((size) => testSeconds(params, size, { baselineRuns: optimizers, steps: horizonSteps }));
  return {
    trainingCoreSeconds: tuning.reduce((sum, seconds) => sum + seconds, learning),
    evaluationCoreSeconds: tests.reduce((sum, seconds) => sum + seconds, 0),
  };
}
