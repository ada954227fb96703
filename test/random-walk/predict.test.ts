import { describe, expect, test } from 'vitest';
import { randomStream } from '../../lib/numerics/random.ts';
import { InvalidWalkInput } from '../../lib/random-walk/errors.ts';
import { createNeighbourhood } from '../../lib/random-walk/neighbourhood.ts';
import { classProbabilities, startWalk, walkSteps, walkToLimit } from '../../lib/random-walk/predict.ts';
import { pixelAffinities } from '../../lib/random-walk/reference/affinity.ts';
import { walkStep } from '../../lib/random-walk/reference/walk.ts';

const size = { height: 9, width: 12, classes: 3, channels: 5 };
const radius = 2;
const features = new Float32Array(9 * 12 * 5);
randomStream(1, 'features').fillUniform(features, 0, 1);
/** Scores of a network before its softmax: of both signs, and far from 0. */
const scores = new Float32Array(9 * 12 * 3);
randomStream(1, 'scores').fillUniform(scores, -4, 40);
const weights = [-1, -2, 0.25, -0.5, 0];
const segmented = { ...size, features, scores };

const grid = { ...size, neighbourhood: createNeighbourhood(radius) };
const affinities = pixelAffinities(grid, features, weights);
function inFloat64(diffusion: number, steps: number): Float64Array {
  let y = Float64Array.from(scores);
  for (let step = 0; step < steps; step++) {
    y = walkStep(grid, affinities, y, 3).map((value, index) => diffusion * value + (1 - diffusion) * scores[index]!);
  }
  return y;
}
const farthest = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((most, value, index) => Math.max(most, Math.abs(value - b[index]!)), 0);

test('steps are those of Eq. 1, counted from f', () => {
  const counted = [...walkSteps(startWalk(segmented, { weights, radius }), 0.9, [7, 0, 1, 2])];
  expect(counted.map(({ steps }) => steps)).toEqual([0, 1, 2, 7]);
  for (const { steps, scores: y } of counted) expect(farthest(y, inFloat64(0.9, steps))).toBeLessThan(2e-5);
});

describe.each([0.5, 0.99])('α = %d', (diffusion) => {
  test.each(['fixed-point', 'conjugate-gradients', 'chebyshev'] as const)(
    '%s: the limit, to a share of f’s range',
    (solver) => {
      const walk = startWalk(segmented, { weights, radius }, solver);
      const { scores: y } = walkToLimit(walk, diffusion, { solver, tolerance: 1e-3 });
      expect(farthest(y, inFloat64(diffusion, 3000))).toBeLessThan(44 * 1e-3);
    },
  );
});

test('a walk may be asked more than once', () => {
  const walk = startWalk(segmented, { weights, radius });
  const first = walkToLimit(walk, 0.9).scores;
  const after = [...walkSteps(walk, 0.9, [3])][0]!.scores;
  expect(walkToLimit(walk, 0.9).scores).toEqual(first);
  expect([...walkSteps(walk, 0.9, [3])][0]!.scores).toEqual(after);
});

test('probabilities are the softmax of scores, however large those are', () => {
  const { data } = classProbabilities(
    { height: 1, width: 2, classes: 2 },
    Float32Array.of(1000, 1000 + Math.log(3), 0, 0),
  );
  expect(farthest(data, [0.25, 0.75, 0.5, 0.5])).toBeLessThan(1e-5);
});

test('weights that do not fit, or make affinities overflow, are refused', () => {
  expect(() => startWalk(segmented, { weights: [1, 2], radius })).toThrow(InvalidWalkInput);
  expect(() => startWalk(segmented, { weights: [1, 2], radius })).toThrow('each of the 5 channels, got 2');
  expect(() => startWalk(segmented, { weights: [400, 0, 0, 0, 0], radius })).toThrow('overflow');
});
