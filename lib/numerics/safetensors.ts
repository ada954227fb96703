export interface Tensor {
  readonly shape: readonly number[];
  /** Row-major values; the array's type is the tensor's type: Float32Array F32, Float64Array F64, Int32Array I32. */
  readonly data: Float32Array | Float64Array | Int32Array;
}
export type NamedTensors = Readonly<Record<string, Tensor>>;
