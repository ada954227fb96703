import { expect, test } from 'vitest';
import type { LabelledImages } from '../../lib/datasets/cifar-10.ts';
import { initializeParameters } from '../../lib/learned-optimizers/optimizer-network.ts';
import { splitTensors } from '../../lib/learned-optimizers/parameter-tensors.ts';
import { createCifarNetworks, parameterKind } from '../../lib/learned-optimizers/problems/cifar-network.ts';
import { createOptimizers, readLearnedOptimizers } from '../../lib/learned-optimizers/training/cifar.ts';
import { randomStream } from '../../lib/numerics/random.ts';

const machine = { backend: 'wasm-plain', threads: 1, startTensorFlow: async () => {} } as const;
const settings = { labels: [0, 1], filters: [16, 16, 16], batchSize: 8, initialDeviation: 0.01 };

/** 40 images, each all of one grey that tells which it is; labels 0 to 3 in turn. */
const data: LabelledImages = {
  images: Uint8Array.from({ length: 40 * 3072 }, (_, place) => Math.floor(place / 3072)),
  labels: Uint8Array.from({ length: 40 }, (_, place) => place % 4),
};

test('the network has the published sizes, and one kind of parameter for each of its optimizers', async () => {
  const family = await createCifarNetworks(settings, data, machine);
  expect(family.coordinates).toBe(22_602);
  expect(family.tensors.map(({ name, shape }) => `${name} ${shape} ${parameterKind({ name })}`)).toEqual([
    'convolution-1/filter 5,5,3,16 convolution',
    'convolution-1/offset 16 linear',
    'convolution-2/filter 5,5,16,16 convolution',
    'convolution-2/offset 16 linear',
    'convolution-3/filter 5,5,16,16 convolution',
    'convolution-3/offset 16 linear',
    'linear-1/weights 256,32 linear',
    'linear-1/offset 32 linear',
    'linear-2/weights 32,10 linear',
    'linear-2/biases 10 linear',
  ]);
  family.dispose();
});

test('starts near ln 10, with weights from N(0, σ²) and offsets of zero; a problem is a function of its seed and names', async () => {
  const family = await createCifarNetworks(settings, data, machine);
  const theta = new Float32Array(family.coordinates);
  const gradient = new Float32Array(family.coordinates);
  const problem = family.sample(1, 'a');
  problem.initialize(theta);
  for (const { name, offset, size } of family.tensors) {
    const values = theta.subarray(offset, offset + size);
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / size);
    if (name.endsWith('/offset')) expect(deviation).toBe(0);
    else if (size > 1000) expect(deviation).toBeCloseTo(0.01, 3);
  }
  const loss = problem.lossAndGradient(theta, 1, gradient);
  expect(loss).toBeCloseTo(Math.log(10), 1);
  expect(problem.lossAndGradient(theta, 1, gradient)).toBe(loss);
  expect(problem.lossAndGradient(theta, 2, gradient)).not.toBe(loss);
  expect(family.sample(2, 'a').lossAndGradient(theta, 1, gradient)).not.toBe(loss);
  expect(family.sample(1, 'a').lossAndGradient(theta, 1, gradient)).toBe(loss);
});

test('draws only from the chosen labels: what the others look like changes nothing', async () => {
  const changed = { ...data, images: data.images.map((pixel, at) => (Math.floor(at / 3072) % 4 < 2 ? pixel : 255)) };
  const losses = [];
  for (const { images, labels } of [data, changed]) {
    const family = await createCifarNetworks(settings, { images, labels }, machine);
    const theta = new Float32Array(family.coordinates);
    const gradient = new Float32Array(family.coordinates);
    const problem = family.sample(1, 'b');
    problem.initialize(theta);
    // Only the last biases of labels 0 and 1 are ever drawn upwards.
    losses.push(problem.lossAndGradient(theta, 1, gradient));
    const upwards = gradient.subarray(-10).map((value) => Number(value < 0));
    expect([...upwards.subarray(2)]).toEqual(new Array(8).fill(0));
  }
  expect(losses[0]).toBe(losses[1]);
});

test('parameters are read back from an artifact by their kind, whatever the order of its tensors', async () => {
  const family = await createCifarNetworks(settings, data, machine);
  const network = { preprocessing: { kind: 'log-sign', p: 10 }, hiddenUnits: 4, outputScale: 0.1 } as const;
  const optimizers = await createOptimizers(network, family, 1, machine);
  const parameters = initializeParameters(optimizers.layout, randomStream(1, 'parameters'));
  const single = await createOptimizers(network, { tensors: family.tensors.slice(0, 1) }, 1, machine);
  const { layout } = single;
  const tensors = Object.fromEntries(
    ['linear', 'convolution'].flatMap((kind, index) =>
      Object.entries(
        splitTensors(layout, parameters.subarray((1 - index) * layout.size, (2 - index) * layout.size)),
      ).map(([name, value]) => [`${kind}/${name}`, value]),
    ),
  );
  const metadata = { kind: 'learned-optimizers by kind of parameter', network: JSON.stringify(network) };
  const model = { tensors, metadata, metrics: [] };
  expect(readLearnedOptimizers(model, family)).toEqual({ network, parameters });
  expect(() => readLearnedOptimizers({ ...model, metadata: { kind: 'other' } }, family)).toThrow("its kind is 'other'");
  const { 'convolution/output/bias': _, ...others } = tensors;
  expect(() => readLearnedOptimizers({ ...model, tensors: others }, family)).toThrow(
    "'output/bias' must be float32 of shape [1], and is missing",
  );
});
