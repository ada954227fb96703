/** How the parameters of `normalised-perceptron.ts` lie behind one another, and what they are called in an artifact. */
import type { FloatArray } from '../../kernels/lstm-arithmetic.ts';

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
export interface Place {
  readonly from: number;
  readonly to: number;
}

/** The layers, and how many parameters and running statistics they have. */
export function arrangeLayers({ inputs, hidden, classes, normalization }: PerceptronSettings) {
  const parameters = createArranger();
  const running = createArranger();
  const sizes = [inputs, ...hidden, classes];
  const layers = sizes.slice(1).map((outputs, index): Layer => {
    const isLast = index === hidden.length;
    const width = 4 * Math.ceil(outputs / 4);
    const own = isLast && normalization === 'layer' ? 'none' : normalization;
    return {
      inputs: sizes[index]!,
      outputs,
      width,
      isLast,
      normalization: own,
      kernel: parameters.place(sizes[index]! * width),
      gain: own === 'none' ? undefined : parameters.place(width),
      bias: parameters.place(width),
      runningMean: own === 'batch' ? running.place(width) : undefined,
      runningVariance: own === 'batch' ? running.place(width) : undefined,
    };
  });
  return { layers, parameterCount: parameters.length(), runningCount: running.length() };
}

function createArranger() {
  let end = 0;
  return {
    place(length: number): Place {
      const from = end;
      end += length;
      return { from, to: end };
    },
    length: () => end,
  };
}

/** Every tensor by name, without the columns that only fill rows up. */
export function eachTensor(layers: readonly Layer[], parameters: FloatArray, running: FloatArray) {
  return layers.flatMap((layer, index) => {
    const { inputs, outputs, width, kernel, gain, bias, runningMean, runningVariance } = layer;
    const tensor = (name: string, array: FloatArray, place: Place | undefined, rows?: number) => {
      if (!place) return [];
      const values = view(array, place);
      const shape = rows === undefined ? [outputs] : [rows, outputs];
      return [
        {
          name: `layer-${index + 1}/${name}`,
          read() {
            const data = new Float32Array((rows ?? 1) * outputs);
            for (let k = 0; k < data.length; k++) data[k] = values[Math.floor(k / outputs) * width + (k % outputs)]!;
            return { shape, data };
          },
          write(data: ArrayLike<number>) {
            for (let k = 0; k < data.length; k++) values[Math.floor(k / outputs) * width + (k % outputs)] = data[k]!;
          },
        },
      ];
    };
    return [
      ...tensor('kernel', parameters, kernel, inputs),
      ...tensor('gain', parameters, gain),
      ...tensor('bias', parameters, bias),
      ...tensor('runningMean', running, runningMean),
      ...tensor('runningVariance', running, runningVariance),
    ];
  });
}

export function view(array: FloatArray, { from, to }: Place): FloatArray {
  return array.subarray(from, to);
}
