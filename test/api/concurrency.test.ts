/** Requests of all kinds at one time: each is answered as if it were alone, and none leaves anything behind. */
import { engine } from '@tensorflow/tfjs-core';
import { encode } from 'fast-png';
import { beforeAll, describe, expect, test } from 'vitest';
import { startTensorFlow } from '../../functions/numeric-backend.ts';
import { apiWorld, storeModel } from './api-world.ts';
import { sampleEncoder, sampleHandwriting, samplePerceptron, sampleSegmentation } from './sample-models.ts';

beforeAll(() => startTensorFlow('wasm-relaxed'));

/** A picture of its own for each seed, and of its own size: what an untrained network says of two may be the same. */
function drawPicture(seed: number): string {
  const [width, height] = [16 + 4 * seed, 16];
  const data = Uint8Array.from({ length: 3 * width * height }, (_, index) => (index * (7 + seed) * 31) % 256);
  return Buffer.from(encode({ width, height, data, channels: 3, depth: 8 })).toString('base64');
}

const probabilities = { width: 2, height: 2, classes: 2, values: [1, 0, 0, 1, 0.5, 0.5, 0.25, 0.75] };

function requests(seed: number, perceptron: string): readonly (readonly [path: string, body: object])[] {
  const image = drawPicture(seed);
  return [
    ['/v1/handwriting/write', { text: 'abc', seed }],
    ['/v1/sentences/encode', { sentences: seed === 1 ? ['a dog runs', 'cat'] : ['a cat'] }],
    ['/v1/segmentations/refine', { image, probabilities }],
    ['/v1/segmentations/refine', { image, backEnd: 'large-fov' }],
    ['/v1/optimizers/race', { problem: 'quadratics', steps: 12, seed }],
    ['/v1/digits/classify', { pixels: Array.from({ length: 784 }, (_, pixel) => ((pixel * seed) % 11) / 11) }],
    ['/v1/evaluations', { artifact: perceptron, images: Buffer.alloc(784, 40 * seed).toString('base64') }],
  ];
}

describe('requests at one time', () => {
  test('do not mix, and leave no tensors behind', async () => {
    const { store, post } = apiWorld({ limits: { concurrentComputations: 100 } });
    const perceptron = await storeModel(store, samplePerceptron(), '20260101-000000-000-run-smoke-0001');
    await storeModel(store, sampleEncoder(), '20260102-000000-000-run-smoke-0001');
    await storeModel(store, sampleHandwriting(), '20260103-000000-000-run-smoke-0001');
    await storeModel(store, sampleSegmentation(), '20260104-000000-000-run-smoke-0001');
    const all = [...requests(1, perceptron), ...requests(2, perceptron)];
    const alone: string[] = [];
    for (const [path, body] of all) {
      const { status, text } = await post(path, body);
      expect([path, status]).toEqual([path, 200]);
      alone.push(text);
    }
    expect(new Set(alone).size).toBe(all.length);
    const before = engine().memory().numTensors;
    const ask = async ([path, body]: (typeof all)[number]) => (await post(path, body)).text;
    expect(await Promise.all(all.map(ask))).toEqual(alone);
    expect((await Promise.all(all.toReversed().map(ask))).reverse()).toEqual(alone);
    expect(engine().memory().numTensors).toBe(before);
  });

  test('that end at their deadline leave no tensors behind, either', async () => {
    const { store, post } = apiWorld({ limits: { deadlineMilliseconds: 3 } });
    await storeModel(store, sampleHandwriting());
    const before = engine().memory().numTensors;
    for (let attempt = 0; attempt < 5; attempt++) {
      const { status } = await post('/v1/handwriting/write', { text: 'abcabcabcabc', bias: 0, seed: attempt });
      expect(status).toBe(503);
    }
    // What was cut off notices it at its next breath.
    await expect.poll(() => engine().memory().numTensors).toBe(before);
  });
});
