/**
 * m of Eq. 3: the coordinatewise two-layer LSTM (§2.1), on whatever this machine computes with, and its parameters φ as
 * they are initialized, stored and run.
 */
import {
  type CoordinatewiseLstm,
  inputsOf,
  type ParameterLayout,
  type Preprocessing,
  parameterLayout,
} from '../kernels/coordinatewise-lstm.ts';
import { createCoordinatewiseLstmKernel } from '../kernels/coordinatewise-lstm-kernel.ts';
import type { NumericBackend } from '../numerics/backend.ts';
import type { RandomStream } from '../numerics/random.ts';
import type { NamedTensors } from '../numerics/safetensors.ts';
import { zeroNonFinite } from './non-finite.ts';
import { type NormalisationSettings, normaliseNetwork } from './normalised-network.ts';
import type { RunningOptimizer } from './optimize.ts';
import { joinTensors } from './parameter-tensors.ts';

export interface NetworkSettings {
  /** Appendix A's for MNIST, a constant factor for quadratics. */
  readonly preprocessing: Preprocessing;
  /** Units in each of the two layers; the paper: 20. */
  readonly hiddenUnits: number;
  /** Factor of the output; the paper: 0.1 for MNIST, 1 for quadratics. */
  readonly outputScale: number;
  /** Inputs and updates without scale; its preprocessing is `prepared`. The paper has none. */
  readonly normalisation?: NormalisationSettings;
}

export type OptimizerNetwork = CoordinatewiseLstm;

/** What training and running ask of a network, whatever its architecture. */
export type TrainableNetwork = Pick<
  CoordinatewiseLstm,
  'coordinates' | 'setParameters' | 'resetState' | 'beginUnroll' | 'step' | 'backward'
>;

/** What computes, and how much of it. */
interface Machine {
  readonly coordinates: number;
  readonly unrollSteps: number;
  readonly threads: number;
  readonly backend: NumericBackend;
  startTensorFlow(): Promise<void>;
}

/** A network with its state at zero and no parameters yet. Threads are freed by `dispose`. */
export async function createOptimizerNetwork(settings: NetworkSettings, machine: Machine): Promise<OptimizerNetwork> {
  const lstm = await createLstm(settings, machine);
  return settings.normalisation ? normaliseNetwork(lstm, settings.normalisation) : lstm;
}

async function createLstm(
  { preprocessing, hiddenUnits, outputScale }: NetworkSettings,
  machine: Machine,
): Promise<CoordinatewiseLstm> {
  const { coordinates, unrollSteps, threads, backend } = machine;
  const options = { coordinates, unrollSteps, preprocessing, hidden: hiddenUnits, outputScale };
  if (backend === 'wasm-relaxed' || backend === 'wasm-plain' || backend === 'native') {
    return createCoordinatewiseLstmKernel({ ...options, threads, backend });
  }
  await machine.startTensorFlow();
  // Loaded only here: TensorFlow.js takes a good part of an evaluation Lambda's cold start.
  const { createCoordinatewiseLstmReference } = await import('../kernels/coordinatewise-lstm-reference.ts');
  return createCoordinatewiseLstmReference(options);
}

/** A tenth of what a layer of its size usually gets; see `initializeParameters`. */
const outputDeviation = 0.1;

/**
 * Random initial φ: weights ~ N(0, 1/n) where n values are summed, the output's a tenth of that, biases 0 except the
 * forget gates', which are 1 so that a fresh network remembers (Jozefowicz et al. 2015). The paper does not say.
 *
 * The small output matters: a fresh network moves all coordinates alike, whatever their gradients. With the usual weights
 * that drift is so harmful that meta-training on MNIST first learns to make no updates at all, and stays there.
 */
export function initializeParameters(layout: ParameterLayout, random: RandomStream): Float32Array {
  const parameters = new Float32Array(layout.size);
  for (const { name, offset, size } of layout.tensors) {
    const values = parameters.subarray(offset, offset + size);
    if (name === 'layer-1/bias' || name === 'layer-2/bias') values.fill(1, size / 4, size / 2);
    else if (name === 'output/kernel') random.fillNormal(values, outputDeviation / Math.sqrt(size));
    else if (name !== 'output/bias') random.fillNormal(values, 1 / Math.sqrt(summands(layout, name)));
  }
  return parameters;
}

/** A gate sums over its inputs and the layer's last outputs, so both kernels count. */
function summands({ byName }: ParameterLayout, name: string): number {
  const layer = name.startsWith('layer-1') ? 'layer-1' : 'layer-2';
  return byName[`${layer}/kernel`].shape[0]! + byName[`${layer}/recurrent-kernel`].shape[0]!;
}

/**
 * The learned optimizer on one θ, from a fresh state, with the parameters that the network has. Sets what is not finite in
 * the gradients that it is given to zero.
 */
export function runNetwork(network: TrainableNetwork): RunningOptimizer {
  const updates = new Float32Array(network.coordinates);
  network.resetState();
  return {
    update(theta, gradient) {
      zeroNonFinite(gradient);
      network.step(gradient, updates);
      for (let i = 0; i < theta.length; i++) theta[i]! += updates[i]!; // Eq. 1
    },
  };
}

/** φ from an artifact's tensors. Throws InvalidLearnedOptimizer where one is missing or has another shape. */
export function joinParameters({ preprocessing, hiddenUnits }: NetworkSettings, tensors: NamedTensors): Float32Array {
  const layout = parameterLayout({ inputs: inputsOf(preprocessing), hidden: hiddenUnits });
  return joinTensors(layout, tensors);
}
