/** The parameters φ of an optimizer whose coordinates share information: their order, initial values and packing. */
import { KernelShapeError } from '../../kernels/errors.ts';
import type { FloatArray } from '../../kernels/lstm-arithmetic.ts';
import type { RandomStream } from '../../numerics/random.ts';

/** What of appendix D an optimizer has. All zero: the plain coordinatewise LSTM of §2.1. */
export interface SharingArchitecture {
  /** GACs in each of the two LSTM layers. */
  readonly averagingCells: number;
  /** 0: no memory's read result comes back. */
  readonly readHeads: number;
  /** 0: the memory stays the identity. */
  readonly writeHeads: number;
  /** The memory: n × n, or the write vectors of the last `historySteps` steps. */
  readonly memory: { readonly kind: 'matrix' } | { readonly kind: 'sliding'; readonly historySteps: number };
  /**
   * What is added to the memory: `outer-product`, a bᵀ as the paper has it, or `mean-outer-product`, a bᵀ/n over the n
   * coordinates of the function. A read sums over n products b_j r_j, and no controller is told n: with the mean, as with
   * GACs, what was learned in one dimension means the same in another.
   */
  readonly write: 'outer-product' | 'mean-outer-product';
}

export interface SharingShape extends SharingArchitecture {
  /** Inputs a coordinate that come from the gradient: 1 raw, 2 preprocessed (appendix A). */
  readonly inputs: 1 | 2;
  /** Units in each layer, a multiple of 4; the paper: 20. */
  readonly hidden: number;
}

export interface SharingParameterView {
  readonly name: string;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly size: number;
}

export interface SharingLayout {
  /** Length of φ. */
  readonly size: number;
  readonly tensors: readonly SharingParameterView[];
}

/**
 * The layout of φ. Without sharing it is the one of `lib/kernels/coordinatewise-lstm-parameters.ts`. The first layer's
 * kernel has a row for each gradient input and then one for each read result; columns of the read heads' kernel are r,
 * of the write heads' a_1 … a_W, b_1 … b_W. Throws KernelShapeError.
 */
export function sharingLayout({ inputs, hidden, averagingCells, readHeads, writeHeads }: SharingShape): SharingLayout {
  if (!Number.isInteger(hidden) || hidden < 4 || hidden % 4 !== 0) {
    throw new KernelShapeError(`The LSTM's hidden size must be a multiple of 4 from 4 up, got ${hidden}.`);
  }
  for (const [name, count] of Object.entries({ averagingCells, readHeads, writeHeads })) {
    if (Number.isSafeInteger(count) && count >= 0) continue;
    throw new KernelShapeError(`${name} must be a whole number from 0 up, got ${count}.`);
  }
  if (averagingCells > hidden) {
    throw new KernelShapeError(`At most all ${hidden} cells of a layer can be averaged, got ${averagingCells}.`);
  }
  const gates = 4 * hidden;
  const shapes: Record<string, readonly number[]> = {
    'layer-1/kernel': [inputs + readHeads, gates],
    'layer-1/recurrent-kernel': [hidden, gates],
    'layer-1/bias': [gates],
    'layer-2/kernel': [hidden, gates],
    'layer-2/recurrent-kernel': [hidden, gates],
    'layer-2/bias': [gates],
    'output/kernel': [hidden, 1],
    'output/bias': [1],
  };
  if (readHeads > 0) {
    shapes['read-heads/kernel'] = [hidden, readHeads];
    shapes['read-heads/bias'] = [readHeads];
  }
  if (writeHeads > 0) {
    shapes['write-heads/kernel'] = [hidden, 2 * writeHeads];
    shapes['write-heads/bias'] = [2 * writeHeads];
  }
  let size = 0;
  const tensors = Object.entries(shapes).map(([name, shape]) => {
    const count = shape.reduce((product, length) => product * length, 1);
    size += count;
    return { name, shape, offset: size - count, size: count };
  });
  return { size, tensors };
}

/** Of the update's and the heads' weights, beside N(0, 1/n): see `initializeSharingParameters`. */
const outputDeviations: Readonly<Record<string, number>> = {
  'output/kernel': 0.1,
  'read-heads/kernel': 1,
  'write-heads/kernel': 0.3,
};

/**
 * Random initial φ as `initializeParameters` of the plain LSTM: N(0, 1/n) where n values are summed, forget gates' biases
 * 1, the update's weights a tenth. The write heads' are small, so that the memory begins close to the identity, and not
 * zero, because the gradient of a bᵀ is zero where both are.
 */
export function initializeSharingParameters(layout: SharingLayout, random: RandomStream): Float32Array {
  const parameters = new Float32Array(layout.size);
  const rows = (name: string) => layout.tensors.find((tensor) => tensor.name === name)!.shape[0]!;
  for (const { name, offset, size } of layout.tensors) {
    const values = parameters.subarray(offset, offset + size);
    const [part, kind] = name.split('/') as [string, string];
    if (part.startsWith('layer-')) {
      if (kind === 'bias') values.fill(1, size / 4, size / 2);
      else random.fillNormal(values, 1 / Math.sqrt(rows(`${part}/kernel`) + rows(`${part}/recurrent-kernel`)));
    } else if (kind === 'kernel') {
      random.fillNormal(values, outputDeviations[name]! / Math.sqrt(rows(name)));
    }
  }
  return parameters;
}

/** Rows and columns of the matrices that the network multiplies by: each a multiple of 4, the rest zero. */
export function packedSizes({ inputs, hidden, readHeads, writeHeads }: SharingShape) {
  const upTo4 = (count: number) => 4 * Math.ceil(count / 4);
  return {
    /** x = [gradient inputs, read results, h, 1] */
    layer1Rows: upTo4(inputs + readHeads + hidden + 1),
    /** x = [h of layer 1, h, 1] */
    layer2Rows: upTo4(2 * hidden + 1),
    /** x = [h of layer 2, 1] */
    headRows: upTo4(hidden + 1),
    /** [g, r_1 …, a_1 …, b_1 …] */
    headColumns: upTo4(1 + readHeads + 2 * writeHeads),
  };
}

export interface PackedWeights {
  /** [layer1Rows, 4·hidden] */
  readonly layer1: FloatArray;
  /** [layer2Rows, 4·hidden] */
  readonly layer2: FloatArray;
  /** [headRows, headColumns] */
  readonly heads: FloatArray;
}

/**
 * Calls back for every run of values that lie together in φ and in a packed matrix. Kernel, recurrent kernel and bias of a
 * layer follow each other in φ as their rows do in the matrix; the heads' columns stand side by side.
 */
export function forEachRun(
  shape: SharingShape,
  layout: SharingLayout,
  visit: (matrix: keyof PackedWeights, inMatrix: number, inParameters: number, length: number) => void,
): void {
  const { hidden } = shape;
  const { headColumns } = packedSizes(shape);
  const find = (name: string) => layout.tensors.find((tensor) => tensor.name === name);
  for (const layer of ['layer1', 'layer2'] as const) {
    const name = layer === 'layer1' ? 'layer-1' : 'layer-2';
    const from = find(`${name}/kernel`)!.offset;
    const bias = find(`${name}/bias`)!;
    visit(layer, 0, from, bias.offset + bias.size - from);
  }
  let column = 0;
  for (const part of ['output', 'read-heads', 'write-heads']) {
    const kernel = find(`${part}/kernel`);
    if (!kernel) continue;
    const columns = kernel.shape[1]!;
    // The bias follows its kernel, as one row more.
    for (let row = 0; row <= hidden; row++)
      visit('heads', row * headColumns + column, kernel.offset + row * columns, columns);
    column += columns;
  }
}
