import { expect, test } from 'vitest';
import { randomStream } from '../../../lib/numerics/random.ts';
import type { TrainedModel } from '../../../lib/pipeline/context.ts';
import { crfCandidates, domainTransformCandidates } from '../../../lib/random-walk/experiments/choose-rivals.ts';
import { refinePrediction, walkPhase } from '../../../lib/random-walk/experiments/refine-predictions.ts';
import { methodsOf } from '../../../lib/random-walk/experiments/refinement-methods.ts';
import { createNeighbourhood } from '../../../lib/random-walk/neighbourhood.ts';
import { pixelAffinities } from '../../../lib/random-walk/reference/affinity.ts';
import { walkStep } from '../../../lib/random-walk/reference/walk.ts';

const [height, width, classes, channels, radius] = [6, 8, 3, 5, 2];
const random = randomStream(0, 'predictions');
const weights = Float32Array.from({ length: channels }, (_, k) => (k < 3 ? -4 : 0.2));
const model: TrainedModel = {
  tensors: { [`${walkPhase}/affinity/weights`]: { shape: [channels], data: weights } },
  metadata: {},
  metrics: [],
};
const rgb = Uint8Array.from({ length: 3 * height * width }, () => random.uniformInteger(256));
const scoresOf = (seed: number) => {
  const stream = randomStream(seed, 'scores');
  return Float32Array.from({ length: height * width * classes }, () => 2 * stream.normal());
};
const scores: Record<string, Float32Array> = { 'back-end': scoresOf(0), alone: scoresOf(1), [walkPhase]: scoresOf(2) };
const features = Float32Array.from({ length: height * width * channels }, (_, at) =>
  at % channels < 3 ? rgb[3 * Math.floor(at / channels) + (at % channels)]! / 255 : random.uniform(),
);

function setUp() {
  const asked: string[] = [];
  const picture = { name: 'p', width, height, rgb, labels: new Uint8Array(width * height) };
  const segment = (phase: string) => {
    asked.push(phase);
    return { height, width, classes, channels, scores: scores[phase]!, features };
  };
  const refine = refinePrediction({ index: 0, classNames: ['a', 'b', 'c'], picture, segment }, model, {
    diffusion: 0.9,
    radius,
  });
  return { refine, asked };
}

const argmax = (values: ArrayLike<number>) =>
  Uint8Array.from({ length: values.length / classes }, (_, pixel) => {
    const own = Array.from({ length: classes }, (_, label) => values[pixel * classes + label]!);
    return own.indexOf(Math.max(...own));
  });

test('networks by themselves say their highest scores', () => {
  const { refine } = setUp();
  expect(refine('before').labels).toEqual(argmax(scores['back-end']!));
  expect(refine('alone').labels).toEqual(argmax(scores.alone!));
  expect(refine('unwalked').labels).toEqual(argmax(scores[walkPhase]!));
});

test('walks are of the network’s own scores and affinities: one step is A f, the limit that of Eq. 1', () => {
  const { refine } = setUp();
  const grid = { height, width, neighbourhood: createNeighbourhood(radius) };
  const affinities = pixelAffinities(grid, features, weights);
  const f = Float64Array.from(scores[walkPhase]!);
  const step = (y: ArrayLike<number>) => walkStep(grid, affinities, y, classes);
  expect(refine('one-step').labels).toEqual(argmax(step(f)));
  let y = f;
  for (let t = 0; t < 200; t++) y = step(y).map((value, at) => 0.9 * value + 0.1 * f[at]!);
  expect(refine('walked').labels).toEqual(argmax(y));
  expect(argmax(y)).not.toEqual(argmax(f));
});

test('rivals refine the back-end that was trained alone, and each network runs once', () => {
  const { refine, asked } = setUp();
  const crf = refine('crf');
  expect(asked).toEqual(['alone']);
  expect(crf.labels).not.toEqual(refine('alone').labels);
  for (const method of methodsOf('large-fov')) expect(refine(method).labels).toHaveLength(width * height);
  expect(asked.sort()).toEqual(['alone', 'back-end', walkPhase]);
});

test('candidates begin with the usual settings, positions in proportion to the picture', () => {
  expect(crfCandidates(500)[0]).toEqual({
    gaussian: { positionScale: 3, compatibility: 3 },
    bilateral: { positionScale: 80, colourScale: 13, compatibility: 10 },
    iterations: 10,
  });
  const halves = crfCandidates(250);
  for (const [index, { gaussian, bilateral }] of crfCandidates(500).entries()) {
    expect(halves[index]!.gaussian).toEqual({ ...gaussian, positionScale: gaussian.positionScale / 2 });
    expect(halves[index]!.bilateral).toEqual({ ...bilateral, positionScale: bilateral.positionScale / 2 });
  }
  expect(domainTransformCandidates(250).map(({ spatialScale }) => spatialScale)).toEqual(
    domainTransformCandidates(500).map(({ spatialScale }) => spatialScale / 2),
  );
});

test('only LargeFOV is filtered with a domain transform', () => {
  expect(methodsOf('large-fov')).toContain('domain-transform');
  expect(methodsOf('deeplab-v2')).not.toContain('domain-transform');
});
