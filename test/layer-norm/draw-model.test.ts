import { describe, expect, test } from 'vitest';
import { createDraw, type Draw } from '../../lib/layer-norm/models/draw.ts';
import {
  createAttentionScratch,
  type Filters,
  fillFilters,
  readPatch,
  writePatch,
} from '../../lib/layer-norm/models/draw-attention.ts';
import type { DrawSettings } from '../../lib/layer-norm/models/draw-parameters.ts';
import { packTensors, unpackTensors } from '../../lib/layer-norm/models/packed-parameters.ts';
import { checkGradient } from '../../lib/numerics/gradient-checking.ts';
import { randomStream } from '../../lib/numerics/random.ts';

const settings: DrawSettings = {
  side: 6,
  readPoints: 2,
  writePoints: 3,
  latents: 4,
  glimpses: 3,
  units: 4,
  normalization: 'layer',
  epsilon: 1e-5,
};
const rows = 3;

/** With weights large enough for everything to matter, random gains and biases, images and noise. */
function create(changes: Partial<DrawSettings> = {}, precision: 'float64' | 'wasm-plain' = 'float64'): Draw {
  const draw = createDraw({ ...settings, ...changes }, rows, precision);
  const random = randomStream(5, 'draw');
  draw.initialize(random, 0.4);
  const tensors = unpackTensors(draw.layout, draw.parameters);
  for (const [name, { data }] of Object.entries(tensors)) {
    if (/bias|gain|shift/.test(name)) for (let k = 0; k < data.length; k++) data[k]! += 0.3 * random.normal();
  }
  packTensors(draw.layout, draw.parameters, tensors);
  for (let k = 0; k < draw.images.length; k++) draw.images[k] = random.uniform() < 0.5 ? 1 : 0;
  for (let k = 0; k < draw.noise.length; k++) draw.noise[k] = random.normal();
  return draw;
}

const total = ({ reconstruction, divergence }: ReturnType<Draw['bound']>) => reconstruction + divergence;

test.each(['layer', 'none'] as const)(
  'normalization %s: the gradient, with the noise held fixed, is that of finite differences',
  (normalization) => {
    const draw = create({ normalization });
    draw.boundAndGradient();
    const found = Float64Array.from(draw.gradient);
    const at = Float64Array.from(draw.parameters);
    const { error } = checkGradient(
      (theta) => {
        draw.parameters.set(theta);
        return total(draw.bound());
      },
      at,
      found,
    );
    expect(error).toBeLessThan(1e-8);
    // Every tensor is reached by it.
    for (const { from, to } of Object.values(draw.layout.tensors)) {
      expect(found.subarray(from, to).some((value) => Math.abs(value) > 1e-4)).toBe(true);
    }
  },
);

test.each(['layer', 'none'] as const)('normalization %s: the kernel computes what float64 does', (normalization) => {
  const [kernel, reference] = [create({ normalization }, 'wasm-plain'), create({ normalization })];
  const [ours, theirs] = [kernel.boundAndGradient(), reference.boundAndGradient()];
  expect(Math.abs(ours.reconstruction - theirs.reconstruction)).toBeLessThan(1e-4);
  expect(Math.abs(ours.divergence - theirs.divergence)).toBeLessThan(1e-4);
  for (const [k, value] of reference.gradient.entries()) {
    expect(Math.abs(kernel.gradient[k]! - value)).toBeLessThan(1e-3);
  }
});

describe('attention', () => {
  const filtersOf = (raw: readonly number[], points: number, side: number): Filters => {
    const filters = { values: new Float64Array(2 * points * side), points, side };
    fillFilters(Float64Array.from(raw), filters);
    return filters;
  };

  test.each([
    ['in the middle', [0, 0, 0, -1, 0]],
    ['off to a side, wide', [0.7, -0.9, 2, 0.3, 0]],
    ['narrow', [0.1, 0.2, -12, 0, 0]],
    ['wholly outside', [40, -40, -3, 0, 0]],
  ])('rows of filters sum to 1, the window %s', (_, raw) => {
    const { values } = filtersOf(raw, 5, 28);
    for (let row = 0; row < 10; row++) {
      const sum = [...values.subarray(row * 28, (row + 1) * 28)].reduce((a, b) => a + b, 0);
      expect(sum).toBeCloseTo(1, 12);
    }
  });

  test('filters are Gaussians at the grid’s points (Eqs 19–26)', () => {
    // Centers (14.5, 20.3) counted from 1, variance 4, δ = 27/4 · e^−1.
    const raw = [0, 0.4, Math.log(4), -1, 0];
    const { values } = filtersOf(raw, 5, 28);
    const stride = (27 / 4) * Math.exp(-1);
    for (const [axis, center] of [14.5, 20.3].entries()) {
      for (let i = 1; i <= 5; i++) {
        const mean = center + (i - 5 / 2 - 0.5) * stride;
        const weights = Array.from({ length: 28 }, (_, a) => Math.exp(-((a + 1 - mean) ** 2) / 8));
        const sum = weights.reduce((a, b) => a + b, 0);
        for (const [a, weight] of weights.entries()) {
          expect(values[(axis * 5 + i - 1) * 28 + a]).toBeCloseTo(weight / sum, 12);
        }
      }
    }
  });

  test('through a window of the image’s own size and no blur an image is read, and written back, as it is', () => {
    const side = 6;
    // δ = 1 at log δ̃ = 0 where N is the side; σ² next to nothing.
    const filters = filtersOf([0, 0, -12, 0, 0], side, side);
    const image = Float64Array.from({ length: side ** 2 }, (_, k) => Math.sin(k));
    const [patch, canvas] = [new Float64Array(side ** 2), new Float64Array(side ** 2).fill(0.25)];
    const scratch = createAttentionScratch(side, side);
    readPatch(image, filters, 3, patch, scratch);
    for (const [k, value] of image.entries()) expect(patch[k]).toBeCloseTo(3 * value, 12);
    writePatch(patch, filters, 3, canvas, scratch);
    for (const [k, value] of image.entries()) expect(canvas[k]).toBeCloseTo(0.25 + value, 12);
  });
});

/** Overwrites tensors whose names match. */
function set(draw: Draw, pattern: RegExp, value: (k: number) => number): void {
  const tensors = unpackTensors(draw.layout, draw.parameters);
  for (const [name, { data }] of Object.entries(tensors)) {
    if (pattern.test(name)) for (let k = 0; k < data.length; k++) data[k] = value(k);
  }
  packTensors(draw.layout, draw.parameters, tensors);
}

describe('the bound', () => {
  test('where q ignores the image, the divergence is the closed form of normals, and its sampled mean', () => {
    const draw = create();
    const [mean, logDeviation] = [0.5, -0.25];
    set(draw, /latents\/kernel/, () => 0);
    set(draw, /latents\/bias/, (k) => (k < settings.latents ? mean : logDeviation));
    const { divergence } = draw.bound();
    const deviation = Math.exp(logDeviation);
    const each = -Math.log(deviation) + (deviation ** 2 + mean ** 2) / 2 - 0.5;
    expect(divergence).toBeCloseTo(settings.glimpses * settings.latents * each, 10);
    // KL = E_q[log q(z) − log p(z)], by sampling.
    const random = randomStream(6, 'divergence');
    let sum = 0;
    const count = 200_000;
    for (let k = 0; k < count; k++) {
      const noise = random.normal();
      const z = mean + deviation * noise;
      sum += -Math.log(deviation) - noise ** 2 / 2 + z ** 2 / 2;
    }
    expect(Math.abs(sum / count - each)).toBeLessThan(0.01);
  });

  test('is zero divergence and ln 2 a pixel where nothing is written and q is the prior', () => {
    const draw = create();
    set(draw, /write|latents/, () => 0);
    expect(draw.bound().divergence).toBe(0);
    expect(draw.bound().reconstruction).toBeCloseTo(36 * Math.log(2), 12);
  });

  test('is, in its mean over the noise, above −log p(x), which many samples from the prior give', () => {
    // One latent matters: what is written is decided by the decoder's state after a single glimpse.
    const draw = create({ glimpses: 1, side: 2, writePoints: 1, readPoints: 2 });
    const random = randomStream(7, 'bound');
    const image = [1, 0, 1, 1];
    for (let k = 0; k < draw.images.length; k++) draw.images[k] = image[k % 4]!;
    const redraw = () => {
      for (let k = 0; k < draw.noise.length; k++) draw.noise[k] = random.normal();
    };
    let bound = 0;
    let probability = 0;
    const repetitions = 4000;
    for (let repetition = 0; repetition < repetitions; repetition++) {
      redraw();
      bound += total(draw.bound()) / repetitions;
      redraw();
      const [pixels] = draw.sample();
      for (let row = 0; row < rows; row++) {
        const likelihood = image.reduce((product, x, k) => {
          const p = pixels![row * 4 + k]!;
          return product * (x === 1 ? p : 1 - p);
        }, 1);
        probability += likelihood / repetitions / rows;
      }
    }
    expect(bound).toBeGreaterThan(-Math.log(probability) + 0.05);
    expect(Number.isFinite(bound)).toBe(true);
  });
});

test('layer normalization is on the cell alone, before the output’s tanh: h does not change with the scale of its sums', () => {
  // The candidates' weights and biases doubled double the cells where tanh is linear.
  const draws = ['layer', 'none'] as const;
  const change = draws.map((normalization) => {
    const draw = create({ normalization, glimpses: 1, epsilon: 0 });
    set(draw, /(encoder|decoder)\/(kernel|bias)/, (k) => (k % 16 < 12 ? 0 : 0.01 * Math.sin(k)));
    const before = total(draw.bound());
    set(draw, /(encoder|decoder)\/(kernel|bias)/, (k) => (k % 16 < 12 ? 0 : 0.02 * Math.sin(k)));
    return Math.abs(total(draw.bound()) - before);
  });
  expect(change[1]).toBeGreaterThan(1e-4);
  expect(change[0]).toBeLessThan(change[1]! / 50);
});

test('samples are probabilities, one picture a glimpse, and the last is what the bound would compare with', () => {
  const draw = create();
  // With q at the prior, z is the noise in both.
  set(draw, /latents/, () => 0);
  const { reconstruction } = draw.bound();
  const glimpses = draw.sample();
  expect(glimpses).toHaveLength(3);
  expect(glimpses.flatMap((pixels) => [...pixels]).every((p) => p > 0 && p < 1)).toBe(true);
  const cost = glimpses[2]!.reduce((sum, p, k) => sum - Math.log(draw.images[k] === 1 ? p : 1 - p), 0);
  expect(cost / rows).toBeCloseTo(reconstruction, 4);
});

test('training lowers the bound', () => {
  const draw = create({ units: 16 }, 'wasm-plain');
  const adam = { learningRate: 0.01, firstDecay: 0.9, secondDecay: 0.999, epsilon: 1e-8 };
  const before = total(draw.boundAndGradient());
  for (let update = 1; update <= 100; update++) {
    draw.boundAndGradient();
    draw.update(adam, update);
  }
  expect(total(draw.bound())).toBeLessThan(0.7 * before);
});

test('tensors of an artifact have their own shapes, without what fills rows up', () => {
  const draw = create();
  const tensors = unpackTensors(draw.layout, draw.parameters);
  expect(tensors['write/kernel']!.shape).toEqual([4, 5 + 9]);
  expect(tensors['encoder/kernel']!.shape).toEqual([8 + 2 * 4, 16]);
  expect(Object.keys(tensors).filter((name) => name.includes('cell-'))).toHaveLength(4);
  expect(Object.keys(unpackTensors(create({ normalization: 'none' }).layout, draw.parameters))).toHaveLength(10);
  const copy = new Float64Array(draw.parameters.length);
  packTensors(draw.layout, copy, tensors);
  for (const [k, value] of copy.entries()) expect(value).toBe(Math.fround(draw.parameters[k]!));
});
