/** An optimizer that shares information, on whatever this machine computes with, and as an artifact stores it. */
import type { GradientPreprocessing } from '../../kernels/coordinatewise-lstm.ts';
import { createLstmArithmeticKernel } from '../../kernels/lstm-arithmetic.ts';
import { createLstmArithmeticReference } from '../../kernels/lstm-arithmetic-reference.ts';
import { type NumericBackend, wasmBuildOf } from '../../numerics/backend.ts';
import type { NamedTensors } from '../../numerics/safetensors.ts';
import { joinTensors } from '../parameter-tensors.ts';
import type { CoordinateGroups } from './coordinate-groups.ts';
import { sharingArrayLengths } from './sharing-arrays.ts';
import { createSharingNetwork, type SharingNetwork } from './sharing-network.ts';
import { type SharingArchitecture, sharingLayout } from './sharing-parameters.ts';

export interface SharingOptimizerSettings {
  readonly architecture: SharingArchitecture;
  readonly preprocessing: GradientPreprocessing;
  /** Units in each of the two layers; the paper: 20. */
  readonly hiddenUnits: number;
  /** Factor of the output. */
  readonly outputScale: number;
}

/**
 * A network with its state at zero and no parameters yet. There is no TensorFlow.js version: where the backend is one of
 * its, the plain TypeScript one computes, in float32 and some fifteen times slower.
 */
export function createSharingOptimizer(
  { architecture, preprocessing, hiddenUnits, outputScale }: SharingOptimizerSettings,
  machine: { readonly groups: CoordinateGroups; readonly unrollSteps: number; readonly backend: NumericBackend },
): SharingNetwork {
  const { groups, unrollSteps, backend } = machine;
  const options = { ...architecture, groups, unrollSteps, preprocessing, hidden: hiddenUnits, outputScale };
  const lengths = sharingArrayLengths(options);
  const build = wasmBuildOf(backend);
  const arithmetic = build
    ? createLstmArithmeticKernel(lengths, build)
    : createLstmArithmeticReference(lengths, Float32Array);
  const network = createSharingNetwork(options, arithmetic);
  network.resetState();
  return network;
}

/** φ from an artifact's tensors. Throws InvalidLearnedOptimizer where one is missing or has another shape. */
export function joinSharingParameters(settings: SharingOptimizerSettings, tensors: NamedTensors): Float32Array {
  const { architecture, preprocessing, hiddenUnits } = settings;
  const inputs = preprocessing.kind === 'log-sign' ? 2 : 1;
  const layout = sharingLayout({ ...architecture, inputs, hidden: hiddenUnits });
  return joinTensors(layout, tensors);
}
