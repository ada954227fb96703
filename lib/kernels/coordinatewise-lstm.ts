/**
 * The coordinatewise two-layer LSTM optimizer of arXiv 1606.04474 (section 2.1, appendix A), over all coordinates of an
 * optimizee at once: what it computes, whoever computes it. `createCoordinatewiseLstmKernel` is the fast one,
 * `createCoordinatewiseLstmReference` the one to read.
 */
import type { ParameterLayout } from './coordinatewise-lstm-parameters.ts';
import { parameterLayout } from './coordinatewise-lstm-parameters.ts';
import { KernelOrderError, KernelShapeError } from './errors.ts';

export type {
  OptimizerShape,
  ParameterLayout,
  ParameterName,
  ParameterView,
} from './coordinatewise-lstm-parameters.ts';
export { parameterLayout } from './coordinatewise-lstm-parameters.ts';

/** What a network sees of a gradient: appendix A with p (the paper: 10), or `scale` · ∇. */
export type GradientPreprocessing =
  | { readonly kind: 'log-sign'; readonly p: number }
  | { readonly kind: 'identity'; readonly scale: number };

/** The same, or two inputs a coordinate that the caller has prepared. */
export type Preprocessing = GradientPreprocessing | { readonly kind: 'prepared' };

export interface CoordinatewiseLstmOptions {
  /** Coordinates of the optimizee. */
  readonly coordinates: number;
  /** The longest window that `backward` can go through. */
  readonly unrollSteps: number;
  readonly preprocessing: Preprocessing;
  /** Units in each layer, a multiple of 4; 20 by default, as in the paper. */
  readonly hidden?: number;
  /** Factor of the linear output. */
  readonly outputScale: number;
}

/**
 * A NaN in a gradient comes out as NaN in that coordinate's updates from then on, and in φ's gradient, the output bias
 * excepted. An infinite gradient saturates the gates, so that its updates may be finite; φ's gradient has a NaN.
 */
export interface CoordinatewiseLstm {
  readonly coordinates: number;
  readonly unrollSteps: number;
  readonly layout: ParameterLayout;
  /** φ in the order of `layout`; copied. */
  setParameters(parameters: Float32Array): void;
  /** Sets the state of every coordinate to zero. Ends the window. */
  resetState(): void;
  /** A copy of the state, [coordinates][h1, c1, h2, c2][hidden]: the same for every implementation. */
  readState(): Float32Array;
  /** Ends the window. */
  writeState(state: Float32Array): void;
  /** Starts a truncated window at the present state. */
  beginUnroll(): void;
  /**
   * One step of Eq. 1: raw gradients ∇_t in, updates g_t (scaled) out, both [coordinates]; the state goes on. Prepared
   * inputs are [2][coordinates]. May be called any number of times where no `backward` is wanted.
   */
  step(gradients: Float32Array, updates: Float32Array): void;
  /**
   * d/dφ of Σ_t Σ_s updateGradients[t][s] · g_t[selected[s]] over the steps t since `beginUnroll`, with the gradients ∇_t
   * as constants and the state at the window's start as one: [layout.size], new.
   *
   * updateGradients: [steps since beginUnroll][selected.length]. selected: coordinates in ascending order, all where
   * left out; what they leave out counts as zero. Throws KernelOrderError where there is no window to go through.
   */
  backward(updateGradients: Float32Array, selected?: Int32Array): Float32Array;
  /** Frees threads and tensors. */
  dispose(): void;
}

/** The options, checked and completed. Throws KernelShapeError. */
export function checkOptions(options: CoordinatewiseLstmOptions) {
  const { coordinates, unrollSteps, preprocessing, hidden = 20, outputScale } = options;
  const requirePositiveInteger = (name: string, value: number) => {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new KernelShapeError(`${name} must be a positive whole number, got ${value}.`);
    }
  };
  requirePositiveInteger('coordinates', coordinates);
  requirePositiveInteger('unrollSteps', unrollSteps);
  // e^p must be a normal float32.
  if (preprocessing.kind === 'log-sign' && !(preprocessing.p > 0 && preprocessing.p <= 87)) {
    throw new KernelShapeError(
      `p of the log-sign preprocessing must lie in (0, 87], got ${preprocessing.p}; the paper uses 10.`,
    );
  }
  const inputs = inputsOf(preprocessing);
  const inputRows: 1 | 2 = preprocessing.kind === 'prepared' ? 2 : 1;
  const layout = parameterLayout({ inputs, hidden });
  return { coordinates, unrollSteps, preprocessing, hidden, outputScale, inputs, inputRows, layout };
}

/** Inputs a coordinate that the first layer gets. */
export function inputsOf({ kind }: Preprocessing): 1 | 2 {
  return kind === 'identity' ? 1 : 2;
}

/** For `requireLength`. */
export function describeInputRows(inputRows: 1 | 2): string {
  return inputRows === 1 ? 'one a coordinate' : '[2 prepared inputs][coordinates]';
}

export function requireLength(name: string, array: { readonly length: number }, length: number, shape: string): void {
  if (array.length !== length) {
    throw new KernelShapeError(`${name} must have ${length} elements, ${shape}, got ${array.length}.`);
  }
}

/** The number of steps of a window that `backward` can go through. */
export function requireWindow(steps: number, unrollSteps: number): number {
  if (steps >= 1 && steps <= unrollSteps) return steps;
  const came = steps < 0 ? 'no window has begun' : `${steps} steps were taken`;
  throw new KernelOrderError(
    `backward goes through the 1 to ${unrollSteps} steps since beginUnroll, but ${came}. Call beginUnroll before the window's first step.`,
  );
}

/** Checks `selected`: ascending coordinates of this optimizee, without repetition. */
export function requireSelection(selected: Int32Array, coordinates: number): void {
  let previous = -1;
  for (const coordinate of selected) {
    if (coordinate <= previous || coordinate >= coordinates) {
      throw new KernelShapeError(
        `selected must hold coordinates below ${coordinates} in ascending order, got ${coordinate} after ${previous}.`,
      );
    }
    previous = coordinate;
  }
}
