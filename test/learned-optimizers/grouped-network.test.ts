import { expect, test } from 'vitest';
import { createCoordinatewiseLstmKernel } from '../../lib/kernels/coordinatewise-lstm-kernel.ts';
import { combineNetworks, groupTensors } from '../../lib/learned-optimizers/grouped-network.ts';
import { initializeParameters } from '../../lib/learned-optimizers/optimizer-network.ts';
import { layOutTensors } from '../../lib/learned-optimizers/problems/problem.ts';
import { randomStream } from '../../lib/numerics/random.ts';

const steps = 3;
/** Kinds alternate, so that no group lies together in θ. */
const tensors = layOutTensors({
  'a/filter': [5],
  'a/offset': [2],
  'b/filter': [3, 2],
  'b/weights': [9],
  'b/biases': [1],
});
const groups = groupTensors(tensors, ({ name }) => (name.endsWith('/filter') ? 'convolution' : 'linear'));

function createLstm(coordinates: number) {
  return createCoordinatewiseLstmKernel({
    coordinates,
    unrollSteps: steps,
    preprocessing: { kind: 'log-sign', p: 10 },
    hidden: 4,
    outputScale: 1,
    backend: 'wasm-plain',
  });
}

function setUp() {
  const combined = combineNetworks(
    groups,
    groups.map(({ coordinates }) => createLstm(coordinates)),
  );
  const parameters = initializeParameters(combined.layout, randomStream(1, 'parameters'));
  // The output's small initial weights would hide differences.
  for (let i = 0; i < parameters.length; i++) parameters[i]! *= 3;
  const random = randomStream(2, 'gradients');
  const gradients = Array.from({ length: steps }, () => {
    const row = new Float32Array(combined.coordinates);
    random.fillNormal(row, 1);
    return row;
  });
  return { combined, parameters, gradients, random };
}

test('tensors are grouped by kind, in the order of θ', () => {
  expect(groups.map(({ name, coordinates }) => [name, coordinates])).toEqual([
    ['convolution', 11],
    ['linear', 12],
  ]);
  expect(groups.map((group) => group.tensors.map(({ name }) => name))).toEqual([
    ['a/filter', 'b/filter'],
    ['a/offset', 'b/weights', 'b/biases'],
  ]);
});

test('each coordinate gets what a network of its own group, over all coordinates, would give it', () => {
  const { combined, parameters, gradients, random } = setUp();
  const count = combined.coordinates;
  const size = combined.layout.size / 2;
  expect(combined.layout.size).toBe(2 * createLstm(1).layout.size);
  // The groups' initial parameters differ, and either has its forget gates' biases.
  expect(parameters.slice(0, size)).not.toEqual(parameters.slice(size));
  expect(parameters.filter((value) => value === 3)).toHaveLength(2 * 2 * 4);
  const wholes = groups.map((_, index) => {
    const whole = createLstm(count);
    whole.setParameters(parameters.slice(index * size, (index + 1) * size));
    return whole;
  });
  const groupOf = Int32Array.from({ length: count }, (_, coordinate) => {
    const { name } = tensors.find(({ offset, size: length }) => coordinate >= offset && coordinate < offset + length)!;
    return name.endsWith('/filter') ? 0 : 1;
  });
  combined.setParameters(parameters);
  for (const network of [combined, ...wholes]) network.beginUnroll();
  const updates = new Float32Array(count);
  for (const row of gradients) {
    combined.step(row, updates);
    const expected = wholes.map((whole) => {
      const own = new Float32Array(count);
      whole.step(row, own);
      return own;
    });
    expect(updates).toEqual(updates.map((_, coordinate) => expected[groupOf[coordinate]!]![coordinate]!));
  }
  const states = wholes.map((whole) => whole.readState());
  const width = states[0]!.length / count;
  expect(combined.readState()).toEqual(
    states[0]!.map((_, place) => states[groupOf[Math.floor(place / width)]!]![place]!),
  );

  // Some coordinates of every tensor but one, of which none is.
  const selected = Int32Array.of(0, 3, 6, 7, 12, 13, 21, 22);
  const updateGradients = new Float32Array(steps * selected.length);
  random.fillNormal(updateGradients, 1);
  const gradient = combined.backward(updateGradients, selected);
  for (const [index, whole] of wholes.entries()) {
    const own = updateGradients.map((value, place) =>
      groupOf[selected[place % selected.length]!] === index ? value : 0,
    );
    const expected = whole.backward(own, selected);
    const part = gradient.subarray(index * size, (index + 1) * size);
    const difference = Math.max(...part.map((value, i) => Math.abs(value - expected[i]!)));
    expect(difference).toBeLessThan(1e-5 * Math.max(...expected.map(Math.abs)));
  }
  // All coordinates, where none are named.
  const everything = new Float32Array(steps * count).fill(1);
  expect(combined.backward(everything)).toEqual(
    combined.backward(
      everything,
      Int32Array.from({ length: count }, (_, i) => i),
    ),
  );
});

test('a state that was read goes on where it was', () => {
  const { combined, parameters, gradients } = setUp();
  const [first, second] = gradients as [Float32Array, Float32Array];
  const updates = new Float32Array(combined.coordinates);
  combined.setParameters(parameters);
  combined.step(first, updates);
  const state = combined.readState();
  combined.step(second, updates);
  const expected = updates.slice();
  combined.resetState();
  combined.step(second, updates);
  expect(updates).not.toEqual(expected);
  combined.writeState(state);
  combined.step(second, updates);
  expect(updates).toEqual(expected);
  combined.dispose();
});
