/** Every experiment there is, in the order of the papers. A new one is added here and nowhere else. */

import { convnets } from './layer-norm/experiments/convnets.ts';
import { draw } from './layer-norm/experiments/draw.ts';
import { geometry } from './layer-norm/experiments/geometry.ts';
import { handwriting } from './layer-norm/experiments/handwriting.ts';
import { imageSentenceRanking } from './layer-norm/experiments/image-sentence-ranking.ts';
import { invariances } from './layer-norm/experiments/invariances.ts';
import { permutationInvariantMnist } from './layer-norm/experiments/permutation-invariant-mnist.ts';
import { questionAnswering } from './layer-norm/experiments/question-answering.ts';
import { recurrentDynamics } from './layer-norm/experiments/recurrent-dynamics.ts';
import { sentenceEncoding } from './layer-norm/experiments/sentence-encoding.ts';
import { cifar } from './learned-optimizers/experiments/cifar.ts';
import { informationSharing } from './learned-optimizers/experiments/information-sharing.ts';
import { mnist } from './learned-optimizers/experiments/mnist.ts';
import { mnistArchitectureGrid } from './learned-optimizers/experiments/mnist-architecture-grid.ts';
import { mnistArchitectures } from './learned-optimizers/experiments/mnist-architectures.ts';
import { neuralArt } from './learned-optimizers/experiments/neural-art.ts';
import { preprocessing } from './learned-optimizers/experiments/preprocessing.ts';
import { quadratics } from './learned-optimizers/experiments/quadratics.ts';
import { robustTraining } from './learned-optimizers/experiments/robust-training.ts';
import { updateVisualization } from './learned-optimizers/experiments/update-visualization.ts';
import { createRegistry } from './pipeline/registry.ts';
import { affinityBoundaryExperiment } from './random-walk/experiments/affinity-boundaries.ts';
import { affinityFeatures } from './random-walk/experiments/affinity-features.ts';
import { alpha } from './random-walk/experiments/alpha.ts';
import { boundaries } from './random-walk/experiments/boundaries.ts';
import { radiusSize } from './random-walk/experiments/radius.ts';
import { sceneLabelling } from './random-walk/experiments/scene-labelling.ts';
import { segmentation } from './random-walk/experiments/segmentation.ts';
import { timing } from './random-walk/experiments/timing.ts';
import { trimap } from './random-walk/experiments/trimap.ts';
import { walkSteps } from './random-walk/experiments/walk-steps.ts';

export const experiments = createRegistry([
  quadratics,
  mnist,
  preprocessing,
  mnistArchitectures,
  mnistArchitectureGrid,
  cifar,
  neuralArt,
  updateVisualization,
  informationSharing,
  robustTraining,
  invariances,
  geometry,
  imageSentenceRanking,
  questionAnswering,
  sentenceEncoding,
  draw,
  handwriting,
  permutationInvariantMnist,
  recurrentDynamics,
  convnets,
  segmentation,
  trimap,
  boundaries,
  affinityBoundaryExperiment,
  sceneLabelling,
  timing,
  walkSteps,
  radiusSize,
  affinityFeatures,
  alpha,
]);
