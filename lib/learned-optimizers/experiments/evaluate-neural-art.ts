/** Runs one optimizer on one content and style, traces its loss, and keeps what it made of the image. */
import type { EvaluationContext } from '../../pipeline/context.ts';
import type { Measurement } from '../../pipeline/experiment.ts';
import { type BaselineName, startBaseline } from '../baselines.ts';
import { type RunningOptimizer, traceLosses } from '../optimize.ts';
import { createOptimizerNetwork, runNetwork } from '../optimizer-network.ts';
import type { NeuralArtFamily, NeuralArtSettings } from '../problems/neural-art.ts';
import { readLearnedOptimizer, readLearningRate } from '../training.ts';

/** Losses with a new style, at double the resolution. */
export const newStyleMetric = 'loss, new style at double resolution';

export interface NeuralArtEvaluation {
  readonly name: string;
  readonly trials: readonly string[];
  readonly subject: 'lstm' | BaselineName;
  readonly metric: string;
  readonly problem: NeuralArtSettings;
  readonly seed: number;
  readonly steps: number;
  /** Whether the triple of Figure 9 is wanted. */
  readonly isShown: boolean;
}

/** A row for the first step, and for every fourth. */
const recordedEverySteps = 4;

export async function evaluateNeuralArt(
  { name, subject, metric, trials, problem: settings, seed, steps, isShown }: NeuralArtEvaluation,
  createFamily: (settings: NeuralArtSettings, context: EvaluationContext) => Promise<NeuralArtFamily>,
  context: EvaluationContext,
): Promise<readonly Measurement[]> {
  const model = await context.model(trials[0]!);
  const family = await createFamily(settings, context);
  const { coordinates, lossUnit } = family;
  const problem = family.sample(seed, 'evaluation');
  const image = new Float32Array(coordinates);
  const observed: typeof problem = {
    ...problem,
    lossAndGradient(theta, step, gradient) {
      if (step === steps) image.set(theta);
      return problem.lossAndGradient(theta, step, gradient);
    },
  };
  const rows: Measurement[] = [];
  const trace = async (optimizer: RunningOptimizer) => {
    const losses = await traceLosses(observed, optimizer, coordinates, steps, context.breathe);
    for (const [index, value] of losses.entries()) {
      const step = index + 1;
      if (step > 1 && step % recordedEverySteps !== 0 && step !== steps) continue;
      // A run that diverged is a row too: the largest number that JSON can hold.
      rows.push({ metric, subject, step, seed, value: Math.min(value, Number.MAX_VALUE), unit: lossUnit });
    }
  };
  try {
    if (subject !== 'lstm') {
      const learningRate = readLearningRate(model);
      await trace(startBaseline(subject, coordinates, learningRate));
      if (seed === 0) {
        rows.push({ metric: `learning rate (${metric})`, subject, step: 0, seed, value: learningRate, unit: '1' });
      }
    } else {
      const { network: networkSettings, parameters } = readLearnedOptimizer(model);
      const { threads, backend } = context;
      const machine = { threads, backend, startTensorFlow: () => context.startTensorFlow() };
      const network = await createOptimizerNetwork(networkSettings, { ...machine, coordinates, unrollSteps: 1 });
      try {
        network.setParameters(parameters);
        await trace(runNetwork(network));
      } finally {
        network.dispose();
      }
    }
    if (isShown) {
      context.writeImage({ name, ...placeSideBySide([problem.content, image, problem.style], settings.side) });
    }
    return rows;
  } finally {
    family.dispose();
  }
}

/** White pixels between two images. */
const gap = 4;

/** Square images [side, side, 3] beside one another, as RGBA in base64. What lies outside 0 to 255 is clipped, as a screen does. */
export function placeSideBySide(
  images: readonly Float32Array[],
  side: number,
): { readonly width: number; readonly height: number; readonly rgba: string } {
  const width = images.length * (side + gap) - gap;
  const rgba = Buffer.alloc(4 * width * side, 255);
  for (const [place, image] of images.entries()) {
    for (let at = 0; at < image.length; at++) {
      const [row, column, colour] = [Math.floor(at / (3 * side)), Math.floor(at / 3) % side, at % 3];
      const value = Math.round(image[at]!);
      rgba[4 * (row * width + place * (side + gap) + column) + colour] = Math.min(255, Math.max(0, value));
    }
  }
  return { width, height: side, rgba: rgba.toString('base64') };
}
