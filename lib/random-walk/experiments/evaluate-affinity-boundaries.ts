/** Boundaries by learned affinities, and by what they are compared with, against those that people drew. */
import type { Picture } from '../../datasets/decode-picture.ts';
import type { EvaluationContext } from '../../pipeline/context.ts';
import type { Measurement } from '../../pipeline/experiment.ts';
import { BoundaryBenchmark } from '../evaluation/boundary-benchmark.ts';
import { affinityWeightsName } from '../parameter-names.ts';
import type { AffinityTrial } from '../training/affinity-weights.ts';
import { openRegionPictures, type RegionPicture } from '../training/region-pictures.ts';
import { spreadNames } from '../training/scaled-images.ts';
import {
  type AffinityBoundaryMethod,
  affinityBoundaryMethodNames,
  averagePrecisionMetric,
  colourWeightMetric,
  maximumFMetric,
  peopleSubject,
  picturesMetric,
  precisionMetric,
  recallMetric,
  trainingPicturesMetric,
} from './affinity-boundary-metrics.ts';
import { findBoundaries } from './find-affinity-boundaries.ts';
import { arrangePanels } from './picture-panels.ts';
import { datasetSubject } from './segmentation-metrics.ts';

export interface AffinityBoundariesEvaluation {
  readonly name: string;
  readonly trials: readonly string[];
  readonly trial: AffinityTrial;
  /** The pictures are shared out among so many evaluations; this is the one with that number. */
  readonly shares: number;
  readonly share: number;
  /** Of its share, spread evenly. */
  readonly validationImages: number;
  readonly pooling: number;
  readonly diffusion: number;
  readonly thresholds: number;
  readonly maximumDistance: number;
  /** The first so many are drawn. */
  readonly shownPictures: number;
}

export async function evaluateAffinityBoundaries(
  evaluation: AffinityBoundariesEvaluation,
  context: EvaluationContext,
): Promise<readonly Measurement[]> {
  const { trial, shares, share, validationImages, maximumDistance, shownPictures } = evaluation;
  const { seed, radius, initialWeight, dataset } = trial;
  const { tensors } = await context.model(trial.name);
  const weights = tensors[affinityWeightsName]!.data as Float32Array;
  const reader = await context.dataset(dataset);
  const { names, read } = await openRegionPictures(dataset, reader);
  const shared = spreadNames(
    names.validation.filter((_, index) => index % shares === share),
    validationImages,
  );
  const settings = { weights, radius, initialWeight, pooling: evaluation.pooling, diffusion: evaluation.diffusion };
  const pictures: RegionPicture[] = [];
  for (const name of shared) pictures.push(await read('validation', name));

  const row = (metric: string, subject: string, value: number, step = 0, unit = '1'): Measurement => {
    return { metric, subject, step, seed, value, unit };
  };
  const rows: Measurement[] = [];
  const shown = new Map<AffinityBoundaryMethod, readonly Float32Array[]>();
  for (const method of affinityBoundaryMethodNames) {
    const found: Float32Array[] = [];
    for (const picture of pictures) {
      found.push(findBoundaries(method, picture, settings));
      await context.breathe();
    }
    shown.set(method, found.slice(0, shownPictures));
    const benchmark = new BoundaryBenchmark({ thresholds: ranks(found, evaluation.thresholds), maximumDistance });
    for (const [index, { width, height, people }] of pictures.entries()) {
      benchmark.add({ width, height, strength: found[index]!, truths: people.map(({ boundaries }) => boundaries) });
      await context.breathe();
    }
    const { curve, maximumF, averagePrecision } = benchmark.scores();
    rows.push(
      row(maximumFMetric, method, maximumF),
      row(averagePrecisionMetric, method, averagePrecision),
      ...curve.flatMap(({ precision, recall }, place) => [
        row(precisionMetric, method, precision, place + 1),
        row(recallMetric, method, recall, place + 1),
      ]),
    );
  }
  const agreed = agreementOf(pictures, maximumDistance);
  if (agreed !== undefined) rows.push(row(maximumFMetric, peopleSubject, agreed));
  for (const [colour, weight] of weights.entries()) rows.push(row(colourWeightMetric, 'affinities', weight, colour));
  const subject = datasetSubject(dataset, reader.manifest.origin);
  rows.push(row(picturesMetric, subject, pictures.length, 0, 'pictures'));
  rows.push(row(trainingPicturesMetric, subject, Math.min(trial.trainingImages, names.training.length), 0, 'pictures'));
  for (const [index, picture] of pictures.slice(0, shownPictures).entries()) {
    const panels = (['affinities', 'gradient-2'] as const).map((method) => {
      const strength = shown.get(method)![index]!;
      const most = strength.reduce((a, b) => Math.max(a, b), 1e-6);
      return paintDark(picture, (pixel) => strength[pixel]! / most);
    });
    const drawn = paintDark(picture, (pixel) => mean(picture.people.map(({ boundaries }) => boundaries[pixel]!)));
    context.writeImage(arrangePanels(`seed-${seed}/${index}`, [[picture, drawn], panels]));
  }
  return rows;
}

/** So many strengths with equally many crests, over all pictures, from one to the next: thresholds that suit any scale. */
export function ranks(found: readonly Float32Array[], count: number): readonly number[] {
  const crests = found.flatMap((strength) => [...strength.filter((value) => value > 0)]);
  const sorted = Float32Array.from(crests).sort();
  const thresholds = Array.from(
    { length: count },
    (_, place) => sorted[Math.floor((place * sorted.length) / count)] ?? 0,
  );
  // Where strengths are equal, and in a picture without any, thresholds would not rise.
  const rising = [...new Set(thresholds)].filter((threshold) => threshold > 0);
  return rising.length > 0 ? rising : [1];
}

/** F of each person's boundaries against all others', over all people and pictures; undefined where nobody has others. */
export function agreementOf(pictures: readonly RegionPicture[], maximumDistance: number): number | undefined {
  const benchmark = new BoundaryBenchmark({ thresholds: [1], maximumDistance });
  let compared = 0;
  for (const { width, height, people } of pictures) {
    for (const person of people) {
      const truths = people.filter((other) => other !== person).map(({ boundaries }) => boundaries);
      if (truths.length === 0) continue;
      benchmark.add({ width, height, strength: Float32Array.from(person.boundaries), truths });
      compared++;
    }
  }
  return compared > 0 ? benchmark.scores().maximumF : undefined;
}

/** 0 as white, 1 as black. */
function paintDark({ width, height }: Picture, darkness: (pixel: number) => number): Picture {
  const rgb = Uint8Array.from({ length: 3 * width * height }, (_, at) =>
    Math.round(255 * (1 - Math.min(1, darkness(Math.floor(at / 3))))),
  );
  return { width, height, rgb };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
