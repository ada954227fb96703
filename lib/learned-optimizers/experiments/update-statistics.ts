/** Appendix B's words about updates, as numbers. */

/** "Bigger updates": the mean of |g_t| over coordinates and steps. */
export function meanMagnitude(histories: readonly Float64Array[]): number {
  let sum = 0;
  let count = 0;
  for (const history of histories) {
    for (const update of history) sum += Math.abs(update);
    count += history.length;
  }
  return sum / count;
}

/**
 * "Some kind of momentum": Σ g_t g_{t+lag} / √(Σ g_t² · Σ g_{t+lag}²) over all coordinates and steps. Updates with momentum
 * resemble the ones before: of an average of independent gradients with decay β it is β^lag. 0 where nothing moves.
 */
export function lagCorrelation(histories: readonly Float64Array[], lag: number): number {
  let products = 0;
  let early = 0;
  let late = 0;
  for (const history of histories) {
    for (let step = 0; step + lag < history.length; step++) {
      const [one, other] = [history[step]!, history[step + lag]!];
      products += one * other;
      early += one * one;
      late += other * other;
    }
  }
  return early > 0 && late > 0 ? products / Math.sqrt(early * late) : 0;
}

/** "Step-like" is a function that changes by at least so much of its whole change within the middle tenth of the gradients. */
export const stepLikeShare = 0.8;

export interface SweepShape {
  /** Of the change between both ends, the share that lies within the middle tenth of the gradients; may exceed 1. */
  readonly middleShare: number;
  /** "The bigger the gradient, the bigger the update": against the direction of descent. */
  readonly isRising: boolean;
}

/**
 * The shape of the update as a function of the gradient.
 *
 * @param proposed updates at equally spaced gradients, from the lowest to the highest; an odd number, at least 11
 */
export function describeSweep(proposed: ArrayLike<number>): SweepShape {
  const last = proposed.length - 1;
  const middle = last / 2;
  const reach = Math.max(1, Math.round(last / 20));
  const whole = proposed[last]! - proposed[0]!;
  const inner = proposed[middle + reach]! - proposed[middle - reach]!;
  return { middleShare: whole === 0 ? 0 : inner / whole, isRising: whole > 0 };
}
