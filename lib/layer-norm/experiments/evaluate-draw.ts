/** What is measured of DRAW once it is trained: its bound on test images, samples from it, how long an update takes. */
import { readBinarizedMnist } from '../../datasets/binarized-mnist.ts';
import type { EvaluationContext } from '../../pipeline/context.ts';
import type { EvaluationImage } from '../../pipeline/evaluation-image.ts';
import type { Measurement } from '../../pipeline/experiment.ts';
import { createDraw, type Draw } from '../models/draw.ts';
import { packTensors } from '../models/packed-parameters.ts';
import { clipNorm, type DrawTrial, drawAdam, fillImages, fillNoise, measureBound } from '../training/draw.ts';
import { drawMetrics } from './draw-metrics.ts';

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
  const { seed, network, updates } = trial;
  const { metrics, metadata } = await context.model(trial.name);
  const row = (metric: string, step: number, value: number, unit = 'nats'): Measurement => ({
    ...{ metric, subject: network.normalization, step, seed, value, unit },
  });
  const draw = await restoreDraw(trial, context);
  const test = await readBinarizedMnist(await context.dataset('binarized-mnist'), 'test');
  const { bound, divergence } = await measureBound(draw, test, testMinibatches, seed, 'test', context);
  // One seed is enough to look at.
  if (seed === 0) context.writeImage(drawSamples(draw, trial));
  return [
    ...metrics.flatMap((measured) => [
      row(drawMetrics.validationBound, Number(measured.update), Number(measured.bound)),
      row(drawMetrics.validationDivergence, Number(measured.update), Number(measured.divergence)),
    ]),
    row(drawMetrics.testBound, updates, bound),
    row(drawMetrics.testDivergence, updates, divergence),
    row(drawMetrics.updatesPerEpoch, 0, Number(metadata.updatesPerEpoch), 'updates'),
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
function drawSamples(draw: Draw, { network, seed, batchSize }: DrawTrial): EvaluationImage {
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
    name: `${network.normalization}/seed-${seed}`,
    width,
    height,
    rgba: Buffer.from(rgba).toString('base64'),
  };
}

const timedRounds = 5;
const updatesPerRound = 3;

/** Median over rounds in which the networks take turns, so that what else the machine does falls on all of them. */
async function timeUpdates(timed: readonly DrawTrial[], context: EvaluationContext): Promise<readonly Measurement[]> {
  const training = await readBinarizedMnist(await context.dataset('binarized-mnist'), 'train');
  const runs = [];
  for (const trial of timed) {
    const draw = await restoreDraw(trial, context);
    fillImages(
      draw,
      training,
      Array.from({ length: trial.batchSize }, (_, k) => k),
    );
    runs.push({ trial, draw, seconds: [] as number[] });
  }
  for (let round = 0; round <= timedRounds; round++) {
    for (const { trial, draw, seconds } of runs) {
      const start = performance.now();
      for (let update = 1; update <= updatesPerRound; update++) {
        fillNoise(draw, trial.seed, 'timing', round, update);
        draw.boundAndGradient();
        clipNorm(draw.gradient, trial.gradientNorm);
        draw.update(drawAdam(trial), round * updatesPerRound + update);
      }
      // The first round is for the engine to warm up.
      if (round > 0) seconds.push((performance.now() - start) / 1000 / updatesPerRound);
      await context.breathe();
    }
  }
  return runs.map(({ trial, seconds }) => ({
    ...{ metric: drawMetrics.secondsPerUpdate, subject: trial.network.normalization, step: 0, seed: 0, unit: 's' },
    value: seconds.sort((a, b) => a - b)[Math.floor(seconds.length / 2)]!,
  }));
}
