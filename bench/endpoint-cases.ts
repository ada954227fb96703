/** What each computing endpoint is asked, and the same by the library itself, with the model loaded and the input at hand. */
import { encode } from 'fast-png';
import { raceCatalogue, readLearnedOptimizerFile } from '../lib/api/race-catalogue.ts';
import { perceptronProbabilities } from '../lib/layer-norm/models/perceptron-probabilities.ts';
import { encodeSentences } from '../lib/layer-norm/models/skip-thoughts.ts';
import { numberWords, restoreVocabulary } from '../lib/layer-norm/models/vocabulary.ts';
import { writeTexts } from '../lib/layer-norm/models/write-text.ts';
import { baselineNames, startBaseline } from '../lib/learned-optimizers/baselines.ts';
import { traceLosses } from '../lib/learned-optimizers/optimize.ts';
import { createOptimizerNetwork, runNetwork } from '../lib/learned-optimizers/optimizer-network.ts';
import { createQuadratics } from '../lib/learned-optimizers/problems/quadratics.ts';
import { randomStream } from '../lib/numerics/random.ts';
import { withPrefix } from '../lib/numerics/tensor-names.ts';
import { mostProbableLabels } from '../lib/random-walk/evaluation/most-probable-labels.ts';
import { affinityWeightsName } from '../lib/random-walk/parameter-names.ts';
import { startWalk, walkToLimit } from '../lib/random-walk/predict.ts';
import { refine } from '../lib/random-walk/refine.ts';
import { resizeBilinear } from '../lib/random-walk/resize-bilinear.ts';
import { segmentPicture } from '../lib/random-walk/segmenter.ts';
import type { ObjectStore } from '../lib/storage/object-store.ts';
import { asTensors } from '../lib/training/trainer.ts';
import {
  affinityFeatures,
  backEnd,
  benchEncoder,
  benchHandwriting,
  benchPerceptron,
  benchSegmentation,
  encoderSettings,
  handwritingSettings,
  lineEncoding,
  perceptronSettings,
  storeBenchModel,
  vocabulary,
} from './endpoint-models.ts';

export interface EndpointCase {
  /** `POST /v1/…` and what is asked. */
  readonly name: string;
  readonly path: string;
  readonly body: object;
  /** Of the artifact's file; 0 where the endpoint needs none. */
  readonly artifactBytes: number;
  compute(): void | Promise<void>;
}

const [width, height] = [160, 120];
const steps = 50;
const breathe = async (): Promise<void> => {};

/** Puts the models into the store. Needs TensorFlow.js. */
export async function endpointCases(store: ObjectStore): Promise<readonly EndpointCase[]> {
  return [
    ...(await perceptronCases(store)),
    await raceCase(),
    refineCase(),
    await backEndCase(store),
    await sentencesCase(store),
    await handwritingCase(store),
  ];
}

async function perceptronCases(store: ObjectStore): Promise<readonly EndpointCase[]> {
  const model = benchPerceptron();
  const { digest, bytes } = await storeBenchModel(store, model);
  const count = 10;
  const images = Uint8Array.from({ length: count * 784 }, (_, index) => (index * 37) % 256);
  const pixels = Float64Array.from(images, (byte) => byte / 255);
  const compute = (of: Float64Array) => void perceptronProbabilities(model.tensors, perceptronSettings, of);
  return [
    {
      name: `evaluations, ${count} images`,
      path: '/v1/evaluations',
      body: { artifact: digest, images: Buffer.from(images).toString('base64') },
      artifactBytes: bytes,
      compute: () => compute(pixels),
    },
    {
      name: 'digits/classify',
      path: '/v1/digits/classify',
      body: { pixels: [...pixels.subarray(0, 784)] },
      artifactBytes: bytes,
      compute: () => compute(pixels.subarray(0, 784)),
    },
  ];
}

async function raceCase(): Promise<EndpointCase> {
  const family = createQuadratics({ distribution: 'standard', functions: 128, dimensions: 10 });
  const { coordinates } = family;
  const { network: settings, parameters } = await readLearnedOptimizerFile('quadratics');
  const machine = {
    coordinates,
    unrollSteps: 1,
    threads: 1,
    backend: 'wasm-relaxed',
    startTensorFlow: breathe,
  } as const;
  const network = await createOptimizerNetwork(settings, machine);
  network.setParameters(parameters);
  const { learningRates } = raceCatalogue.quadratics;
  return {
    name: `optimizers/race, ${steps} steps of five on quadratics`,
    path: '/v1/optimizers/race',
    body: { problem: 'quadratics', steps },
    artifactBytes: 0,
    async compute() {
      const optimizers = [
        runNetwork(network),
        ...baselineNames.map((name) => startBaseline(name, coordinates, learningRates[name])),
      ];
      for (const optimizer of optimizers) {
        await traceLosses(family.sample(0, 'race'), optimizer, coordinates, steps + 1, breathe);
      }
    },
  };
}

/** Patches of colours, with some noise, as photographs have it. */
function drawPicture() {
  const random = randomStream(0, 'bench picture');
  const rgb = Uint8Array.from({ length: 3 * width * height }, (_, index) => {
    const [pixel, channel] = [Math.floor(index / 3), index % 3];
    const patch = (pixel % width < 50 ? 0 : 1) + (pixel < 70 * width ? 0 : 2);
    return 40 + 50 * ((patch + channel) % 4) + Math.round(12 * random.uniform());
  });
  const png = encode({ width, height, data: rgb, channels: 3, depth: 8 });
  return { rgb, base64: Buffer.from(png).toString('base64') };
}

const picture = drawPicture();

function refineCase(): EndpointCase {
  // Every fourth row and column, as networks make them.
  const coarse = { width: width / 4, height: height / 4, classes: 4 };
  const values = Array.from({ length: coarse.width * coarse.height * coarse.classes }, (_, index) => {
    const [pixel, label] = [Math.floor(index / coarse.classes), index % coarse.classes];
    const patch = (pixel % coarse.width < 15 ? 0 : 1) + (pixel < 15 * coarse.width ? 0 : 2);
    return label === patch ? 0.7 : 0.1;
  });
  return {
    name: `segmentations/refine, ${width} × ${height}, probabilities of ${coarse.classes} classes`,
    path: '/v1/segmentations/refine',
    body: { image: picture.base64, probabilities: { ...coarse, values } },
    artifactBytes: 0,
    compute() {
      const data = resizeBilinear({ ...coarse, data: Float32Array.from(values) }, height, width);
      const probabilities = { width, height, classes: coarse.classes, data };
      mostProbableLabels(refine({ width, height, data: picture.rgb }, probabilities, { accuracy: 'labels' }));
    },
  };
}

async function backEndCase(store: ObjectStore): Promise<EndpointCase> {
  const model = benchSegmentation();
  const { bytes } = await storeBenchModel(store, model);
  const parameters = withPrefix('random-walk', model.tensors);
  return {
    name: `segmentations/refine, ${width} × ${height}, back-end large-fov`,
    path: '/v1/segmentations/refine',
    body: { image: picture.base64, backEnd: 'large-fov' },
    artifactBytes: bytes,
    compute() {
      const segmented = segmentPicture(backEnd, parameters, { width, height, rgb: picture.rgb }, affinityFeatures);
      const weights = parameters[affinityWeightsName]!.data as Float32Array;
      const { scores } = walkToLimit(startWalk(segmented, { weights, radius: 5 }), 0.99);
      mostProbableLabels({ ...segmented, data: scores });
    },
  };
}

async function sentencesCase(store: ObjectStore): Promise<EndpointCase> {
  const model = benchEncoder();
  const { bytes } = await storeBenchModel(store, model);
  const words = Array.from({ length: 8 }, (_, row) =>
    Array.from({ length: 12 }, (_, index) => vocabulary[2 + 31 * row + index]!),
  );
  const known = restoreVocabulary(vocabulary);
  const numbered = words.map((own) => numberWords(known, own));
  return {
    name: 'sentences/encode, 8 sentences of 12 words',
    path: '/v1/sentences/encode',
    body: { sentences: words.map((own) => own.join(' ')) },
    artifactBytes: bytes,
    compute: async () => void (await encodeSentences(model.tensors, numbered, encoderSettings, breathe)),
  };
}

async function handwritingCase(store: ObjectStore): Promise<EndpointCase> {
  const model = benchHandwriting();
  const { bytes } = await storeBenchModel(store, model);
  const parameters = asTensors(model.tensors);
  const text = 'layer norm';
  const settings = { bias: 1, seed: 0 };
  return {
    name: `handwriting/write, ${text.length} characters`,
    path: '/v1/handwriting/write',
    body: { text, ...settings },
    artifactBytes: bytes,
    compute: async () =>
      void (await writeTexts(parameters, handwritingSettings, lineEncoding, [text], settings, breathe)),
  };
}
