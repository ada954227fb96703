/** What is measured of DRAW once it is trained: its bound on test images, samples from it, how long an update takes. */
import { readBinarizedMnist } from '../../datasets/binarized-mnist.ts';
import type { EvaluationContext } from '../../pipeline/context.ts';
import type { EvaluationImage } from '../../pipeline/evaluation-image.ts';
import type { Measurement } from '../../pipeline/experiment.ts';
import { createDraw, type Draw } from '../models/draw.ts';
import { packTensors } from '../models/packed-parameters.ts';
import { clipNorm, type DrawTrial, drawAdam, fillImages, fillNoise, measureBound } from '../training/draw.ts';
import { subjectOf } from './draw-subjects.ts';
import { curveMeasurements } from './learning-curves.ts';
import { measureUpdateTime } from './measure-update-time.ts';

export type DrawEvaluation = { readonly name: string; readonly trials: readonly string[] } & (
  | { readonly kind: 'bound'; readonly trial: DrawTrial; readonly testMinibatches: number }
  /** Networks that differ in nothing but their normalization. */
  | { readonly kind: 'seconds'; readonly timed: readonly DrawTrial[] }
);

export async function evaluateDraw(
  evaluation: DrawEvaluation,
  context: EvaluationContext,
): Promise<readonly Measurement[]> {
  if (evaluation.kind === 'seconds') return timeUpdates(evaluation.timed, context);
  const { trial, testMinibatches } = evaluation;
  const { seed, updates } = trial;
  const subject = subjectOf(trial.initialDeviation, trial.network.normalization);
  const draw = await restoreDraw(trial, context);
  const test = await readBinarizedMnist(await context.dataset('binarized-mnist'), 'test');
  const { bound, divergence } = await measureBound(draw, test, testMinibatches, seed, 'test', context);
  // One seed is enough to look at.
  if (seed === 0) context.writeImage(drawSamples(draw, trial));
  const common = { subject, step: updates, seed, unit: 'nats' };
  return [
    ...curveMeasurements(await context.model(trial.name), { bound: 'nats', divergence: 'nats' }, { subject, seed }),
    { ...common, metric: 'test bound', value: bound },
    { ...common, metric: 'test divergence', value: divergence },
  ];
}

async function restoreDraw(trial: DrawTrial, context: EvaluationContext): Promise<Draw> {
  const draw = createDraw(trial.network, trial.batchSize, context.backend);
  packTensors(draw.layout, draw.parameters, (await context.model(trial.name)).tensors);
  return draw;
}

const shownSamples = 8;
const shownGlimpses = 8;
/** Pixels of the picture a pixel of an image. */
const magnification = 2;
const gap = 4;

/** A sample a row, from the first glimpse on the left to the last on the right; the same z for every network of a seed. */
function drawSamples(draw: Draw, { name, network, seed, batchSize }: DrawTrial): EvaluationImage {
  fillNoise(draw, seed, 'samples');
  const canvases = draw.sample();
  const { side, glimpses } = network;
  const columns = Math.min(shownGlimpses, glimpses);
  const rows = Math.min(shownSamples, batchSize);
  const cell = side * magnification + gap;
  const [width, height] = [columns * cell - gap, rows * cell - gap];
  const rgba = new Uint8Array(4 * width * height);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const canvas = canvases[Math.round(((column + 1) * glimpses) / columns) - 1]!;
      for (let y = 0; y < side * magnification; y++) {
        for (let x = 0; x < side * magnification; x++) {
          const pixel = Math.floor(y / magnification) * side + Math.floor(x / magnification);
          const grey = Math.round(255 * canvas[row * side * side + pixel]!);
          rgba.set([grey, grey, grey, 255], 4 * ((row * cell + y) * width + column * cell + x));
        }
      }
    }
  }
  return {
    name,
    width,
    height,
    rgba: Buffer.from(rgba).toString('base64'),
  };
}

const timedRounds = 15;

/** Updates of both networks in turn. */
async function timeUpdates(timed: readonly DrawTrial[], context: EvaluationContext): Promise<readonly Measurement[]> {
  const training = await readBinarizedMnist(await context.dataset('binarized-mnist'), 'train');
  const updates: Record<string, () => void> = {};
  for (const trial of timed) {
    const draw = await restoreDraw(trial, context);
    const images = Array.from({ length: trial.batchSize }, (_, k) => k);
    let update = 0;
    updates[subjectOf(trial.initialDeviation, trial.network.normalization)] = () => {
      fillImages(draw, training, images);
      fillNoise(draw, trial.seed, 'timing', update++);
      draw.boundAndGradient();
      clipNorm(draw.gradient, trial.gradientNorm);
      draw.update(drawAdam(trial), update);
    };
  }
  return measureUpdateTime(updates, { rounds: timedRounds, breathe: context.breathe });
}
