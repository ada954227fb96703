import { describe, expect, test } from 'vitest';
import { checkGradient } from '../../lib/numerics/gradient-checking.ts';
import { randomStream } from '../../lib/numerics/random.ts';
import { diffusionOf } from '../../lib/random-walk/diffusion.ts';
import {
  createNeighbourhood,
  forEachPair,
  type NeighbourhoodShape,
  type PixelGrid,
} from '../../lib/random-walk/neighbourhood.ts';
import { affinityLoss, pixelAffinities, pixelAffinitiesBackward } from '../../lib/random-walk/reference/affinity.ts';
import { degrees, walkStep, walkStepBackward, walkSteps } from '../../lib/random-walk/reference/walk.ts';
import golden from '../golden/random-walk.json' with { type: 'json' };

const farthest = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((most, value, index) => Math.max(most, Math.abs(value - b[index]!)), 0);
const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((sum, value, index) => sum + value * b[index]!, 0);

function normal(name: string, length: number): Float64Array {
  const random = randomStream(3, name);
  return Float64Array.from({ length }, () => random.normal());
}

const gridOf = (height: number, width: number, radius: number, shape: NeighbourhoodShape = 'disc'): PixelGrid => ({
  height,
  width,
  neighbourhood: createNeighbourhood(radius, shape),
});

describe.each(golden.cases)('$shape: numpy with dense matrices', (expected) => {
  const { features, weights, f, gradient, classes } = golden;
  const grid = gridOf(golden.height, golden.width, golden.radius, expected.shape as NeighbourhoodShape);
  const pixels = golden.height * golden.width;
  const affinities = pixelAffinities(grid, features, weights);

  test('has the same affinities, none where there is no pair', () => {
    const dense = new Float64Array(pixels * pixels);
    for (let i = 0; i < pixels; i++) dense[i * pixels + i] = 1;
    let pairs = 0;
    forEachPair(grid, (i, j, place) => {
      pairs += 1;
      dense[i * pixels + j] = dense[j * pixels + i] = affinities[i * grid.neighbourhood.offsets.length + place]!;
    });
    expect(farthest(dense, expected.affinityMatrix)).toBeLessThan(1e-14);
    expect(affinities.filter((w) => w !== 0)).toHaveLength(pairs);
  });

  test('makes the same step, with the same gradients of f, of features and of weights', () => {
    expect(farthest(walkStep(grid, affinities, f, classes), expected.step)).toBeLessThan(1e-13);
    const walk = walkStepBackward(grid, affinities, f, classes, gradient);
    const affinity = pixelAffinitiesBackward(grid, features, weights, affinities, walk.affinities);
    expect(farthest(walk.f, expected.gradients.f)).toBeLessThan(1e-13);
    expect(farthest(affinity.features, expected.gradients.features)).toBeLessThan(1e-13);
    expect(farthest(affinity.weights, expected.gradients.weights)).toBeLessThan(1e-13);
  });

  test('converges to the same closed form (Eq. 5 with its factor 1 − α)', () => {
    const many = walkSteps(grid, affinities, f, classes, { diffusion: golden.alpha, steps: 300 });
    expect(farthest(many, expected.limit)).toBeLessThan(1e-12);
    const few = walkSteps(grid, affinities, f, classes, { diffusion: golden.alpha, steps: 3 });
    expect(farthest(few, expected.limit)).toBeGreaterThan(1e-2);
  });
});

describe.each(['disc', 'square'] as const)('finite differences, %s', (shape) => {
  const grid = gridOf(4, 5, 2, shape);
  const [channels, classes] = [3, 2];
  const features = normal('features', 20 * channels);
  const weights = Float64Array.of(-0.6, 0.2, -0.3);
  const f = normal('f', 20 * classes);
  const g = normal('g', 20 * classes);
  const affinities = pixelAffinities(grid, features, weights);

  test('of the walk: by f and by affinities', () => {
    const gradients = walkStepBackward(grid, affinities, f, classes, g);
    expect(checkGradient((x) => dot(walkStep(grid, affinities, x, classes), g), f, gradients.f).error).toBeLessThan(
      1e-9,
    );
    const byAffinities = checkGradient((w) => dot(walkStep(grid, w, f, classes), g), affinities, gradients.affinities);
    expect(byAffinities.error).toBeLessThan(1e-9);
  });

  test('of the affinities: by features and by weights', () => {
    const outer = normal('outer', affinities.length);
    const gradients = pixelAffinitiesBackward(grid, features, weights, affinities, outer);
    const byFeatures = (x: Float64Array) => dot(pixelAffinities(grid, x, weights), outer);
    expect(checkGradient(byFeatures, features, gradients.features).error).toBeLessThan(1e-9);
    const byWeights = (x: Float64Array) => dot(pixelAffinities(grid, features, x), outer);
    expect(checkGradient(byWeights, weights, gradients.weights).error).toBeLessThan(1e-9);
  });

  test('of both together, through to the features', () => {
    const walk = walkStepBackward(grid, affinities, f, classes, g);
    const gradients = pixelAffinitiesBackward(grid, features, weights, affinities, walk.affinities);
    const both = (x: Float64Array, theta: Float64Array) =>
      dot(walkStep(grid, pixelAffinities(grid, x, theta), f, classes), g);
    expect(checkGradient((x) => both(x, weights), features, gradients.features).error).toBeLessThan(1e-9);
    expect(checkGradient((theta) => both(features, theta), weights, gradients.weights).error).toBeLessThan(1e-9);
  });

  test('of the affinity loss, which leaves ignored labels out', () => {
    const labels = Array.from({ length: 20 }, (_, pixel) => (pixel === 7 ? 255 : pixel % 3));
    const { loss, gradient } = affinityLoss(grid, affinities, labels);
    expect(loss).toBeGreaterThan(0);
    const check = checkGradient((w) => affinityLoss(grid, w, labels).loss, affinities, gradient);
    expect(check.error).toBeLessThan(1e-9);
    expect(affinityLoss(grid, affinities, new Array(20).fill(255)).loss).toBe(0);
    const perfect = pixelAffinities(grid, features, [0, 0, 0]);
    expect(affinityLoss(grid, perfect, new Array(20).fill(4)).loss).toBe(0);
  });
});

test('rows of A sum to one, and the walk stays within [min f, max f]', () => {
  const grid = gridOf(5, 7, 3);
  const affinities = pixelAffinities(grid, normal('features', 35 * 2), [-3, -1]);
  const ones = walkStep(grid, affinities, new Float64Array(35).fill(1), 1);
  expect(farthest(ones, new Float64Array(35).fill(1))).toBeLessThan(1e-15);
  const f = normal('f', 35);
  const y = walkSteps(grid, affinities, f, 1, { diffusion: 0.99, steps: 50 });
  expect(Math.min(...y)).toBeGreaterThanOrEqual(Math.min(...f));
  expect(Math.max(...y)).toBeLessThanOrEqual(Math.max(...f));
});

test('a constant image has affinities of one, and its walk is the mean of a window', () => {
  const grid = gridOf(1, 5, 1);
  const affinities = pixelAffinities(grid, new Float64Array(5).fill(7), [-2]);
  expect([...degrees(grid, affinities)]).toEqual([2, 3, 3, 3, 2]);
  expect(farthest(walkStep(grid, affinities, [0, 3, 0, 0, 6], 1), [1.5, 1, 1, 2, 3])).toBeLessThan(1e-15);
});

test('affinities that underflow leave every pixel its own', () => {
  const grid = gridOf(2, 3, 2);
  const affinities = pixelAffinities(grid, [0, 1e4, 2e4, 3e4, 4e4, 5e4], [-1]);
  expect([...affinities].every((w) => w === 0)).toBe(true);
  expect([...walkStep(grid, affinities, [1, 2, 3, 4, 5, 6], 1)]).toEqual([1, 2, 3, 4, 5, 6]);
});

test('a disc of radius 5 has 81 pixels, its square 121; a radius larger than the image is the whole image', () => {
  expect(2 * createNeighbourhood(5).offsets.length + 1).toBe(81);
  expect(2 * createNeighbourhood(5, 'square').offsets.length + 1).toBe(121);
  let pairs = 0;
  forEachPair(gridOf(2, 3, 40, 'square'), () => {
    pairs += 1;
  });
  expect(pairs).toBe((6 * 5) / 2);
});

test('both readings of α', () => {
  expect(diffusionOf(0.01)).toBe(0.01);
  expect(diffusionOf(0.01, 'segmentation')).toBe(0.99);
  expect(() => diffusionOf(1)).toThrow('alpha must be at least 0 and less than 1 where it weighs the walk, got 1');
  expect(() => diffusionOf(0, 'segmentation')).toThrow('alpha must be more than 0');
  expect(() => diffusionOf(Number.NaN)).toThrow('got NaN');
  expect(() => createNeighbourhood(0)).toThrow('The radius must be a whole number from 1 to 255 pixels, got 0.');
});
