/**
 * Learning to learn by gradient descent by gradient descent (Andrychowicz et al. 2016, arXiv 1606.04474), in the order of
 * the paper.
 */

export { type BaselineName, baselineNames, startBaseline } from './baselines.ts';
export * from './errors.ts';
// §3.3: an optimizer for each kind of parameter
export { type CoordinateGroup, combineNetworks, groupTensors } from './grouped-network.ts';
// Appendix D: optimizers that share information between coordinates
export * from './information-sharing/index.ts';
export { type LimitedMemoryBfgsOptions, startLimitedMemoryBfgs } from './limited-memory-bfgs.ts';
// §2: the meta-gradient with the dashed edges of Figure 2 dropped
export { type CoordinateSelection, selectCoordinates, sumFollowingGradients } from './meta-gradient.ts';
export {
  initMetaOptimizer,
  type MetaOptimizerSettings,
  type MetaOptimizerState,
  updateMetaOptimizer,
} from './meta-optimizer.ts';
// §3: training with early stopping, and the tuned hand-written optimizers it is compared with
export {
  type MetaTrainingResult,
  type MetaTrainingSettings,
  metaTrain,
  metaTrainFrom,
} from './meta-training.ts';
export type { EpisodeRecord } from './meta-training-progress.ts';
export { zeroNonFinite } from './non-finite.ts';
// Beyond the paper: inputs and updates without scale, and training that lasts beyond the horizon
export { type NormalisationSettings, normaliseNetwork, type UpdateRule } from './normalised-network.ts';
export { type RunningOptimizer, traceLosses } from './optimize.ts';
// §2.1 and Appendix A: the coordinatewise LSTM, Eq. 3's m
export {
  createOptimizerNetwork,
  initializeParameters,
  joinParameters,
  type NetworkSettings,
  type OptimizerNetwork,
  runNetwork,
} from './optimizer-network.ts';
export { joinTensors, splitTensors } from './parameter-tensors.ts';
export { type CifarNetworkSettings, createCifarNetworks } from './problems/cifar-network.ts';
// §3.2
export { baseNetwork, createMnistPerceptrons, type MnistPerceptronSettings } from './problems/mnist-perceptron.ts';
// §2: optimizees, and the distribution over them that Eq. 2 takes its expectation over
export type { ParameterTensor, Problem, ProblemFamily } from './problems/problem.ts';
// §3.1
export {
  createQuadratics,
  type QuadraticDistribution,
  type QuadraticsSettings,
  quadraticDistributions,
} from './problems/quadratics.ts';
export type { CurriculumPhase, RobustTrainingSettings } from './robust-training.ts';
export { type TuningResult, type TuningTask, tuneLearningRate } from './tune-learning-rate.ts';
