/**
 * Parameters behind one another in one array, for one update by Adam, under the names that an artifact has them by. Rows
 * are filled up to a multiple of 4 values, as the kernels want them; what fills them up is and stays zero.
 */
import type { FloatArray } from '../../kernels/lstm-arithmetic.ts';
import type { NamedTensors } from '../../numerics/safetensors.ts';

export interface PackedTensor {
  /** Place in the array. */
  readonly from: number;
  readonly to: number;
  /** [rows, columns], or [columns] */
  readonly shape: readonly number[];
  readonly rows: number;
  readonly columns: number;
  /** Columns with those that fill them up. */
  readonly width: number;
}

export interface PackedLayout<Name extends string> {
  readonly tensors: Readonly<Record<Name, PackedTensor>>;
  /** Length of the array, a multiple of 4. */
  readonly length: number;
}

/** @param shapes [rows, columns] of a matrix, [columns] of a vector */
export function packParameters<Name extends string>(
  shapes: Readonly<Record<Name, readonly number[]>>,
): PackedLayout<Name> {
  let length = 0;
  const tensors = Object.entries<readonly number[]>(shapes).map(([name, shape]) => {
    const columns = shape.at(-1)!;
    const rows = shape.length === 2 ? shape[0]! : 1;
    const width = 4 * Math.ceil(columns / 4);
    const from = length;
    length += rows * width;
    return [name, { from, to: length, shape, rows, columns, width }];
  });
  return { tensors: Object.fromEntries(tensors) as Record<Name, PackedTensor>, length };
}

/** Copies, without what fills rows up. */
export function unpackTensors(layout: PackedLayout<string>, array: FloatArray): NamedTensors {
  return Object.fromEntries(
    Object.entries(layout.tensors).map(([name, { from, shape, rows, columns, width }]) => {
      const data = new Float32Array(rows * columns);
      for (let row = 0; row < rows; row++) {
        for (let k = 0; k < columns; k++) data[row * columns + k] = array[from + row * width + k]!;
      }
      return [name, { shape, data }];
    }),
  );
}

/** The reverse. */
export function packTensors(layout: PackedLayout<string>, array: FloatArray, tensors: NamedTensors): void {
  for (const [name, { from, rows, columns, width }] of Object.entries(layout.tensors)) {
    const { data } = tensors[name]!;
    for (let row = 0; row < rows; row++) {
      for (let k = 0; k < columns; k++) array[from + row * width + k] = data[row * columns + k]!;
    }
  }
}
