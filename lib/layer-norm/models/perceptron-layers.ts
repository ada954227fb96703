/** How the parameters of `normalised-perceptron.ts` lie behind one another, and what they are called in an artifact. */
import type { FloatArray } from '../../kernels/lstm-arithmetic.ts';
import { packParameters } from './packed-parameters.ts';

export type PerceptronNormalization = 'none' | 'layer' | 'batch';

export interface PerceptronSettings {
  /** Pixels of an image. */
  readonly inputs: number;
  /** Units of each hidden layer, multiples of 4: `[1000, 1000]`. */
  readonly hidden: readonly number[];
  readonly classes: number;
  readonly normalization: PerceptronNormalization;
  readonly epsilon: number;
  /** Batch normalization's variance in training: divided by the batch's size, or by one less (§6.6, "the smaller batch-size"). */
  readonly batchVariance: 'biased' | 'unbiased';
  /** How much of the running mean and variance an update keeps. */
  readonly runningDecay: number;
}

/** Where a layer's parts lie. */
export interface Layer {
  readonly inputs: number;
  readonly outputs: number;
  /** Outputs rounded up to a multiple of 4; what lies beyond them is and stays zero. */
  readonly width: number;
  readonly isLast: boolean;
  readonly normalization: PerceptronNormalization;
  readonly kernel: Place;
  /** undefined where the layer is not normalised */
  readonly gain: Place | undefined;
  readonly bias: Place;
  /** Batch normalization's running statistics, in `running`. */
  readonly runningMean: Place | undefined;
  readonly runningVariance: Place | undefined;
}

/** Of a tensor in the array of all parameters, or of all statistics. */
export interface Place {
  readonly from: number;
  readonly to: number;
}

/** The layers, and the layouts of their parameters and of batch normalization's running statistics. */
export function arrangeLayers({ inputs, hidden, classes, normalization }: PerceptronSettings) {
  const sizes = [inputs, ...hidden, classes];
  const kinds = sizes.slice(1).map((outputs, index) => ({
    name: `layer-${index + 1}`,
    inputs: sizes[index]!,
    outputs,
    isLast: index === hidden.length,
    // "excludes the last softmax layer"
    normalization: index === hidden.length && normalization === 'layer' ? ('none' as const) : normalization,
  }));
  const parameters = packParameters(
    Object.fromEntries(
      kinds.flatMap(({ name, inputs, outputs, normalization }) => [
        [`${name}/kernel`, [inputs, outputs]],
        ...(normalization === 'none' ? [] : [[`${name}/gain`, [outputs]]]),
        [`${name}/bias`, [outputs]],
      ]),
    ) as Record<string, readonly number[]>,
  );
  const running = packParameters(
    Object.fromEntries(
      kinds.flatMap(({ name, outputs, normalization }) =>
        normalization === 'batch'
          ? [
              [`${name}/runningMean`, [outputs]],
              [`${name}/runningVariance`, [outputs]],
            ]
          : [],
      ),
    ) as Record<string, readonly number[]>,
  );
  const layers = kinds.map(
    ({ name, ...kind }): Layer => ({
      ...kind,
      width: parameters.tensors[`${name}/bias`]!.width,
      kernel: parameters.tensors[`${name}/kernel`]!,
      gain: parameters.tensors[`${name}/gain`],
      bias: parameters.tensors[`${name}/bias`]!,
      runningMean: running.tensors[`${name}/runningMean`],
      runningVariance: running.tensors[`${name}/runningVariance`],
    }),
  );
  return { layers, parameters, running };
}

export function view(array: FloatArray, { from, to }: Place): FloatArray {
  return array.subarray(from, to);
}
