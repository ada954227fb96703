/** φ between the one vector that networks compute with and the named tensors of an artifact. */
import type { NamedTensors } from '../numerics/safetensors.ts';
import { InvalidLearnedOptimizer } from './errors.ts';

/** Where the tensors of φ lie in its vector. */
interface Layout {
  readonly size: number;
  readonly tensors: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    readonly offset: number;
    readonly size: number;
  }[];
}

/** φ as named tensors; copies. */
export function splitTensors({ tensors }: Layout, parameters: Float32Array): NamedTensors {
  return Object.fromEntries(
    tensors.map(({ name, shape, offset, size }) => [name, { shape, data: parameters.slice(offset, offset + size) }]),
  );
}

/** φ from named tensors. Throws InvalidLearnedOptimizer where one is missing or has another shape. */
export function joinTensors(layout: Layout, tensors: NamedTensors): Float32Array {
  const parameters = new Float32Array(layout.size);
  for (const { name, shape, offset } of layout.tensors) {
    const tensor = tensors[name];
    if (!tensor || tensor.shape.join() !== shape.join() || !(tensor.data instanceof Float32Array)) {
      throw new InvalidLearnedOptimizer(
        `'${name}' must be float32 of shape [${shape}], and is ${tensor ? `[${tensor.shape}]` : 'missing'}`,
      );
    }
    parameters.set(tensor.data, offset);
  }
  return parameters;
}
