/**
 * What can be added to meta-training so that the optimizer lives past its horizon (training techniques of Chen et al. 2020,
 * arXiv 2010.09089, of Lv et al. 2017, arXiv 1703.03633, and of Wichrowska et al. 2017, arXiv 1703.04813). Plain JSON: it
 * is part of a trial. A part that is absent is not done.
 */
import { startBaseline } from './baselines.ts';
import type { CoordinateSelection } from './meta-gradient.ts';

export interface RobustTrainingSettings {
  /** Horizons that the episodes begin with, ascending; the settings' own comes last. */
  readonly curriculum?: readonly CurriculumPhase[];
  /** Adds weight · ½ · mean over coordinates of ((g_t − g_t^Adam) / learningRate)², summed over steps, to the meta-loss. */
  readonly imitation?: { readonly weight: number; readonly learningRate: number };
  /** `log`: the meta-loss sums ln f instead of f, so that late steps, whose losses are small, teach as much as early ones. */
  readonly metaLoss?: 'log';
  /** Only the last steps of each window count, this share of them: its earlier updates are judged by where they lead. */
  readonly countedShare?: number;
  /** Longest meta-gradient; a longer one is shortened to it. */
  readonly metaGradientNorm?: number;
  /** Validation looks at the losses up to each of these steps, and takes their geometric mean. */
  readonly validationSteps?: readonly number[];
}

export interface CurriculumPhase {
  readonly episodes: number;
  /** A multiple of the unroll. */
  readonly horizonSteps: number;
}

/** T of an episode, counted from 0. */
export function horizonOf(
  settings: { readonly horizonSteps: number; readonly robust?: RobustTrainingSettings },
  episode: number,
): number {
  let end = 0;
  for (const phase of settings.robust?.curriculum ?? []) {
    end += phase.episodes;
    if (episode < end) return phase.horizonSteps;
  }
  return settings.horizonSteps;
}

/** Steps of all episodes together. */
export function totalSteps(settings: {
  readonly episodes: number;
  readonly horizonSteps: number;
  readonly robust?: RobustTrainingSettings;
}): number {
  let steps = 0;
  for (let episode = 0; episode < settings.episodes; episode++) steps += horizonOf(settings, episode);
  return steps;
}

/** The gradient, shortened in place to at most `longest`. One that is not finite is left to the caller. */
export function clipNorm(gradient: Float32Array, longest: number): void {
  let squares = 0;
  for (const value of gradient) squares += value * value;
  const norm = Math.sqrt(squares);
  if (!(norm > longest)) return;
  for (let i = 0; i < gradient.length; i++) gradient[i]! *= longest / norm;
}

/** Adam beside an episode: what it would have done at each step, on the gradients that the learned optimizer has met. */
export interface AdamTeacher {
  /** Call at each step of a window, with the gradient that was seen and the update that was made. */
  watch(gradient: Float32Array, updates: Float32Array, selection: CoordinateSelection, step: number): void;
  /** Adds the window's ∂(imitation loss)/∂g_t to `updateGradients` [steps][selected]. */
  addGradients(updateGradients: Float32Array): void;
}

export function startAdamTeacher(
  { weight, learningRate }: NonNullable<RobustTrainingSettings['imitation']>,
  coordinates: number,
  unrollSteps: number,
): AdamTeacher {
  const adam = startBaseline('adam', coordinates, learningRate);
  const adamUpdates = new Float32Array(coordinates);
  let terms = new Float32Array(0);
  const factor = weight / (learningRate ** 2 * coordinates);
  return {
    watch(gradient, updates, { coordinates: selected, weights }, step) {
      if (step === 0) terms = new Float32Array(unrollSteps * selected.length);
      adamUpdates.fill(0);
      adam.update(adamUpdates, gradient);
      const row = step * selected.length;
      for (let k = 0; k < selected.length; k++) {
        const coordinate = selected[k]!;
        terms[row + k] = factor * weights[k]! * (updates[coordinate]! - adamUpdates[coordinate]!);
      }
    },
    addGradients(updateGradients) {
      for (let place = 0; place < terms.length; place++) updateGradients[place]! += terms[place]!;
    },
  };
}
