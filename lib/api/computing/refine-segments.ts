/**
 * Segments along a picture's edges, by a random walk to its limit (*Convolutional Random Walk Networks*, §4.4): of the caller's
 * own probabilities along colours, or of a trained network's scores along the affinities that it learned.
 */
import type { Picture } from '../../datasets/decode-picture.ts';
import { withPrefix } from '../../numerics/tensor-names.ts';
import type { BackEndKind, BackEndSettings } from '../../random-walk/back-ends/settings.ts';
import { InvalidWalkInput } from '../../random-walk/errors.ts';
import { mostProbableLabels } from '../../random-walk/evaluation/most-probable-labels.ts';
import { createNeighbourhood } from '../../random-walk/neighbourhood.ts';
import { affinityWeightsName } from '../../random-walk/parameter-names.ts';
import { startWalk, walkToLimit } from '../../random-walk/predict.ts';
import { refine } from '../../random-walk/refine.ts';
import { resizeBilinear } from '../../random-walk/resize-bilinear.ts';
import type { SegmentationTrial } from '../../random-walk/training/segmentation-networks.ts';
import { InvalidModel } from '../../training/errors.ts';
import { chooseArtifact, type ModelSource, propertyOf } from '../choose-artifact.ts';
import type { Deadline } from '../deadline.ts';
import { UnprocessableInput } from '../errors.ts';
import type { LoadedModel } from '../model-cache.ts';
import type { ApiPorts } from '../ports.ts';
import { readClassNames } from './class-names.ts';
import { readPicture } from './picture-input.ts';

const mostPixels = 1_000_000;
/** Values of all classes together: 48 MB for each array of the solver. */
const mostValues = 12_000_000;
/**
 * Products of a value and an affinity in one step of the walk. It cannot be stopped halfway; so much takes a second or two for a
 * photograph and six for noise, in which the solver finds nothing to hold on to.
 */
const mostProducts = 500_000_000;
/** A network's features are some hundred channels a pixel. */
const mostPixelsOfNetwork = 250_000;
const defaultRadius = 5;

export interface WalkSettings {
  readonly alpha?: number | undefined;
  readonly radius?: number | undefined;
}

export interface GivenProbabilities {
  readonly width: number;
  readonly height: number;
  readonly classes: number;
  /** [height, width, classes]; of the picture's own size, or smaller, as networks make them. */
  readonly values: readonly number[];
}

export interface RefinedSegments {
  readonly width: number;
  readonly height: number;
  /** [height, width], classes from 0 */
  readonly labels: Uint8Array;
  /** Names; none of the caller's own classes. */
  readonly classes: readonly string[];
  readonly model?: LoadedModel;
}

/** Throws InvalidInput, UnprocessableInput, DeadlineExceeded. */
export async function refineGiven(
  image: string,
  given: GivenProbabilities,
  { alpha, radius, affinityWeights }: WalkSettings & { readonly affinityWeights?: number | undefined },
  deadline: Deadline,
): Promise<RefinedSegments> {
  const { classes } = given;
  const picture = await readPicture(image, 'image', Math.min(mostPixels, pixelsOfWalk(classes, radius)));
  const { width, height } = picture;
  await deadline.breathe();
  const probabilities = { width, height, classes, data: enlarge(given, picture) };
  const options = {
    accuracy: 'labels' as const,
    ...(alpha !== undefined && { alpha }),
    ...(radius !== undefined && { radius }),
    ...(affinityWeights !== undefined && { affinityWeights }),
  };
  const refined = speakOfInput(() => refine({ width, height, data: picture.rgb }, probabilities, options));
  return { width, height, labels: mostProbableLabels(refined).labels, classes: [] };
}

/** Throws InvalidInput, UnprocessableInput, ModelMissing, NotFound, DeadlineExceeded, and what loading the model does. */
export async function refinePredicted(
  image: string,
  backEnd: BackEndKind,
  { artifact, alpha = 0.99, radius = defaultRadius }: WalkSettings & { readonly artifact?: string | undefined },
  ports: ApiPorts,
  deadline: Deadline,
): Promise<RefinedSegments> {
  const [model] = await Promise.all([
    chooseArtifact(ports.models, sourceOf(backEnd), artifact),
    ports.startTensorFlow(),
  ]);
  const network = readNetwork(model);
  const pixels = Math.min(mostPixelsOfNetwork, pixelsOfWalk(network.classes, radius));
  const picture = await readPicture(image, 'image', pixels);
  const classes = await ports.models.build(model.digest, 'class names', () => readClassNames(ports.store, model));
  const { segmentPicture } = await import('../../random-walk/segmenter.ts');
  await deadline.breathe();
  const parameters = withPrefix(walkPhase, model.tensors);
  const segmented = segmentPicture(network.backEnd, parameters, picture, network.affinityFeatures);
  await deadline.breathe();
  const weights = parameters[affinityWeightsName]!.data as Float32Array;
  const { scores } = walkToLimit(startWalk(segmented, { weights, radius }), alpha);
  const { labels, width, height } = mostProbableLabels({ ...segmented, data: scores });
  return { width, height, labels, classes, model };
}

/** How many pixels a picture may have that a walk goes over. */
function pixelsOfWalk(classes: number, radius = defaultRadius): number {
  const pairs = createNeighbourhood(radius).offsets.length;
  return Math.floor(Math.min(mostValues, mostProducts / pairs) / classes);
}

/** The variant that the experiment plans: the paper's network. */
const walkPhase = 'random-walk';

function sourceOf(backEnd: BackEndKind): ModelSource {
  return {
    experiment: 'random-walk/segmentation',
    what: `random walk network on the back-end ${backEnd}`,
    filter: (trial) => propertyOf(trial, 'backEnd') === backEnd,
  };
}

/** Throws InvalidModel. */
function readNetwork({ manifest, metadata, tensors }: LoadedModel) {
  const { variants } = manifest.trial as unknown as SegmentationTrial;
  const variant = variants.find(({ name }) => name === walkPhase);
  if (metadata.kind !== 'segmentation networks' || !metadata.backEnd || !variant) {
    throw new InvalidModel(`its kind is '${metadata.kind}', not 'segmentation networks' with a random walk`);
  }
  if (!tensors[`${walkPhase}/${affinityWeightsName}`]) throw new InvalidModel('it has no weights of affinities');
  const backEnd = JSON.parse(metadata.backEnd) as BackEndSettings;
  return {
    backEnd,
    classes: backEnd.kind === 'attention' ? backEnd.network.classes : backEnd.classes,
    affinityFeatures: variant.network.affinityFeatures,
  };
}

/** Of the picture's size, linear between the centres of the pixels that were given. Throws UnprocessableInput. */
function enlarge({ width, height, classes, values }: GivenProbabilities, picture: Picture): Float32Array {
  if (values.length !== width * height * classes) {
    throw new UnprocessableInput(
      `probabilities.values must hold ${height} × ${width} × ${classes} = ${width * height * classes} numbers, and holds ${values.length}.`,
    );
  }
  if (width > picture.width || height > picture.height) {
    throw new UnprocessableInput(
      `probabilities may be as large as the image, ${picture.width} × ${picture.height}, or smaller, and are ${width} × ${height}.`,
    );
  }
  const data = Float32Array.from(values);
  if (width === picture.width && height === picture.height) return data;
  return resizeBilinear({ width, height, data }, picture.height, picture.width);
}

function speakOfInput<T>(compute: () => T): T {
  try {
    return compute();
  } catch (error) {
    if (error instanceof InvalidWalkInput) throw new UnprocessableInput(error.message, { cause: error });
    throw error;
  }
}
