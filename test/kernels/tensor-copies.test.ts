import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { startTensorFlow } from '../../functions/numeric-backend.ts';
import { avoidTensorCopies } from '../../lib/kernels/tensor-copies.ts';
import '../../lib/numerics/register-gradients.ts';

beforeAll(() => startTensorFlow('wasm-plain'));
afterEach(() => tf.setBackend('wasm'));

type DataType = 'float32' | 'int32' | 'bool';

/** 0, 1, 2, … in this shape; of booleans every third. */
function counted(shape: readonly number[], dtype: DataType = 'float32'): tf.Tensor {
  const values = Array.from({ length: tf.util.sizeFromShape([...shape]) }, (_, index) => index);
  return tf.tensor(dtype === 'bool' ? values.map((value) => value % 3 === 0) : values, [...shape], dtype);
}

/** What TensorFlow.js in plain JavaScript makes of the same. */
async function inJavaScript(make: () => tf.Tensor | tf.Tensor[]) {
  await tf.setBackend('cpu');
  return describeAll(make());
}

function describeAll(made: tf.Tensor | tf.Tensor[]) {
  return [made].flat().map((tensor) => ({
    shape: tensor.shape,
    dtype: tensor.dtype,
    values: Array.from(tensor.dataSync()),
  }));
}

const cases: readonly (readonly [name: string, make: (dtype: DataType) => tf.Tensor | tf.Tensor[]])[] = [
  ['a vector', (dtype) => tf.slice(counted([7], dtype), [2], [3])],
  ['whole rows', (dtype) => tf.slice(counted([5, 4], dtype), [1, 0], [3, 4])],
  ['columns', (dtype) => tf.slice(counted([5, 4], dtype), [0, 1], [5, 2])],
  ['up to the end', (dtype) => tf.slice(counted([5, 4], dtype), [2, 1], [-1, -1])],
  ['a block of three axes', (dtype) => tf.slice(counted([3, 4, 5], dtype), [1, 1, 2], [2, 2, 3])],
  ['a middle axis', (dtype) => tf.slice(counted([3, 4, 5], dtype), [0, 1, 0], [3, 2, 5])],
  ['a block of four axes', (dtype) => tf.slice(counted([2, 3, 4, 5], dtype), [1, 0, 2, 1], [1, 3, 2, 3])],
  [
    'a block of six axes',
    (dtype) => tf.slice(counted([2, 2, 3, 2, 2, 3], dtype), [0, 1, 1, 0, 1, 0], [2, 1, 2, 2, 1, 2]),
  ],
  ['all of it', (dtype) => tf.slice(counted([2, 3], dtype), [0, 0], [2, 3])],
  ['nothing', (dtype) => tf.slice(counted([2, 3], dtype), [0, 1], [2, 0])],
  ['equal parts', (dtype) => tf.split(counted([2, 6], dtype), 3, 1)],
  ['unequal parts', (dtype) => tf.split(counted([6, 2], dtype), [1, 2, 3], 0)],
  ['steps', (dtype) => tf.unstack(counted([4, 3, 2], dtype))],
  ['an inner axis, from the end', (dtype) => tf.unstack(counted([4, 3, 2], dtype), -2)],
];

test.each(
  cases.flatMap(([name, make]) => (['float32', 'int32', 'bool'] as const).map((dtype) => ({ name, make, dtype }))),
)('$name, $dtype: the values of TensorFlow.js', async ({ make, dtype }) => {
  const direct = describeAll(make(dtype));
  expect(direct).toEqual(await inJavaScript(() => make(dtype)));
});

test('texts, which do not lie in the backend’s memory', () => {
  const words = tf.tensor1d(['a', 'b', 'c', 'd']);
  expect(tf.slice(words, [1], [2]).dataSync()).toEqual(['b', 'c']);
  expect(tf.unstack(words).map((word) => word.dataSync()[0])).toEqual(['a', 'b', 'c', 'd']);
});

test('gradients go through', async () => {
  const gradient = () =>
    tf.grad((x) => {
      const [first, , third] = tf.unstack(x) as [tf.Tensor, tf.Tensor, tf.Tensor];
      return tf.sum(tf.mul(tf.square(first), tf.slice(third, [0], [2])));
    })(counted([3, 2]));
  expect(describeAll(gradient())).toEqual(await inJavaScript(gradient));
});

test('a part that makes the memory grow', () => {
  const whole = tf.fill([40, 1_000_000], 3);
  const part = tf.slice(whole, [1, 0], [38, 1_000_000]);
  expect(tf.all(tf.equal(part, 3)).dataSync()[0]).toBe(1);
  tf.dispose([whole, part]);
});

test.each(['float32', 'int32', 'bool'] as const)('a clone has the values after its original is gone, %s', (dtype) => {
  const original = counted([2, 3], dtype);
  const values = Array.from(original.dataSync());
  const { numDataBuffers } = tf.memory();
  const clone = original.clone();
  expect(tf.memory().numDataBuffers).toBe(numDataBuffers);
  original.dispose();
  const other = counted([2, 3], dtype);
  expect(Array.from(clone.dataSync())).toEqual(values);
  tf.dispose([clone, other]);
  expect(tf.memory().numDataBuffers).toBe(numDataBuffers - 1);
});

test('a variable that is assigned to leaves clones of what it was', () => {
  const variable = tf.variable(counted([3]));
  const before = variable.clone();
  variable.assign(tf.tensor1d([7, 8, 9]));
  expect(Array.from(before.dataSync())).toEqual([0, 1, 2]);
  expect(Array.from(variable.dataSync())).toEqual([7, 8, 9]);
  variable.dispose();
});

test('nothing is left behind', () => {
  const whole = counted([4, 3]);
  const { numTensors, numDataBuffers } = tf.memory();
  tf.dispose([...tf.unstack(whole), ...tf.split(whole, 2), tf.slice(whole, [1, 1], [2, 2]), whole.clone()]);
  expect(tf.memory()).toMatchObject({ numTensors, numDataBuffers });
});

test('asking for it again changes nothing', () => {
  const kernel = tf.getKernel('Slice', 'wasm');
  avoidTensorCopies();
  expect(tf.getKernel('Slice', 'wasm')).toBe(kernel);
});
