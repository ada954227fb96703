/**
 * Trains a learned optimizer (§3): truncated back-propagation through time over windows of an episode, one update of
 * Adam a window; θ and the network's state go on from window to window. Every so many episodes the averaged parameters
 * are judged on problems of their own, and the best are kept: "We pick the best optimizer (according to the final
 * validation loss)".
 *
 * A window of U steps starts at θ_1 and sums f over θ_2 … θ_{U+1}, the points that its updates lead to. The last one is
 * also the next window's first, and is evaluated once; an episode of T steps counts f(θ_2) … f(θ_{T+1}), each once.
 *
 * Everything random is drawn from streams named by the episode, so a checkpoint holds no generator.
 */

import { randomStream } from '../numerics/random.ts';
import type { TrainingContext } from '../pipeline/context.ts';
import { MetaTrainingDiverged } from './errors.ts';
import { type CoordinateSelection, selectCoordinates, sumFollowingGradients } from './meta-gradient.ts';
import { type LearningRateSchedule, updateMetaOptimizer } from './meta-optimizer.ts';
import {
  type EpisodeRecord,
  initProgress,
  type MetaTrainingProgress,
  restoreProgress,
  saveProgress,
} from './meta-training-progress.ts';
import { zeroNonFinite } from './non-finite.ts';
import { traceLosses } from './optimize.ts';
import { initializeParameters, type OptimizerNetwork, runNetwork, type TrainableNetwork } from './optimizer-network.ts';
import type { ProblemFamily } from './problems/problem.ts';
import { clipNorm, horizonOf, type RobustTrainingSettings, startAdamTeacher, totalSteps } from './robust-training.ts';

export interface MetaTrainingSettings {
  readonly seed: number;
  readonly episodes: number;
  /** T, a multiple of `unrollSteps`. */
  readonly horizonSteps: number;
  /** Steps that a meta-gradient goes back. */
  readonly unrollSteps: number;
  readonly metaLearningRate: number;
  readonly metaLearningRateSchedule: LearningRateSchedule;
  /** Decay of the average of the optimizer's parameters, per update. */
  readonly averagingDecay: number;
  /** w_t of Eq. 3: 1 at every step, or only at the last one of the episode, 1[t = T]. */
  readonly lossWeights: 'every-step' | 'final-step';
  /** Of a tensor of more coordinates than this, a random subset of as many is back-propagated through. */
  readonly backpropagatedPerTensor: number;
  readonly validationIntervalEpisodes: number;
  readonly validationProblems: number;
  /**
   * Early stopping: training ends once this many validations in a row were no better than the best before them. The
   * schedule is still over all `episodes`. Where absent, training goes on to the end; the best is kept in any case.
   */
  readonly patienceValidations?: number;
  /**
   * One of several candidates, of which the best is chosen: where no validation ends with a finite loss, the result is
   * the initial parameters with a validation loss of Infinity, instead of MetaTrainingDiverged.
   */
  readonly mayDiverge?: boolean;
  /** What makes the optimizer live past its horizon; the paper has none of it. */
  readonly robust?: RobustTrainingSettings;
}

export interface MetaTrainingResult {
  /** The averaged parameters of the best validation. */
  readonly parameters: Float32Array;
  readonly validationLoss: number;
  /** Episodes after which the best were found. */
  readonly bestEpisode: number;
  readonly appliedUpdates: number;
  readonly skippedUpdates: number;
  /** Coordinates' gradients that were not finite and were taken for zero, over all episodes. */
  readonly zeroedGradients: number;
  readonly history: readonly EpisodeRecord[];
}

type Context = Pick<TrainingContext, 'checkpoint' | 'checkpointDue' | 'saveCheckpoint' | 'progress' | 'breathe'>;

/**
 * Throws MetaTrainingDiverged where no validation ended with a finite loss, unless the settings allow for it.
 *
 * @param trainingFamily the optimizees of the episodes, where they differ from those of the validation
 */
export function metaTrain(
  settings: MetaTrainingSettings,
  family: ProblemFamily,
  network: OptimizerNetwork,
  context: Context,
  trainingFamily: ProblemFamily = family,
): Promise<MetaTrainingResult> {
  const initialParameters = initializeParameters(network.layout, randomStream(settings.seed, 'parameters'));
  return metaTrainFrom(initialParameters, settings, family, network, context, trainingFamily);
}

/** The same for a network of any architecture, from the initial φ that it wants. */
export async function metaTrainFrom(
  start: Float32Array,
  settings: MetaTrainingSettings,
  family: ProblemFamily,
  network: TrainableNetwork,
  context: Context,
  trainingFamily: ProblemFamily = family,
): Promise<MetaTrainingResult> {
  const { episodes, validationIntervalEpisodes } = settings;
  const progress = context.checkpoint ? restoreProgress(context.checkpoint) : initProgress(start);

  while (progress.episode < episodes && !hasLostPatience(settings, progress)) {
    const metaLoss = await trainEpisode(settings, trainingFamily, network, progress, context);
    progress.episode += 1;
    const isValidated = progress.episode % validationIntervalEpisodes === 0 || progress.episode === episodes;
    const record: EpisodeRecord = { episode: progress.episode, metaLoss: finiteOrNull(metaLoss) };
    if (isValidated) {
      const validationLoss = await validate(settings, family, network, progress.meta.average, context);
      progress.history.push({ ...record, validationLoss: finiteOrNull(validationLoss) });
      if (progress.bestLoss === null ? Number.isFinite(validationLoss) : validationLoss < progress.bestLoss) {
        progress.bestLoss = validationLoss;
        progress.bestEpisode = progress.episode;
        progress.best.set(progress.meta.average);
      }
      context.progress({ share: progress.episode / episodes, metric: 'validation loss', value: validationLoss });
    } else {
      progress.history.push(record);
      context.progress({ share: progress.episode / episodes, metric: 'meta-loss', value: metaLoss });
    }
    if (context.checkpointDue()) await context.saveCheckpoint(saveProgress(progress));
  }

  const { meta, bestLoss } = progress;
  if (bestLoss === null && !settings.mayDiverge) throw new MetaTrainingDiverged(progress.episode, meta.skipped);
  return {
    parameters: progress.best,
    validationLoss: bestLoss ?? Number.POSITIVE_INFINITY,
    bestEpisode: progress.bestEpisode,
    appliedUpdates: meta.applied,
    skippedUpdates: meta.skipped,
    zeroedGradients: progress.zeroedGradients,
    history: progress.history,
  };
}

/** Read off the history, which a checkpoint holds: a resumed training stops where the undisturbed one does. */
function hasLostPatience({ patienceValidations }: MetaTrainingSettings, progress: MetaTrainingProgress): boolean {
  if (patienceValidations === undefined) return false;
  const { history, bestEpisode } = progress;
  const since = history.filter(({ episode, validationLoss }) => validationLoss !== undefined && episode > bestEpisode);
  return since.length >= patienceValidations;
}

/** One episode on a fresh problem. Returns the mean loss over θ_2 … θ_{T+1}, NaN where it diverged. */
async function trainEpisode(
  settings: MetaTrainingSettings,
  family: ProblemFamily,
  network: TrainableNetwork,
  progress: MetaTrainingProgress,
  context: Context,
): Promise<number> {
  const { seed, unrollSteps, robust = {} } = settings;
  const { coordinates, tensors } = family;
  const { meta, episode } = progress;
  const horizonSteps = horizonOf(settings, episode);
  const windows = horizonSteps / unrollSteps;
  const schedule = {
    learningRate: settings.metaLearningRate,
    schedule: settings.metaLearningRateSchedule,
    averagingDecay: settings.averagingDecay,
    updates: totalSteps(settings) / unrollSteps,
  };
  const problem = family.sample(seed, 'episode', episode);
  const theta = new Float32Array(coordinates);
  const gradient = new Float32Array(coordinates);
  const updates = new Float32Array(coordinates);
  problem.initialize(theta);
  network.resetState();
  problem.lossAndGradient(theta, 1, gradient);
  progress.zeroedGradients += zeroNonFinite(gradient);
  const teacher = robust.imitation && startAdamTeacher(robust.imitation, coordinates, unrollSteps);

  let lossSum = 0;
  for (let window = 0; window < windows; window++) {
    const selection = selectCoordinates(
      tensors,
      settings.backpropagatedPerTensor,
      randomStream(seed, 'selection', episode, window),
    );
    const following = new Float32Array(unrollSteps * selection.coordinates.length);
    network.setParameters(meta.parameters);
    const losses = new Float64Array(unrollSteps);
    network.beginUnroll();
    for (let step = 0; step < unrollSteps; step++) {
      network.step(gradient, updates);
      teacher?.watch(gradient, updates, selection, step);
      for (let i = 0; i < coordinates; i++) theta[i]! += updates[i]!; // Eq. 1
      const loss = problem.lossAndGradient(theta, window * unrollSteps + step + 2, gradient);
      progress.zeroedGradients += zeroNonFinite(gradient);
      losses[step] = loss;
      lossSum += loss;
      gather(gradient, selection, following, step);
      await context.breathe();
    }
    if (!Number.isFinite(lossSum)) {
      // This window and the rest of the episode have nothing to teach. Their updates count as skipped, for the schedule.
      meta.skipped += windows - window;
      break;
    }
    sumFollowingGradients(following, lossWeightsOf(settings, window, windows, losses));
    teacher?.addGradients(following);
    const metaGradient = network.backward(following, selection.coordinates);
    if (robust.metaGradientNorm !== undefined) clipNorm(metaGradient, robust.metaGradientNorm);
    updateMetaOptimizer(meta, metaGradient, schedule);
    await context.breathe();
  }
  return lossSum / horizonSteps;
}

/** Row `step` of `following` ← the selected coordinates' gradients, each times what it stands for. */
function gather(gradient: Float32Array, selection: CoordinateSelection, following: Float32Array, step: number): void {
  const { coordinates, weights } = selection;
  const row = step * coordinates.length;
  for (let k = 0; k < coordinates.length; k++) following[row + k] = weights[k]! * gradient[coordinates[k]!]!;
}

/** w_2 … w_{U+1} of a window, in the episode's steps; with a logarithmic meta-loss divided by the loss, ∇ ln f = ∇f / f. */
function lossWeightsOf(
  { lossWeights, unrollSteps, robust }: MetaTrainingSettings,
  window: number,
  windows: number,
  losses: Float64Array,
): Float32Array {
  const counted = Math.ceil(unrollSteps * (robust?.countedShare ?? 1));
  const weights = new Float32Array(unrollSteps);
  if (lossWeights === 'every-step') weights.fill(1, unrollSteps - counted);
  if (window === windows - 1) weights[unrollSteps - 1] = 1;
  if (robust?.metaLoss === 'log')
    for (const [step, loss] of losses.entries()) weights[step]! /= Math.max(loss, smallestLoss);
  return weights;
}

/** Losses below it teach no more than it does. */
const smallestLoss = 1e-6;

/**
 * The mean loss of these parameters over the last tenth of the horizon, over problems that are the same at every
 * validation. The last step alone would be one minibatch's luck. Where several steps are named, the geometric mean of the
 * same up to each of them.
 */
async function validate(
  settings: MetaTrainingSettings,
  family: ProblemFamily,
  network: TrainableNetwork,
  parameters: Float32Array,
  context: Context,
): Promise<number> {
  const { seed, horizonSteps, validationProblems, robust } = settings;
  const ends = robust?.validationSteps ?? [horizonSteps];
  const steps = Math.max(...ends);
  network.setParameters(parameters);
  const sums = ends.map(() => 0);
  for (let index = 0; index < validationProblems; index++) {
    const problem = family.sample(seed, 'validation', index);
    const losses = await traceLosses(problem, runNetwork(network), family.coordinates, steps, context.breathe);
    for (const [place, end] of ends.entries()) {
      for (const loss of losses.subarray(end - Math.ceil(end / 10), end)) sums[place]! += loss;
    }
  }
  const means = sums.map((sum, place) => sum / (validationProblems * Math.ceil(ends[place]! / 10)));
  return means.length === 1 ? means[0]! : Math.exp(means.reduce((sum, mean) => sum + Math.log(mean) / means.length, 0));
}

/** JSON has no NaN and no Infinity. */
function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
