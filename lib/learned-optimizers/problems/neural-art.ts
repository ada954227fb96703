/**
 * §3.4: the pixels of an image are the coordinates, and each pair of a content and a style image is a problem of its own.
 *
 * Whose content an image gets depends on what the problem is for: episodes draw from a fixed set of crops of the training
 * photographs; validation and tuning, and evaluation, take the middle of photographs that nothing else sees. The style is
 * one picture in training; where it is to be a new one, each seed gets one of the others in turn.
 */
import type { Picture } from '../../datasets/decode-picture.ts';
import type { FeatureWeights } from '../../datasets/feature-layers.ts';
import type { PhotographSplits } from '../../datasets/photographs.ts';
import { middleSquare, type Region, resizeRegion } from '../../datasets/resize-picture.ts';
import { wasmBuildOf } from '../../numerics/backend.ts';
import { randomStream } from '../../numerics/random.ts';
import type { TrainingContext } from '../../pipeline/context.ts';
import type { NeuralArtLoss, NeuralArtWeights } from './neural-art-loss.ts';
import { layOutTensors, type Problem, type ProblemFamily } from './problem.ts';

export interface NeuralArtSettings {
  /** Pixels of the image's side, a multiple of 16. */
  readonly side: number;
  /** The one that optimizers are trained on, or one of the others. */
  readonly style: 'training' | 'new';
  /** Where an image starts: from the content, or from noise around the mean colour. */
  readonly initialImage: 'content' | 'noise';
  /** Standard deviation of the noise, in steps of the 0 to 255 of a pixel. */
  readonly noiseDeviation: number;
  readonly weights: NeuralArtWeights;
  /** How many crops the training photographs are cut into. */
  readonly trainingCrops: number;
}

export interface NeuralArtPictures {
  readonly features: FeatureWeights;
  readonly photographs: PhotographSplits;
  readonly styles: { readonly training: Picture; readonly test: readonly Picture[] };
}

/** A problem whose pictures can be shown. All [side, side, 3], 0 to 255. */
export interface NeuralArtProblem extends Problem {
  readonly content: Float32Array;
  readonly style: Float32Array;
}

export interface NeuralArtFamily extends ProblemFamily {
  sample(seed: number, ...names: readonly (string | number)[]): NeuralArtProblem;
  dispose(): void;
}

/** Crops that the features are normalized on. */
const normalizationCrops = 8;

/** A family whose problems share one loss: use them from one thread, one call at a time. */
export async function createNeuralArt(
  settings: NeuralArtSettings,
  { features, photographs, styles }: NeuralArtPictures,
  machine: Pick<TrainingContext, 'backend' | 'startTensorFlow'> & { readonly threads: number },
): Promise<NeuralArtFamily> {
  const { side } = settings;
  const loss = await createLoss(settings, features, machine);
  const trainingCrop = (index: number) => cutCrop(photographs.training, index, side);
  loss.normalize(Array.from({ length: normalizationCrops }, (_, index) => trainingCrop(index)));
  const styleImages = (settings.style === 'training' ? [styles.training] : styles.test).map((picture) =>
    middleOf(picture, side),
  );

  const contentOf = (seed: number, [role, index]: readonly (string | number)[]): Float32Array => {
    if (role === 'episode') {
      const crop = randomStream(seed, 'episode', index!, 'content').uniformInteger(settings.trainingCrops);
      return trainingCrop(crop);
    }
    const from = role === 'evaluation' ? photographs.test : photographs.validation;
    return middleOf(from[(role === 'evaluation' ? seed : Number(index)) % from.length]!, side);
  };
  let current: NeuralArtProblem | undefined;
  return {
    coordinates: side * side * 3,
    tensors: layOutTensors({ image: [side, side, 3] }),
    lossUnit: 'loss a pixel',

    sample(seed, ...names) {
      const styleIndex = names[0] === 'evaluation' ? seed : Number(names[1]);
      const problem: NeuralArtProblem = {
        content: contentOf(seed, names),
        style: styleImages[styleIndex % styleImages.length]!,
        initialize(theta) {
          if (settings.initialImage === 'content') theta.set(problem.content);
          else {
            randomStream(seed, ...names, 'initial').fillNormal(theta, settings.noiseDeviation);
            for (let i = 0; i < theta.length; i++) theta[i]! += features.meanColour[i % 3]!;
          }
        },
        lossAndGradient(theta, _step, gradient) {
          if (current !== problem) {
            if (current?.style !== problem.style) loss.setStyle(problem.style);
            loss.setContent(problem.content);
            current = problem;
          }
          return loss.lossAndGradient(theta, gradient);
        },
      };
      return problem;
    },
    dispose: () => loss.dispose(),
  };
}

/** The kernel where the backend is WASM, plain TensorFlow.js elsewhere: an artifact's backend says what computed all of it. */
async function createLoss(
  { side, weights }: NeuralArtSettings,
  features: FeatureWeights,
  { backend, threads, startTensorFlow }: Pick<TrainingContext, 'backend' | 'startTensorFlow' | 'threads'>,
): Promise<NeuralArtLoss> {
  const build = wasmBuildOf(backend);
  if (build) {
    const { createNeuralArtLossKernel } = await import('./neural-art-loss-kernel.ts');
    return createNeuralArtLossKernel({ side, features, weights, threads, backend: build });
  }
  await startTensorFlow();
  const { createNeuralArtLossReference } = await import('./neural-art-loss-reference.ts');
  return createNeuralArtLossReference({ side, features, weights });
}

/** Crop number `index`: of a photograph, at a place and of a size of its own, every other one mirrored. */
function cutCrop(photographs: readonly Picture[], index: number, side: number): Float32Array {
  const random = randomStream(0, 'crop', index);
  const photograph = photographs[index % photographs.length]!;
  const { width, height } = photograph;
  const largest = Math.min(width, height);
  const size = Math.min(largest, side + random.uniformInteger(Math.max(1, largest - side + 1)));
  const region = {
    x: random.uniformInteger(width - size + 1),
    y: random.uniformInteger(height - size + 1),
    width: size,
    height: size,
  };
  const image = resize(photograph, region, side);
  return random.uniform() < 0.5 ? mirror(image, side) : image;
}

function middleOf(picture: Picture, side: number): Float32Array {
  return resize(picture, middleSquare(picture), side);
}

function resize(picture: Picture, region: Region, side: number): Float32Array {
  return Float32Array.from(resizeRegion(picture, region, side, side).rgb);
}

function mirror(image: Float32Array, side: number): Float32Array {
  return image.map((_, at) => {
    const [row, column, colour] = [Math.floor(at / (3 * side)), Math.floor(at / 3) % side, at % 3];
    return image[3 * (row * side + side - 1 - column) + colour]!;
  });
}
