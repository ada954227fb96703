/**
 * What minimizes the meta-loss: Adam (§3, "The minimization is performed using ADAM"), its rate falling on a half cosine,
 * with an exponential average of the weights beside it. The average is what is validated and kept: single updates are
 * noisy, since each sees one problem.
 *
 * Adam here is the usual one (Kingma & Ba, Algorithm 1), not Torch7's.
 */
/**
 * `cosine`: η(u) = η/2 · (1 + cos(π u/U)) at update u of U. `late-cosine`: η through the first half, then the cosine over
 * the second: on MNIST, meta-training crosses a plateau of some 250 episodes, and does not with a rate that falls before.
 */
export type LearningRateSchedule = (typeof learningRateSchedules)[number];
export const learningRateSchedules = ['constant', 'cosine', 'late-cosine'] as const;

export interface MetaOptimizerSettings {
  readonly learningRate: number;
  readonly schedule: LearningRateSchedule;
  /** Decay of the average of the weights, per update; 0 is no averaging. */
  readonly averagingDecay: number;
  /** U */
  readonly updates: number;
}

export interface MetaOptimizerState {
  readonly parameters: Float32Array;
  readonly average: Float32Array;
  readonly mean: Float32Array;
  readonly meanSquare: Float32Array;
  /** Updates that were made. */
  applied: number;
  /** Meta-gradients that were not finite and left everything as it was. */
  skipped: number;
}

export function initMetaOptimizer(parameters: Float32Array): MetaOptimizerState {
  return {
    parameters: parameters.slice(),
    average: parameters.slice(),
    mean: new Float32Array(parameters.length),
    meanSquare: new Float32Array(parameters.length),
    applied: 0,
    skipped: 0,
  };
}

const decay1 = 0.9;
const decay2 = 0.999;
const epsilon = 1e-8;

/** Changes the state by dL/dφ, or counts it as skipped where it is not finite. */
export function updateMetaOptimizer(
  state: MetaOptimizerState,
  gradient: Float32Array,
  settings: MetaOptimizerSettings,
): void {
  if (!gradient.every(Number.isFinite)) {
    state.skipped += 1;
    return;
  }
  // Skipped updates count: the schedule is over the updates that were planned.
  const share = (state.applied + state.skipped) / settings.updates;
  const learningRate = settings.learningRate * scheduleFactor(settings.schedule, share);
  state.applied += 1;
  const correction1 = 1 - decay1 ** state.applied;
  const correction2 = 1 - decay2 ** state.applied;
  const { parameters, average, mean, meanSquare } = state;
  for (let i = 0; i < parameters.length; i++) {
    const g = gradient[i]!;
    mean[i] = decay1 * mean[i]! + (1 - decay1) * g;
    meanSquare[i] = decay2 * meanSquare[i]! + (1 - decay2) * g * g;
    parameters[i]! -= (learningRate * (mean[i]! / correction1)) / (Math.sqrt(meanSquare[i]! / correction2) + epsilon);
    average[i] = settings.averagingDecay * average[i]! + (1 - settings.averagingDecay) * parameters[i]!;
  }
}

/** Of the learning rate, at a share of the updates. */
function scheduleFactor(schedule: LearningRateSchedule, share: number): number {
  if (schedule === 'constant') return 1;
  const progress = schedule === 'cosine' ? share : Math.max(0, 2 * share - 1);
  return (1 + Math.cos(Math.PI * progress)) / 2;
}
