/** Adam (Kingma & Ba 2015, Algorithm 1) over named arrays, and how gradients are clipped before it. */
import { applyAdam, squaredNorm } from '../kernels/adam.ts';
import type { NamedTensors } from '../numerics/safetensors.ts';

/**
 * `standard`: 1 − β₁ᵗ and 1 − β₂ᵗ. `authors`: 1 − (1 − β₁)ᵗ and 1 − (1 − β₂)ᵗ, as the code of order-embeddings and
 * skip-thoughts has it, which makes the first steps longer than Adam's.
 */
export type BiasCorrection = 'standard' | 'authors';

export interface AdamSettings {
  readonly learningRate: number;
  /** 0.9 where absent. */
  readonly decay1?: number;
  /** 0.999 where absent. */
  readonly decay2?: number;
  /** 1e-8 where absent. */
  readonly epsilon?: number;
  readonly biasCorrection?: BiasCorrection;
}

/** `globalNorm`: all gradients together are scaled to at most this L2 norm; `perTensorNorm`: each by itself. */
export type GradientClip = { readonly globalNorm: number } | { readonly perTensorNorm: number };

/** Named float32 arrays, all of the same names: what Adam keeps of each parameter. */
export interface AdamState {
  readonly mean: ArrayByName;
  readonly meanSquare: ArrayByName;
  /** Updates that were made. */
  applied: number;
}
export type ArrayByName = Readonly<Record<string, Float32Array>>;

export function initAdam(parameters: NamedTensors): AdamState {
  const zeros = () =>
    Object.fromEntries(Object.entries(parameters).map(([name, { data }]) => [name, new Float32Array(data.length)]));
  return { mean: zeros(), meanSquare: zeros(), applied: 0 };
}

/** Changes parameters and state by one step along the gradients, which it may scale. */
export function updateAdam(
  parameters: ArrayByName,
  gradients: ArrayByName,
  state: AdamState,
  { learningRate, decay1 = 0.9, decay2 = 0.999, epsilon = 1e-8, biasCorrection = 'standard' }: AdamSettings,
  clip?: GradientClip,
): void {
  state.applied += 1;
  const correction = (decay: number) => 1 - (biasCorrection === 'standard' ? decay : 1 - decay) ** state.applied;
  const corrected = {
    ...{ decay1, decay2, epsilon },
    correctedRate: learningRate / correction(decay1),
    squareCorrection: 1 / correction(decay2),
  };
  const scales = clipScales(gradients, clip);
  for (const [name, values] of Object.entries(parameters)) {
    const arrays = { parameters: values, gradient: gradients[name]!, mean: state.mean[name]! };
    applyAdam({ ...arrays, meanSquare: state.meanSquare[name]! }, { ...corrected, gradientScale: scales(name) });
  }
}

/** What each gradient is multiplied by. */
function clipScales(gradients: ArrayByName, clip: GradientClip | undefined): (name: string) => number {
  if (!clip) return () => 1;
  if ('perTensorNorm' in clip) {
    return (name) => Math.min(1, clip.perTensorNorm / Math.sqrt(squaredNorm(gradients[name]!)));
  }
  const norm = Math.sqrt(Object.values(gradients).reduce((sum, gradient) => sum + squaredNorm(gradient), 0));
  const scale = Math.min(1, clip.globalNorm / norm);
  return () => scale;
}
