/** PyTorch's and Keras's weights of a recurrent layer under their names there, gates still in the library's order. */
import type { NamedTensors, Tensor } from '../numerics/safetensors.ts';
import { UnconvertibleWeights } from './errors.ts';

/** Kernels as [inputs, gates·units]; biases that are not there are 0. */
export interface FusedWeights {
  readonly inputKernel: Tensor;
  readonly recurrentKernel: Tensor;
  /** [gates·units] */
  readonly inputBias: Tensor;
  /** [gates·units] */
  readonly recurrentBias: Tensor;
}

export function readKeras(weights: NamedTensors, gates: number): FusedWeights {
  refuseOtherCells(weights);
  const recurrent = requireNamed(weights, 'recurrent_kernel');
  const units = recurrent.shape[0] ?? 0;
  const width = gates * units;
  const recurrentKernel = expectShape('recurrent_kernel', recurrent, [units, width]);
  const input = requireNamed(weights, 'kernel');
  const inputKernel = expectShape('kernel', input, [input.shape[0] ?? 0, width]);
  const none = vector(new Float32Array(width));
  const { bias } = weights;
  if (!bias) return { inputKernel, recurrentKernel, inputBias: none, recurrentBias: none };
  if (bias.shape.length === 1) {
    return { inputKernel, recurrentKernel, inputBias: expectShape('bias', bias, [width]), recurrentBias: none };
  }
  const { data } = expectShape('bias', bias, [2, width]);
  const [inputBias, recurrentBias] = [vector(data.slice(0, width)), vector(data.slice(width))];
  return { inputKernel, recurrentKernel, inputBias, recurrentBias };
}

export function readPytorch(weights: NamedTensors, gates: number, suffix: string): FusedWeights {
  refuseOtherCells(weights);
  const recurrent = requireNamed(weights, `weight_hh_${suffix}`);
  const units = recurrent.shape[1] ?? 0;
  const width = gates * units;
  const input = requireNamed(weights, `weight_ih_${suffix}`);
  const bias = (name: string) =>
    weights[name] ? expectShape(name, weights[name], [width]) : vector(new Float32Array(width));
  return {
    inputKernel: transpose(expectShape(`weight_ih_${suffix}`, input, [width, input.shape[1] ?? 0])),
    recurrentKernel: transpose(expectShape(`weight_hh_${suffix}`, recurrent, [width, units])),
    inputBias: bias(`bias_ih_${suffix}`),
    recurrentBias: bias(`bias_hh_${suffix}`),
  };
}

export function writePytorch(fused: FusedWeights, suffix: string): NamedTensors {
  return {
    [`weight_ih_${suffix}`]: transpose(fused.inputKernel),
    [`weight_hh_${suffix}`]: transpose(fused.recurrentKernel),
    [`bias_ih_${suffix}`]: fused.inputBias,
    [`bias_hh_${suffix}`]: fused.recurrentBias,
  };
}

/** Throws UnconvertibleWeights where there is no weight, or one of another shape. */
export function expectShape(name: string, tensor: Tensor | undefined, shape: readonly number[]): Tensor {
  if (tensor && tensor.shape.join() === shape.join()) return tensor;
  const came = tensor ? `[${tensor.shape}]` : 'none';
  throw new UnconvertibleWeights(`The weight '${name}' must have the shape [${shape}], got ${came}.`);
}

export function vector(data: Tensor['data']): Tensor {
  return { shape: [data.length], data: Float32Array.from(data) };
}

/** Throws where names say that this is a cell of other mathematics. */
function refuseOtherCells(weights: NamedTensors): void {
  const names = Object.keys(weights);
  const norm = names.find((name) => /norm|gamma|beta/i.test(name));
  if (norm) {
    throw new UnconvertibleWeights(
      `The weight '${norm}' belongs to a layer-normalised cell. Those of PyTorch's custom_lstms and of TensorFlow Addons carry the *normalised* cell to the next step, where the paper carries c of Eq. 21: the same weights would compute something else. Train it anew with LayerNormLSTM.`,
    );
  }
  const projection = names.find((name) => name.startsWith('weight_hr_'));
  if (projection) {
    throw new UnconvertibleWeights(
      `The weight '${projection}' projects the hidden state (proj_size), which \`lstm\` does not do.`,
    );
  }
}

function requireNamed(weights: NamedTensors, name: string): Tensor {
  const tensor = weights[name];
  if (tensor) return tensor;
  throw new UnconvertibleWeights(
    `There must be a weight called '${name}', got ${Object.keys(weights).join(', ') || 'none'}.`,
  );
}

function transpose({ shape, data }: Tensor): Tensor {
  const [rows, columns] = shape as [number, number];
  const transposed = new Float32Array(data.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) transposed[column * rows + row] = data[row * columns + column]!;
  }
  return { shape: [columns, rows], data: transposed };
}
