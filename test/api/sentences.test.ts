import { beforeAll, describe, expect, test } from 'vitest';
import { startTensorFlow } from '../../functions/numeric-backend.ts';
import { encodeSentences } from '../../lib/layer-norm/models/skip-thoughts.ts';
import { apiWorld, storeModel } from './api-world.ts';
import { encoderSettings, encoderWords, sampleEncoder, samplePerceptron } from './sample-models.ts';

beforeAll(() => startTensorFlow('wasm-relaxed'));

describe('POST /v1/sentences/encode', () => {
  test('gives each sentence the vector of the encoder, of length 1, and names unknown words', async () => {
    const { store, post } = apiWorld();
    const model = sampleEncoder();
    const artifact = await storeModel(store, model);
    const { status, json } = await post('/v1/sentences/encode', { sentences: ['A dog runs.', 'A zebra sleeps.'] });
    expect(status).toBe(200);
    expect(json.model.artifact).toBe(artifact);
    expect(json.dimensions).toBe(encoderSettings.units);
    expect(json.unknownWords).toEqual([[], ['zebra']]);
    // 1 is the unknown word, 0 ends a sentence.
    const numbers = (...words: readonly string[]) =>
      Int32Array.from([...words.map((word) => Math.max(1, encoderWords.indexOf(word))), 0]);
    const expected = await encodeSentences(
      model.tensors,
      [numbers('a', 'dog', 'runs', '.'), numbers('a', 'zebra', 'sleeps', '.')],
      encoderSettings,
      async () => {},
    );
    expect(json.vectors.flat()).toEqual([...expected]);
    for (const vector of json.vectors) expect(Math.hypot(...vector)).toBeCloseTo(1, 5);
  });

  test('sentences of two requests at one time do not mix', async () => {
    const { store, post } = apiWorld();
    await storeModel(store, sampleEncoder());
    const ask = async (...sentences: string[]) => (await post('/v1/sentences/encode', { sentences })).json.vectors;
    const [alone, other] = [await ask('a dog'), await ask('a cat sleeps', 'dog')];
    expect(await Promise.all([ask('a dog'), ask('a cat sleeps', 'dog'), ask('a dog')])).toEqual([alone, other, alone]);
  });

  test('refuses no sentences, too many, too long ones, and models of other kinds', async () => {
    const { store, post } = apiWorld();
    const refused = async (body: object) => {
      const { status, json } = await post('/v1/sentences/encode', body);
      return [status, json.detail];
    };
    expect(await refused({ sentences: ['a'] })).toEqual([
      404,
      expect.stringMatching(/stepwise run layer-norm\/sentence-encoding/),
    ]);
    expect(await refused({ sentences: [] })).toEqual([400, expect.stringMatching(/^sentences: /)]);
    expect(await refused({ sentences: Array(65).fill('a') })).toEqual([400, expect.stringMatching(/64/)]);
    expect(await refused({ sentences: ['a'.repeat(1001)] })).toEqual([
      400,
      expect.stringMatching(/^sentences\.0: .*1000/),
    ]);
    const artifact = await storeModel(store, samplePerceptron());
    expect(await refused({ sentences: ['a'], artifact })).toEqual([
      400,
      expect.stringMatching(/layer-normalised sentence encoder/),
    ]);
  });
});
