/**
 * Weights of PyTorch's and Keras's own LSTM and GRU as parameters of `lstm` and `gru` (`normalization: 'none'`), and back.
 * Both keep gates in an order of their own, PyTorch transposes kernels and has two biases, and both of their GRUs carry by
 * z what Eq. 28 carries by 1 − z: as 1 − σ(a) = σ(−a), the update gate's weights change sign.
 *
 * Where the mathematics differ there is no conversion, and an error says why.
 */
import type { NamedTensors, Tensor } from '../numerics/safetensors.ts';
import { UnconvertibleWeights } from './errors.ts';
import { expectShape, type FusedWeights, readKeras, readPytorch, vector, writePytorch } from './library-weights.ts';
import { type GruGate, gateColumns, gruGates, type LstmGate, lstmGates } from './recurrent/gates.ts';

export type Library = 'pytorch' | 'keras';

/** The order of gates in the libraries' fused weights. */
const lstmOrders: Readonly<Record<Library, readonly LstmGate[]>> = {
  // i, f, g, o
  pytorch: ['input', 'forget', 'candidate', 'output'],
  // i, f, c, o; TensorFlow.js's layers too
  keras: ['input', 'forget', 'candidate', 'output'],
};
const gruOrders: Readonly<Record<Library, readonly GruGate[]>> = {
  // r, z, n
  pytorch: ['reset', 'update', 'candidate'],
  // z, r, h
  keras: ['update', 'reset', 'candidate'],
};
export interface Conversion {
  /** What the names of PyTorch's weights end in: layer, and direction. `l0` by default; `l1`, `l0_reverse`, … */
  readonly suffix?: string;
}

/**
 * Parameters of `lstm` from a library's weights, by their names.
 *
 * @param weights of PyTorch, its `state_dict`: `weight_ih_l0` [4·units, inputs], `weight_hh_l0` and, where the module has
 *   them, `bias_ih_l0` and `bias_hh_l0`; of Keras and TensorFlow.js: `kernel` [inputs, 4·units], `recurrent_kernel` and,
 *   where there is one, `bias`. Its activations must be tanh and sigmoid, which no weights tell: TensorFlow.js's default is
 *   `hardSigmoid`.
 * @throws UnconvertibleWeights
 */
export function importLstm(library: Library, weights: NamedTensors, conversion: Conversion = {}): NamedTensors {
  const fused = readFused(library, weights, lstmGates.length, conversion);
  const arrange = (tensor: Tensor) => convert(tensor, lstmOrders[library], lstmGates);
  return {
    inputKernel: arrange(fused.inputKernel),
    recurrentKernel: arrange(fused.recurrentKernel),
    bias: arrange(add(fused.inputBias, fused.recurrentBias)),
  };
}

/** A library's weights from parameters of the plain `lstm`; the inverse of `importLstm`. @throws UnconvertibleWeights */
export function exportLstm(library: Library, parameters: NamedTensors, conversion: Conversion = {}): NamedTensors {
  const own = readOwn(parameters, lstmGates.length, ['inputKernel', 'recurrentKernel', 'bias']);
  const arrange = (tensor: Tensor) => convert(tensor, lstmGates, lstmOrders[library]);
  const [inputKernel, recurrentKernel] = [arrange(own.inputKernel!), arrange(own.recurrentKernel!)];
  const bias = arrange(own.bias!);
  if (library === 'keras') return { kernel: inputKernel, recurrent_kernel: recurrentKernel, bias };
  return writePytorch(
    { inputKernel, recurrentKernel, inputBias: bias, recurrentBias: zerosLike(bias) },
    suffixOf(conversion),
  );
}

/**
 * Parameters of `gru` from a library's weights, named as for `importLstm`. Keras's GRU must be one with
 * `reset_after=True`, its default: without it the reset gate is inside the product, which it is not in Eq. 27.
 *
 * @throws UnconvertibleWeights
 */
export function importGru(library: Library, weights: NamedTensors, conversion: Conversion = {}): NamedTensors {
  if (library === 'keras' && weights.bias?.shape.length === 1) {
    throw new UnconvertibleWeights(
      `Keras's GRU has a bias of two rows with reset_after=True, and this one is [${weights.bias.shape}]: with reset_after=False it computes U(r ⊙ h), which is not the r ⊙ (U h) of Eq. 27. Train it with reset_after=True.`,
    );
  }
  const fused = readFused(library, weights, gruGates.length, conversion);
  const arrange = (tensor: Tensor) => convert(tensor, gruOrders[library], gruGates);
  const recurrentBias = arrange(fused.recurrentBias);
  const ofCandidate = gateColumns(gruGates, 'candidate', recurrentBias.data.length / gruGates.length);
  // In the gates only the sum of both biases counts; the candidate's second one is inside the reset gate's product.
  const ofGates = { shape: recurrentBias.shape, data: recurrentBias.data.slice().fill(0, ...ofCandidate) };
  return {
    inputKernel: arrange(fused.inputKernel),
    recurrentKernel: arrange(fused.recurrentKernel),
    bias: add(arrange(fused.inputBias), ofGates),
    candidateRecurrentBias: vector(recurrentBias.data.slice(...ofCandidate)),
  };
}

/** A library's weights from parameters of the plain `gru`; the inverse of `importGru`. @throws UnconvertibleWeights */
export function exportGru(library: Library, parameters: NamedTensors, conversion: Conversion = {}): NamedTensors {
  const names = ['inputKernel', 'recurrentKernel', 'bias', 'candidateRecurrentBias'];
  const own = readOwn(parameters, gruGates.length, names);
  const arrange = (tensor: Tensor) => convert(tensor, gruGates, gruOrders[library]);
  const [inputKernel, recurrentKernel] = [arrange(own.inputKernel!), arrange(own.recurrentKernel!)];
  const inputBias = arrange(own.bias!);
  const spread = zerosLike(inputBias);
  spread.data.set(
    own.candidateRecurrentBias!.data,
    gateColumns(gruGates, 'candidate', spread.data.length / gruGates.length)[0],
  );
  const recurrentBias = arrange(spread);
  if (library === 'pytorch')
    return writePytorch({ inputKernel, recurrentKernel, inputBias, recurrentBias }, suffixOf(conversion));
  const rows = Float32Array.from([...inputBias.data, ...recurrentBias.data]);
  return {
    kernel: inputKernel,
    recurrent_kernel: recurrentKernel,
    bias: { shape: [2, inputBias.data.length], data: rows },
  };
}

/**
 * A kernel, bias or gain with its gates in another order: for cells of one's own, whose order is known. Where a normalised
 * GRU's z weighs h₋₁ rather than the candidate, negate the update gate's gains and bias afterwards, and not its kernels: the
 * statistics run over both gates.
 *
 * @param tensor [..., gates·units]
 * @param from the gates as they lie in it, such as `['input', 'forget', 'candidate', 'output']`
 * @param to the gates as they are to lie, such as `lstmGates`
 * @throws UnconvertibleWeights
 */
export function arrangeGates<Gate extends string>(
  { shape, data }: Tensor,
  from: readonly Gate[],
  to: readonly Gate[],
): Tensor {
  if (from.toSorted().join() !== to.toSorted().join() || new Set(to).size < to.length) {
    throw new UnconvertibleWeights(`Both orders must name the same gates, each once: got ${from} and ${to}.`);
  }
  const width = shape.at(-1) ?? 0;
  const units = width / to.length;
  if (!Number.isInteger(units)) {
    throw new UnconvertibleWeights(
      `The last axis must have as many columns for each of ${to}, got the shape [${shape}].`,
    );
  }
  const arranged = new Float32Array(data.length);
  for (let row = 0; row < data.length; row += width) {
    for (const gate of to) {
      const [begin, end] = gateColumns(from, gate, units);
      arranged.set(data.subarray(row + begin, row + end), row + gateColumns(to, gate, units)[0]);
    }
  }
  return { shape, data: arranged };
}

function readFused(library: Library, weights: NamedTensors, gates: number, conversion: Conversion): FusedWeights {
  return library === 'keras' ? readKeras(weights, gates) : readPytorch(weights, gates, suffixOf(conversion));
}

function suffixOf({ suffix = 'l0' }: Conversion): string {
  return suffix;
}

/** Parameters of our own operation, of the plain layer. */
function readOwn(parameters: NamedTensors, gates: number, names: readonly string[]): NamedTensors {
  const gain = Object.keys(parameters).find((name) => !names.includes(name));
  if (gain) {
    throw new UnconvertibleWeights(
      `The parameter '${gain}' has no place in PyTorch's or Keras's own layers, which normalise nothing: only parameters with \`normalization: 'none'\` can be exported.`,
    );
  }
  const units = parameters.recurrentKernel?.shape[0] ?? 0;
  const width = gates * units;
  const shapes: Readonly<Record<string, readonly number[]>> = {
    inputKernel: [parameters.inputKernel?.shape[0] ?? 0, width],
    recurrentKernel: [units, width],
    bias: [width],
    candidateRecurrentBias: [units],
  };
  return Object.fromEntries(names.map((name) => [name, expectShape(name, parameters[name], shapes[name]!)]));
}

/** Between a library's order and ours. The update gate, where there is one, has the other sign there. */
function convert<Gate extends string>(tensor: Tensor, from: readonly Gate[], to: readonly Gate[]): Tensor {
  const converted = arrangeGates(tensor, from, to);
  const gate = to.find((name) => name === 'update');
  if (gate === undefined) return converted;
  const width = converted.shape.at(-1)!;
  const [begin, end] = gateColumns(to, gate, width / to.length);
  for (let row = 0; row < converted.data.length; row += width) {
    for (let column = row + begin; column < row + end; column++) converted.data[column] = -converted.data[column]!;
  }
  return converted;
}

function add(a: Tensor, b: Tensor): Tensor {
  return { shape: a.shape, data: Float32Array.from(a.data, (value, index) => value + b.data[index]!) };
}

function zerosLike({ shape, data }: Tensor): Tensor {
  return { shape, data: new Float32Array(data.length) };
}
