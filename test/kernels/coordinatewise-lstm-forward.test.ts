import { describe, expect, test } from 'vitest';
import { parameterLayout } from '../../lib/kernels/coordinatewise-lstm.ts';
import { createCoordinatewiseLstmForward } from '../../lib/kernels/coordinatewise-lstm-forward.ts';
import { createCoordinatewiseLstmKernel } from '../../lib/kernels/coordinatewise-lstm-kernel.ts';
import { preprocessings, runSteps, seededGradients, seededParameters, wasmBackends } from './lstm-fixtures.ts';

const hidden = 8;
const outputScale = 0.1;

describe.each(wasmBackends)('on %s', (backend) => {
  test.each(preprocessings.filter(({ kind }) => kind !== 'prepared'))(
    '$kind: the bits of the kernel that trains, tensor by tensor',
    (preprocessing) => {
      const layout = parameterLayout({ inputs: preprocessing.kind === 'log-sign' ? 2 : 1, hidden });
      const parameters = seededParameters(layout);
      const sizes = [5, 16, 0, 11];
      const coordinates = 32;
      const gradients = seededGradients(coordinates, 6);
      const options = { preprocessing, hidden, outputScale, backend };
      const kernel = createCoordinatewiseLstmKernel({ ...options, coordinates, unrollSteps: 1 });
      kernel.setParameters(parameters);
      const expected = runSteps(kernel, gradients);
      const expectedState = kernel.readState();
      kernel.dispose();

      const forward = createCoordinatewiseLstmForward({ ...options, parameters });
      // In two segments, so that memory grows under the first.
      const places = [...forward.allocate(sizes.slice(0, 2)), ...forward.allocate(sizes.slice(2))];
      forward.allocate([20_000]);
      for (const [step, gradient] of gradients.entries()) {
        let offset = 0;
        for (const place of places) {
          forward.gradients(place).set(gradient.subarray(offset, offset + place.coordinates));
          offset += place.coordinates;
        }
        forward.step(places);
        const updates = places.flatMap((place) => [...forward.updates(place)]);
        expect(updates).toEqual([...expected[step]!]);
      }
      expect(places.flatMap((place) => [...forward.readState(place)])).toEqual([...expectedState]);
    },
  );

  test('inputs that the caller prepared: the bits of the kernel that trains', () => {
    const preprocessing = { kind: 'prepared' } as const;
    const parameters = seededParameters(parameterLayout({ inputs: 2, hidden }));
    const options = { preprocessing, hidden, outputScale, backend };
    const kernel = createCoordinatewiseLstmKernel({ ...options, coordinates: 21, unrollSteps: 1 });
    kernel.setParameters(parameters);
    const forward = createCoordinatewiseLstmForward({ ...options, parameters });
    const places = forward.allocate([10, 11]);
    for (const gradient of seededGradients(42, 3)) {
      const expected = new Float32Array(21);
      kernel.step(gradient, expected);
      for (const input of [0, 1] as const) {
        forward.gradients(places[0]!, input).set(gradient.subarray(21 * input, 21 * input + 10));
        forward.gradients(places[1]!, input).set(gradient.subarray(21 * input + 10, 21 * input + 21));
      }
      forward.step(places);
      expect(places.flatMap((place) => [...forward.updates(place)])).toEqual([...expected]);
    }
    kernel.dispose();
  });

  test('a tensor that does not step keeps its state; a state can be written', () => {
    const preprocessing = preprocessings[0];
    const parameters = seededParameters(parameterLayout({ inputs: 2, hidden }));
    const forward = createCoordinatewiseLstmForward({ preprocessing, hidden, outputScale, backend, parameters });
    const [first, second, third] = forward.allocate([3, 9, 4]) as [never, never, never];
    forward.gradients(first).set([1, -2, 3]);
    forward.step([first, third]);
    expect(forward.readState(second).every((value) => value === 0)).toBe(true);
    expect(forward.readState(first).some((value) => value !== 0)).toBe(true);
    const before = forward.readState(first);
    forward.gradients(second).fill(1);
    forward.step([second]);
    expect(forward.readState(first)).toEqual(before);
    expect(forward.readState(second).some((value) => value !== 0)).toBe(true);
    const state = Float32Array.from({ length: 9 * 4 * hidden }, (_, index) => index / 1000);
    forward.writeState(second, state);
    expect(forward.readState(second)).toEqual(state);
    expect(() => forward.writeState(first, state)).toThrow('state must have 96 elements');
  });
});

test('more state than a WebAssembly memory holds is refused, and says what to do', () => {
  const preprocessing = preprocessings[0];
  const parameters = seededParameters(parameterLayout({ inputs: 2, hidden }));
  const forward = createCoordinatewiseLstmForward({ preprocessing, hidden, outputScale, parameters });
  expect(() => forward.allocate([100_000_000])).toThrow("Use compute: 'tensors'");
  expect(() => forward.allocate([1.5])).toThrow('a whole number of coordinates, got 1.5');
});
