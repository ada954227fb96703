/** §5.4, the radius of the walk: how far a pixel is connected, in prediction and in training. */
import { z } from 'zod';
import { defineExperiment } from '../../pipeline/experiment.ts';
import type { BackEndKind } from '../back-ends/settings.ts';
import { type SegmentationTrial, train } from '../training/segmentation-networks.ts';
import { evaluateRadius, type RadiusEvaluation, type RadiusPrediction } from './evaluate-radius.ts';
import {
  networkDeviations,
  networkFields,
  networkPresets,
  seedsOf,
  segmentationTrial,
  trialSeconds,
} from './network-params.ts';
import { defaultPhase, networkName, variantOf } from './radius-subjects.ts';
import { refinementFields, refinementPresets, rivalDeviation } from './refinement-params.ts';
import { summarizeRadius } from './summarize-radius.ts';

const radius = z.number().int().min(1).max(100);
const params = z
  .strictObject({
    ...networkFields,
    ...refinementFields,
    /** Walks over these go to their limit. */
    convergedRadii: z.array(radius).min(1).max(20),
    /** One step is made over this one, and more for comparison: 40 in the paper, on pictures of 500 pixels. */
    wideRadius: radius,
    wideSteps: z.array(z.number().int().min(1).max(1000)).min(1).max(20),
    /** Of a walk between scores. */
    scoreRadius: radius,
    /** Other networks to train: R and the stride between the pixels that are walked between. */
    trainedWalks: z.array(z.strictObject({ radius, stride: z.union([z.literal(1), z.literal(8)]) })).max(10),
  })
  .superRefine(({ convergedRadii, radius, wideSteps }, context) => {
    if (!convergedRadii.includes(radius)) {
      const message = `convergedRadii must have ${radius}, the radius that others are compared with`;
      context.addIssue({ code: 'custom', path: ['convergedRadii'], message });
    }
    if (!wideSteps.includes(1)) {
      const message = 'wideSteps must have 1: more steps are compared with one';
      context.addIssue({ code: 'custom', path: ['wideSteps'], message });
    }
  });
export type RadiusParams = z.infer<typeof params>;

const laptop: RadiusParams = {
  ...networkPresets.laptop,
  ...refinementPresets.laptop,
  validationImages: 30,
  // In proportion to 500 pixels: 2, 4, 6, 10, 19, and 40.
  convergedRadii: [1, 2, 3, 5, 9],
  wideRadius: 19,
  wideSteps: [1, 2, 5, 10],
  scoreRadius: 40,
  trainedWalks: [{ radius: 5, stride: 1 }],
};

/** The networks of every experiment, and those that are trained from the same back-end with another walk. */
function trialsOf(params: RadiusParams, seed: number): readonly SegmentationTrial[] {
  const variants = params.trainedWalks.map((walk) => variantOf(params, walk));
  return [
    segmentationTrial(params, 'large-fov', seed),
    ...(variants.length > 0 ? [segmentationTrial(params, 'large-fov', seed, variants, 'radius')] : []),
    segmentationTrial(params, 'deeplab-v2', seed),
  ];
}

/** What is predicted with a trial's networks. */
function predictionsOf(params: RadiusParams, { backEnd, variants }: SegmentationTrial): readonly RadiusPrediction[] {
  const { convergedRadii, wideRadius, wideSteps, scoreRadius, choosingImages } = params;
  const walks = (phase: string, radii: readonly number[], steps: readonly number[]): RadiusPrediction[] => [
    ...[...new Set([...radii, wideRadius])].map(
      (radius): RadiusPrediction => ({
        kind: 'walk',
        phase,
        radius,
        steps: radius === wideRadius ? steps : [1],
        converges: radii.includes(radius),
      }),
    ),
    { kind: 'between scores', phase, radius: scoreRadius },
  ];
  return variants.flatMap(({ name, network }) => {
    if (name !== defaultPhase) {
      // Converged at the radius that all are compared at, and at its own where that is of pixels.
      const own = network.walkStride === 1 ? [network.radius] : [];
      return walks(name, [...new Set([params.radius, ...own])], [1]);
    }
    const rivals: RadiusPrediction = {
      kind: 'rivals',
      ...(backEnd === 'deeplab-v2' ? { crfChosenOn: choosingImages } : {}),
    };
    const isLargeFov = backEnd === 'large-fov';
    return [rivals, ...walks(name, isLargeFov ? convergedRadii : [params.radius], isLargeFov ? wideSteps : [1])];
  });
}

export const radiusSize = defineExperiment<RadiusParams, SegmentationTrial, RadiusEvaluation>({
  name: 'random-walk/radius',
  source: {
    arxiv: '1605.07681',
    title: 'Convolutional Random Walk Networks for Semantic Image Segmentation',
    place: '§5.4, Radius Size; §5.3',
  },
  claim:
    'Converged, walks of 3 < R < 20 segment about equally well; one step at R = 40 comes close to converging at R = 5, more steps there bring nothing, and over DeepLab-v2 that one step does better than a dense CRF.',
  deviations: [
    ...networkDeviations,
    rivalDeviation,
    'R counts pixels of pictures of 500 × 375 in the paper: in `laptop` and `overnight`, of 240 × 180, radii are in proportion, 19 for the paper’s 40, and a table says what each would be there. R = 40 itself connects a pixel of those pictures to more than a tenth of them all.',
    'All radii predict with networks that were trained at one; the paper tests “alternative versions of our model”, which may have been trained at theirs. Networks that were trained with walks between pixels stand beside them: at R = 5, in `overnight` also at other radii.',
    'One step is one of Eq. 1, ŷ = 0.99 A f + 0.01 f, where training makes ŷ = A f.',
    'Walks of R = 40 “between scores” go between the pixels that the back-end scores, every eighth, and are enlarged afterwards: of the two readings of the paper’s n² only this one can take the 0.032 seconds that it states.',
    '“About equally” is less than one point of mean IoU: half of what the walk brings in the paper.',
  ],
  params,
  presets: {
    smoke: {
      ...laptop,
      ...networkPresets.smoke,
      ...refinementPresets.smoke,
      convergedRadii: [2, 3],
      wideRadius: 4,
      wideSteps: [1, 2],
      scoreRadius: 4,
      trainedWalks: [{ radius: 2, stride: 1 }],
    },
    laptop,
    overnight: {
      ...laptop,
      ...networkPresets.overnight,
      ...refinementPresets.overnight,
      convergedRadii: [1, 2, 3, 5, 7, 9, 12, 19],
      wideSteps: [1, 2, 3, 5, 10, 20, 50],
      trainedWalks: [
        { radius: 5, stride: 1 },
        { radius: 2, stride: 1 },
        { radius: 9, stride: 1 },
      ],
    },
    paper: {
      ...laptop,
      ...networkPresets.paper,
      ...refinementPresets.paper,
      convergedRadii: [3, 4, 5, 10, 15, 19],
      wideRadius: 40,
      wideSteps: [1, 2, 5, 10, 20],
      trainedWalks: [{ radius: 5, stride: 1 }],
    },
  },
  datasets: [{ name: 'voc-segmentation' }],
  module: 'lib/random-walk/experiments/radius.ts',
  trainingModule: 'lib/random-walk/training/segmentation-networks.ts',

  plan: (params) => seedsOf(params).flatMap((seed) => trialsOf(params, seed)),
  train,

  evaluations: (params, trials) =>
    trials.flatMap((trial) =>
      predictionsOf(params, trial).map((prediction): RadiusEvaluation => {
        const { validationImages: pictures, diffusion } = params;
        return {
          name: `${trial.name}/${nameOf(prediction, trial.backEnd)}`,
          trials: [trial.name],
          ...{ trial, pictures, diffusion, prediction },
        };
      }),
    ),
  evaluate: evaluateRadius,
  summarize: summarizeRadius,

  work(params) {
    const { seeds, trainedWalks, convergedRadii, wideRadius, wideSteps, validationImages, longestSide } = params;
    const trained = trialSeconds(params, 'large-fov') + trialSeconds(params, 'deeplab-v2');
    const others = trainedWalks.map(({ radius, stride }) => {
      // Between scores, a radius larger than the crop is cut off.
      const { cropHeight, cropWidth } = params;
      const window = Math.min(radius, Math.ceil(Math.sqrt((cropHeight * cropWidth) / stride ** 2 / Math.PI)));
      return trialSeconds({ ...params, trainedWalk: { ...params.trainedWalk, radius: window, stride } }, 'large-fov');
    });
    // Measured on 240 × 180 pixels and 11 classes: a product with A 0.25 ms for each R², about 50 to the limit; affinities 1 ms.
    const pictures = (longestSide / 240) ** 2 * Math.min(validationImages, 1000);
    const products = (radius: number, count: number) => radius ** 2 * (0.001 + 0.00015 * count);
    const converging = convergedRadii.reduce((sum, radius) => sum + products(radius, 50), 0);
    const compared = (2 + trainedWalks.length) * (products(params.radius, 50) + products(wideRadius, 1));
    const walks = converging + compared + products(wideRadius, Math.max(...wideSteps));
    return {
      trainingCoreSeconds: seeds * (trained + others.reduce((sum, each) => sum + each, 0)),
      evaluationCoreSeconds: seeds * pictures * (1 + walks),
    };
  },
});

function nameOf(prediction: RadiusPrediction, backEnd: BackEndKind): string {
  if (prediction.kind === 'rivals') return 'rivals';
  const { kind, phase, radius } = prediction;
  return `${networkName(backEnd, phase)}/${kind === 'walk' ? 'pixels' : 'scores'}/radius-${radius}`;
}
