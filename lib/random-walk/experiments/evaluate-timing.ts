/** Times of walks and of their rivals on one picture, on one thread. Needs no TensorFlow.js. */
import { openLabelledPictures } from '../../datasets/labelled-pictures.ts';
import { median } from '../../numerics/median.ts';
import type { EvaluationContext } from '../../pipeline/context.ts';
import type { Measurement } from '../../pipeline/experiment.ts';
import { solverArrays } from '../converge.ts';
import type { PixelGrid } from '../neighbourhood.ts';
import { refine } from '../refine.ts';
import { denseCrf } from '../rivals/dense-crf.ts';
import { domainTransformFilter } from '../rivals/domain-transform.ts';
import { measureSeconds } from './measure-seconds.ts';
import { makeTimedScene, pictureOfSeed, type TimedScene } from './timed-scene.ts';
import { startAffinities, startConvergence, startStep } from './timed-walks.ts';
import { gridOf, radiusGridOf, smallerGridOf, stepGridOf, type TimingSizes } from './timing-grids.ts';
import {
  affinityChannels,
  crfIterations,
  kernelSubject,
  stepGrids,
  timedSolvers,
  timingMetrics,
  timingSubjects,
} from './timing-metrics.ts';

export interface TimingSettings extends TimingSizes {
  readonly classes: number;
  readonly alphas: readonly number[];
  readonly tolerance: number;
  readonly rounds: number;
  readonly pixelShares: readonly number[];
  readonly radii: readonly number[];
  readonly wholeLargeStep: boolean;
}

export interface TimingEvaluation extends TimingSettings {
  readonly name: string;
  readonly trials: readonly string[];
  readonly seed: number;
}

type Add = (metric: string, subject: string, value: number, unit: string, step?: number) => void;
type Clock = Parameters<typeof measureSeconds>[1];

/** Throws what opening the dataset does, and InvalidWalkInput where there is no such picture. */
export async function evaluateTiming(
  evaluation: TimingEvaluation,
  context: EvaluationContext,
): Promise<readonly Measurement[]> {
  const pictures = await openLabelledPictures(await context.dataset('voc-segmentation'));
  const scene = makeTimedScene(await pictureOfSeed(pictures, evaluation.seed), evaluation);
  const rows: Measurement[] = [];
  const add: Add = (metric, subject, value, unit, step = 0) =>
    void rows.push({ metric, subject, step, seed: evaluation.seed, value, unit });
  const clock = { rounds: evaluation.rounds, breathe: () => context.breathe() };
  await timeMethods(scene, evaluation, clock, add);
  const { pixelShares, radii, height, width, largeRadius } = evaluation;
  await timeCurve(
    scene,
    pixelShares.map((share) => smallerGridOf(evaluation, share)),
    clock,
    ({ grid, step, affinities }) => {
      add(timingMetrics.stepByPixels, kernelSubject, step, 's', grid.height * grid.width);
      add(timingMetrics.affinitiesByPixels, kernelSubject, affinities, 's', grid.height * grid.width);
    },
  );
  await timeCurve(
    scene,
    radii.map((radius) => radiusGridOf(evaluation, radius)),
    clock,
    ({ grid, step, affinities }) => {
      add(timingMetrics.stepByRadius, kernelSubject, step, 's', grid.neighbourhood.radius);
      add(timingMetrics.affinitiesByRadius, kernelSubject, affinities, 's', grid.neighbourhood.radius);
    },
  );
  if (evaluation.wholeLargeStep) {
    await timeCurve(scene, [gridOf(height, width, largeRadius)], clock, ({ step }) =>
      add(timingMetrics.seconds, timingSubjects.wholeStep, step, 's'),
    );
  }
  return rows;
}

async function timeMethods(scene: TimedScene, settings: TimingSettings, clock: Clock, add: Add): Promise<void> {
  const { picture, probabilities } = scene;
  const { tolerance, radius } = settings;
  const contestants: Record<string, () => void> = {};
  for (const grid of stepGrids) {
    const { step, plainStep } = startStep(scene, stepGridOf(grid, settings));
    contestants[timingSubjects.step(grid)] = step;
    contestants[timingSubjects.plainStep(grid)] = plainStep;
  }
  for (const iterations of crfIterations) {
    const crf = denseCrf({ iterations });
    contestants[timingSubjects.crf(iterations)] = () => void crf(picture, probabilities);
  }
  const filter = domainTransformFilter();
  contestants[timingSubjects.domainTransform] = () => void filter(picture, probabilities);
  const grid = stepGridOf('picture', settings);
  for (const channels of affinityChannels)
    contestants[timingSubjects.affinities(channels)] = startAffinities(grid, channels);
  const reached = new Map<string, { readonly steps: number; readonly errorBound: number }>();
  const solve = startConvergence(scene, grid, Math.max(...timedSolvers.map((solver) => solverArrays[solver])));
  for (const alpha of settings.alphas) {
    contestants[timingSubjects.refine(alpha)] = () => void refine(picture, probabilities, { alpha, tolerance, radius });
    for (const solver of timedSolvers) {
      const subject = timingSubjects.converge(solver, alpha);
      contestants[subject] = () => void reached.set(subject, solve({ diffusion: alpha, tolerance, solver }));
    }
  }
  for (const [subject, seconds] of Object.entries(await measureSeconds(contestants, clock)))
    add(timingMetrics.seconds, subject, seconds, 's');
  for (const [subject, { steps, errorBound }] of reached) {
    add(timingMetrics.products, subject, steps, 'products');
    add(timingMetrics.bound, subject, errorBound, 'probability');
  }
}

interface CurvePoint {
  readonly grid: PixelGrid;
  readonly step: number;
  readonly affinities: number;
}

/** Seconds on each grid, rounds interleaved. Walks are made anew in every round: all of them at once would be a gigabyte. */
async function timeCurve(
  scene: TimedScene,
  grids: readonly PixelGrid[],
  { rounds, breathe }: Clock,
  report: (point: CurvePoint) => void,
): Promise<void> {
  const times = grids.map(() => ({ step: [] as number[], affinities: [] as number[] }));
  for (let round = 0; round < rounds; round++) {
    for (const [index, grid] of grids.entries()) {
      const { step, affinities } = startStep(scene, grid);
      const seconds = await measureSeconds({ step, affinities }, { rounds: 1, breathe });
      times[index]!.step.push(seconds.step);
      times[index]!.affinities.push(seconds.affinities);
    }
  }
  for (const [index, grid] of grids.entries())
    report({ grid, step: median(times[index]!.step), affinities: median(times[index]!.affinities) });
}
