/**
 * α of Eq. 1, and its two readings. The equation as printed is ŷ_{t+1} = α A ŷ_t + (1 − α) f, and §4.5 sets α = 0.01, with
 * which the walk is almost the identity: Figure 7 improves over tens of steps, which it then could not. So 0.01 is very likely
 * the weight of f, and that of the walk 0.99.
 */
import { InvalidWalkSetting } from './errors.ts';

/** What α weighs: the walk A ŷ_t, as Eq. 1 is printed, or the segmentation f. */
export type AlphaReading = 'walk' | 'segmentation';

/** The weight of the walk in Eq. 1. Throws InvalidWalkSetting unless it is at least 0 and less than 1. */
export function diffusionOf(alpha: number, reading: AlphaReading = 'walk'): number {
  const diffusion = reading === 'walk' ? alpha : 1 - alpha;
  if (reading !== 'walk' && reading !== 'segmentation') {
    throw new InvalidWalkSetting(`alphaWeighs must be 'walk' or 'segmentation', got '${reading}'.`);
  }
  if (!(diffusion >= 0 && diffusion < 1)) {
    const range = reading === 'walk' ? 'at least 0 and less than 1' : 'more than 0 and at most 1';
    throw new InvalidWalkSetting(
      `alpha must be ${range} where it weighs the ${reading}, got ${alpha}: a walk without any of f converges to a constant.`,
    );
  }
  return diffusion;
}
