/**
 * What the published package offers to users of TensorFlow.js (`npm pack`; `infra/package/build.ts`): optimizers that are
 * `tf.Optimizer`s of the user's own `@tensorflow/tfjs-core`, and `refine`, which sharpens class probabilities along their picture.
 * The pipeline and its experiments are not part of it.
 */

export { KernelShapeError } from './kernels/errors.ts';
export { type PretrainedName, pretrainedNames } from './learned-optimizers/pretrained/pretrained-files.ts';
export {
  InvalidGradient,
  InvalidLearningRate,
  InvalidOptimizerFile,
  OptimizerStateMismatch,
  UnknownOptimizer,
} from './learned-optimizers/tensorflow/errors.ts';
export { LearnedOptimizer, type LearnedOptimizerOptions } from './learned-optimizers/tensorflow/learned-optimizer.ts';
export { Torch7Adam, Torch7NAG, Torch7RMSprop, Torch7SGD } from './learned-optimizers/tensorflow/torch7-optimizers.ts';
export { InvalidWalkInput, InvalidWalkSetting, WalkNotConverged } from './random-walk/errors.ts';
export {
  type ClassProbabilities,
  type Picture,
  type RefinedProbabilities,
  type RefineOptions,
  refine,
} from './random-walk/refine.ts';
