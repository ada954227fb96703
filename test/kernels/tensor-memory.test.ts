import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { kernelFile, kernels, kernelVariants } from '../../lib/kernels/build.ts';
import { useKernelBuild } from '../../lib/kernels/kernel-instance.ts';
import { normalizeLayer } from '../../lib/kernels/layer-normalization.ts';
import { copyToTensor, readTensor, withTensors } from '../../lib/kernels/tensor-memory.ts';

/** The numbers of a WebAssembly module's sections. */
function sectionsOf(bytes: Uint8Array): number[] {
  const sections: number[] = [];
  for (let at = 8; at < bytes.length; ) {
    sections.push(bytes[at++]!);
    let size = 0;
    let shift = 0;
    let byte: number;
    do {
      byte = bytes[at++]!;
      size |= (byte & 0x7f) << shift;
      shift += 7;
    } while (byte & 0x80);
    at += size;
  }
  return sections;
}

const dataSection = 11;
const guestNames = [
  ...['layer-normalization', 'matrix-product', 'recurrent', 'batch-norm-lstm', 'adam', 'random-walk'],
  ...['dilated-convolution', 'affinity-loss', 'max-pooling', 'axis-map', 'join-channels', 'softmax-cross-entropy'],
  'channel-normalization',
];
const guests = kernels.filter(({ name }) => guestNames.includes(name));

test.each(guests.flatMap((kernel) => kernelVariants.map((variant) => ({ kernel, variant, name: kernel.name }))))(
  '$name, $variant: brings no data that would lie on that of the memory which it is put into',
  ({ kernel, variant }) => {
    expect(sectionsOf(readFileSync(kernelFile(kernel, variant)))).not.toContain(dataSection);
  },
);

test('a kernel with tables of its own has that section', () => {
  const other = kernels.find(({ name }) => name === 'lstm-arithmetic')!;
  expect(sectionsOf(readFileSync(kernelFile(other, 'plain')))).toContain(dataSection);
});

const binaries = {
  'wasm-relaxed': new URL('../../lib/kernels/build/adam.relaxed.wasm', import.meta.url),
  'wasm-plain': new URL('../../lib/kernels/build/adam.plain.wasm', import.meta.url),
};

describe.each(['cpu', 'wasm'])('on the backend %s', (backend) => {
  test('a kernel reads tensors, and what it writes becomes one', async () => {
    await tf.setBackend(backend);
    const x = tf.tensor1d([3, 4]);
    const before = tf.memory().numTensors;
    const read = withTensors<{ squaredNorm(at: number, count: number): number }, number>(
      binaries,
      {},
      (kernel, memory) => kernel.squaredNorm(memory.address(x), 2),
    );
    expect(read).toBe(25);
    expect(tf.memory().numTensors).toBe(before);
    const words = withTensors<{ squaredNorm(at: number, count: number): number }, number>(
      binaries,
      {},
      (kernel, memory) => kernel.squaredNorm(memory.words(Float32Array.of(1, 2, 2)), 3),
    );
    expect(words).toBe(9);
  });

  test('tensors stay where they are while the memory grows', async () => {
    await tf.setBackend(backend);
    const first = tf.ones([8]);
    const large = tf.tidy(() =>
      normalizeLayer(tf.ones([64, 100_000]), tf.ones([100_000]), tf.ones([100_000]), { epsilon: 1 }),
    );
    expect([...first.dataSync()]).toEqual(new Array(8).fill(1));
    expect(large.dataSync().every((value) => value === 1)).toBe(true);
    tf.dispose([first, large]);
  });
});

describe.each(['cpu', 'wasm'])('values on the backend %s', (backend) => {
  test('are read as they are, also of a second name for them', async () => {
    await tf.setBackend(backend);
    const x = tf.tensor2d([1, -2, 3, 4.5, 5, 6], [2, 3]);
    const tensors = tf.memory().numTensors;
    expect(readTensor(x, (values) => [...values])).toEqual([1, -2, 3, 4.5, 5, 6]);
    expect(tf.memory().numTensors).toBe(tensors);
    expect(readTensor(tf.reshape(x, [6]), (values) => values.length)).toBe(6);
  });

  test('of a tensor stay when the array that they came from is written again, shared between threads or not', async () => {
    await tf.setBackend(backend);
    for (const buffer of [new ArrayBuffer(32), new SharedArrayBuffer(32)]) {
      const values = new Float32Array(buffer, 8, 4).fill(7);
      const x = copyToTensor(values, [2, 2]);
      values.fill(8);
      expect(x.shape).toEqual([2, 2]);
      expect([...x.dataSync()]).toEqual([7, 7, 7, 7]);
    }
  });
});

test('the build that was chosen is the one that computes', async () => {
  await tf.setBackend('wasm');
  const [gain, bias] = [tf.fill([64], 1.1), tf.fill([64], 0.3)];
  const x = tf.tensor2d(
    Float32Array.from({ length: 640 }, (_, index) => Math.sin(index)),
    [10, 64],
  );
  const values = (options: object) => normalizeLayer(x, gain, bias, { epsilon: 1e-5, ...options }).dataSync();
  for (const build of ['wasm-plain', 'wasm-relaxed'] as const) {
    useKernelBuild(build);
    expect(values({})).toEqual(values({ build }));
  }
});
