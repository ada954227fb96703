/** What the tests of the coordinatewise LSTM share: seeded parameters, gradients of all magnitudes, a run over windows. */
import type { CoordinatewiseLstm, ParameterLayout, Preprocessing } from '../../lib/kernels/coordinatewise-lstm.ts';
import { hasNativeKernels } from '../../lib/kernels/native-kernels.ts';
import { randomStream } from '../../lib/numerics/random.ts';

export const wasmBackends = ['wasm-relaxed', 'wasm-plain'] as const;
/** The native kernels where somebody built them, as `.ci/run` does: `npm test` needs no compiler. */
export const backends = [...wasmBackends, ...(hasNativeKernels() ? (['native'] as const) : [])];
export const preprocessings = [
  { kind: 'log-sign', p: 10 },
  { kind: 'identity', scale: 0.5 },
  { kind: 'prepared' },
] as const satisfies readonly Preprocessing[];

export function seededParameters(layout: ParameterLayout, seed = 1): Float32Array {
  const parameters = new Float32Array(layout.size);
  randomStream(seed, 'parameters').fillNormal(parameters, 0.4);
  return parameters;
}

/** Gradients from e^−15 to e^3 in magnitude, either sign: both branches of appendix A. */
export function seededGradients(coordinates: number, steps: number, seed = 1): Float32Array[] {
  return Array.from({ length: steps }, (_, step) => {
    const stream = randomStream(seed, 'gradients', step);
    return Float32Array.from(
      { length: coordinates },
      () => Math.exp(-15 + 18 * stream.uniform()) * (stream.uniform() < 0.5 ? -1 : 1),
    );
  });
}

export function seededNormal(length: number, seed = 1): Float32Array {
  const values = new Float32Array(length);
  randomStream(seed, 'normal').fillNormal(values, 1);
  return values;
}

/** Steps through the gradients; the updates [steps][coordinates]. */
export function runSteps(lstm: CoordinatewiseLstm, gradients: readonly Float32Array[]): Float32Array[] {
  return gradients.map((gradient) => {
    const updates = new Float32Array(lstm.coordinates);
    lstm.step(gradient, updates);
    return updates;
  });
}

export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  for (let index = 0; index < a.length; index++) {
    const difference = Math.abs(a[index]! - b[index]!);
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}
