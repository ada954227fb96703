import { describe, expect, test } from 'vitest';
import { createNormalisedPerceptron } from '../../lib/layer-norm/models/normalised-perceptron.ts';
import { perceptronProbabilities } from '../../lib/layer-norm/models/perceptron-probabilities.ts';
import { randomStream } from '../../lib/numerics/random.ts';
import { keys } from '../../lib/pipeline/keys.ts';
import { apiWorld, storeModel } from './api-world.ts';
import { perceptronSettings, sampleEncoder, samplePerceptron } from './sample-models.ts';

/** Bytes of images as a caller has them. */
function drawImages(count: number): Uint8Array {
  const random = randomStream(3, 'images');
  return Uint8Array.from({ length: count * 784 }, () => Math.floor(256 * random.uniform()));
}

describe('what a perceptron says from its tensors alone', () => {
  test.each(['none', 'layer', 'batch'] as const)('is what training and testing compute, with %s', (normalization) => {
    const settings = { ...perceptronSettings, normalization };
    const count = 5;
    const perceptron = createNormalisedPerceptron(settings, count, 'float64');
    const { tensors } = samplePerceptron(settings);
    const random = randomStream(5, 'statistics');
    for (const [name, tensor] of Object.entries(tensors)) {
      if (name.endsWith('runningMean')) tensor.data.fill(0.3);
      if (name.endsWith('runningVariance'))
        for (let k = 0; k < tensor.data.length; k++) tensor.data[k] = 1 + random.uniform();
    }
    perceptron.load(tensors);
    const images = Float64Array.from(drawImages(count), (byte) => byte / 255);
    perceptron.images.set(images);
    const probabilities = perceptronProbabilities(tensors, settings, images);
    let negativeLogLikelihood = 0;
    for (let image = 0; image < count; image++) {
      perceptron.labels[image] = (3 * image) % 10;
      const row = probabilities.subarray(10 * image, 10 * image + 10);
      expect(row.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 12);
      negativeLogLikelihood -= Math.log(row[(3 * image) % 10]!);
    }
    expect(negativeLogLikelihood).toBeCloseTo(perceptron.score(count).negativeLogLikelihood, 9);
  });
});

describe('POST /v1/digits/classify', () => {
  test('answers with the newest layer-normalised perceptron, and names it', async () => {
    const { store, post } = apiWorld();
    const model = samplePerceptron();
    const digest = await storeModel(store, model);
    await storeModel(store, samplePerceptron({ ...perceptronSettings, normalization: 'none' }), '20260102-run');
    const pixels = [...drawImages(1)].map((byte) => byte / 255);
    const { status, json } = await post('/v1/digits/classify', { pixels });
    expect(status).toBe(200);
    const expected = [...perceptronProbabilities(model.tensors, perceptronSettings, pixels)];
    expect(json.probabilities).toEqual(expected);
    expect(json.digit).toBe(expected.indexOf(Math.max(...expected)));
    expect(json.model).toEqual({ artifact: digest, experiment: model.experiment, trial: model.trial.name });
  });

  test('refuses what is no digit, by the name of what is wrong', async () => {
    const { post } = apiWorld();
    const short = await post('/v1/digits/classify', { pixels: [0, 1] });
    expect(short.status).toBe(400);
    expect(short.json.detail).toMatch(/^pixels: .*784/);
    const bright = await post('/v1/digits/classify', { pixels: Array(784).fill(2) });
    expect(bright.json.detail).toMatch(/^pixels\.0: .*1.*and 779 more/s);
    const extra = await post('/v1/digits/classify', { pixels: Array(784).fill(0), size: 1 });
    expect(extra.json.detail).toMatch(/size/);
  });

  test('without a model, says which command trains one', async () => {
    const { status, json } = await apiWorld().post('/v1/digits/classify', { pixels: Array(784).fill(0) });
    expect(status).toBe(404);
    expect(json).toMatchObject({
      type: 'urn:stepwise:problem:model-missing',
      detail: expect.stringContaining('stepwise run layer-norm/permutation-invariant-mnist --preset laptop'),
    });
  });
});

describe('POST /v1/evaluations', () => {
  test('evaluates a named artifact on images of the caller', async () => {
    const { store, post } = apiWorld();
    const model = samplePerceptron();
    const artifact = await storeModel(store, model);
    const images = drawImages(3);
    const labels = [0, 1, 2];
    const body = { artifact, images: Buffer.from(images).toString('base64'), labels };
    const { status, json } = await post('/v1/evaluations', body);
    expect(status).toBe(200);
    const expected = perceptronProbabilities(
      model.tensors,
      perceptronSettings,
      Float64Array.from(images, (byte) => byte / 255),
    );
    expect(json.probabilities.flat()).toEqual([...expected]);
    const own = labels.map((label, row) => expected[10 * row + label]!);
    expect(json.negativeLogLikelihood).toBeCloseTo(-own.reduce((sum, p) => sum + Math.log(p), 0) / 3, 12);
    expect(json.accuracy).toBe(
      json.predictions.filter((label: number, row: number) => label === labels[row]).length / 3,
    );
  });

  test('refuses pieces of images, other counts of labels, artifacts of other kinds, and names that are none', async () => {
    const { store, post } = apiWorld();
    const artifact = await storeModel(store, samplePerceptron());
    const encoder = await storeModel(store, sampleEncoder(), '20260102-run');
    const images = Buffer.from(drawImages(1)).toString('base64');
    const refused = async (body: object) => {
      const { status, json } = await post('/v1/evaluations', body);
      return [status, json.detail];
    };
    expect(await refused({ artifact, images: 'AAAA' })).toEqual([422, expect.stringMatching(/784 bytes.*holds 3/)]);
    expect(await refused({ artifact, images, labels: [1, 2] })).toEqual([422, expect.stringMatching(/label/)]);
    expect(await refused({ artifact, images, labels: [10] })).toEqual([
      422,
      expect.stringMatching(/classes 0 to 9, and not 10/),
    ]);
    expect(await refused({ artifact: encoder, images })).toEqual([400, expect.stringMatching(/skip-thoughts/)]);
    expect(await refused({ artifact: '../../etc/passwd', images })).toEqual([
      400,
      expect.stringMatching(/^artifact: /),
    ]);
    expect(await refused({ artifact: 'f'.repeat(32), images })).toEqual([404, expect.stringMatching(/no artifact/)]);
  });

  test('an artifact whose bytes changed, or are gone, is an error here and not an answer', async () => {
    const { store, post, log } = apiWorld();
    const artifact = await storeModel(store, samplePerceptron());
    const images = Buffer.from(drawImages(1)).toString('base64');
    const { body } = (await store.get(keys.artifactModel(artifact)))!;
    const changed = Uint8Array.from(body);
    changed[changed.length - 1]! ^= 1;
    await store.put(keys.artifactModel(artifact), changed);
    const corrupt = await post('/v1/evaluations', { artifact, images });
    expect(corrupt.status).toBe(500);
    // The store's keys are for the log.
    expect(corrupt.text).not.toContain('artifacts/');
    expect(log.find(({ details }) => details.request === corrupt.json.instance)?.details.error).toBe('ArtifactCorrupt');
    await store.delete(keys.artifactModel(artifact));
    expect((await post('/v1/evaluations', { artifact, images })).status).toBe(500);
    await store.put(keys.artifactModel(artifact), body);
    expect((await post('/v1/evaluations', { artifact, images })).status).toBe(200);
  });
});
