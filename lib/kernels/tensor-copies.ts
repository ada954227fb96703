/**
 * TensorFlow.js's WebAssembly backend with fewer copies. Its slice reads the whole tensor out of its memory before it takes
 * the part: to unstack n steps it copies all of them n times. Its clone, which is made of every tensor that a gradient
 * will need, is a copy too, where a second name for the same values would do.
 */
import * as tf from '@tensorflow/tfjs-core';

/** The part of TensorFlow.js's WebAssembly backend that is used here. */
interface WasmBackend {
  makeOutput(shape: readonly number[], dtype: tf.DataType): tf.TensorInfo;
  /** The values have one owner more. */
  incRef(dataId: object): void;
  /** Valid until the backend's memory grows. */
  typedArrayFromHeap(tensor: tf.TensorInfo): Float32Array | Int32Array | Uint8Array;
}

interface KernelCall<Inputs, Attributes> {
  readonly inputs: Inputs;
  readonly attrs: Attributes;
  readonly backend: WasmBackend;
}

/** Puts these kernels in the place of the backend's, which must be loaded; they give the same values. */
export function avoidTensorCopies(): void {
  replaceKernel('Identity', ({ inputs, backend }: KernelCall<{ x: tf.TensorInfo }, unknown>) => {
    const { dataId, shape, dtype } = inputs.x;
    backend.incRef(dataId);
    return { dataId, shape, dtype };
  });
  replaceKernel('Slice', ({ inputs, attrs, backend }: KernelCall<{ x: tf.TensorInfo }, tf.SliceAttrs>) => {
    const [begin, size] = tf.slice_util.parseSliceParams(inputs.x as tf.Tensor, attrs.begin, attrs.size) as [
      number[],
      number[],
    ];
    return copyPart(inputs.x, begin, size, backend);
  });
  replaceKernel('SplitV', ({ inputs, attrs, backend }: KernelCall<{ x: tf.TensorInfo }, tf.SplitVAttrs>) => {
    const { x } = inputs;
    const axis = tf.util.parseAxisParam(attrs.axis, x.shape)[0]!;
    const sizes = tf.backend_util.prepareSplitSize(x as tf.Tensor, attrs.numOrSizeSplits, axis);
    let begin = 0;
    return sizes.map((size) => {
      const part = copyPart(x, startAt(x, axis, begin), withSize(x, axis, size), backend);
      begin += size;
      return part;
    });
  });
  replaceKernel('Unpack', ({ inputs, attrs, backend }: KernelCall<{ value: tf.TensorInfo }, tf.UnpackAttrs>) => {
    const { value } = inputs;
    const axis = tf.util.parseAxisParam(attrs.axis, value.shape)[0]!;
    const shape = value.shape.filter((_, other) => other !== axis);
    return Array.from({ length: value.shape[axis]! }, (_, index) => {
      const { dataId, dtype } = copyPart(value, startAt(value, axis, index), withSize(value, axis, 1), backend);
      return { dataId, dtype, shape };
    });
  });
}

const replaced = new Set<string>();

function replaceKernel<Inputs extends Readonly<Record<string, tf.TensorInfo>>, Attributes>(
  kernelName: string,
  copy: (call: KernelCall<Inputs, Attributes>) => tf.TensorInfo | tf.TensorInfo[],
): void {
  if (replaced.has(kernelName)) return;
  replaced.add(kernelName);
  const own = tf.getKernel(kernelName, 'wasm');
  tf.unregisterKernel(kernelName, 'wasm');
  tf.registerKernel({
    ...own,
    kernelFunc: (call) => {
      // Texts do not lie in the backend's memory.
      const isText = Object.values(call.inputs).some((tensor) => tensor?.dtype === 'string');
      return isText ? own.kernelFunc(call) : copy(call as unknown as KernelCall<Inputs, Attributes>);
    },
  });
}

function startAt({ shape }: tf.TensorInfo, axis: number, place: number): readonly number[] {
  return shape.map((_, other) => (other === axis ? place : 0));
}

function withSize({ shape }: tf.TensorInfo, axis: number, size: number): readonly number[] {
  return shape.map((whole, other) => (other === axis ? size : whole));
}

function copyPart(
  from: tf.TensorInfo,
  begin: readonly number[],
  size: readonly number[],
  backend: WasmBackend,
): tf.TensorInfo {
  // First, because it may let the memory grow.
  const part = backend.makeOutput([...size], from.dtype);
  const source = backend.typedArrayFromHeap(from);
  const target = backend.typedArrayFromHeap(part);
  if (target.length === 0) return part;
  const strides = [...tf.util.computeStrides(from.shape), 1];
  // What lies in one piece: the innermost axes that are taken whole, and the one before them.
  let inner = from.shape.length;
  let run = 1;
  while (inner > 0) {
    inner--;
    run *= size[inner]!;
    if (size[inner] !== from.shape[inner]) break;
  }
  let first = 0;
  for (let axis = 0; axis < begin.length; axis++) first += begin[axis]! * strides[axis]!;
  const index = new Array<number>(inner).fill(0);
  for (let to = 0; to < target.length; to += run) {
    let at = first;
    for (let axis = 0; axis < inner; axis++) at += index[axis]! * strides[axis]!;
    target.set(source.subarray(at, at + run), to);
    for (let axis = inner - 1; axis >= 0 && ++index[axis]! === size[axis]; axis--) index[axis] = 0;
  }
  return part;
}
