import { dispose } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { startTensorFlow } from '../../functions/numeric-backend.ts';
import { arrangeWriting, drawWriting } from '../../lib/api/computing/writing-svg.ts';
import { writeTexts } from '../../lib/layer-norm/models/write-text.ts';
import { asTensors } from '../../lib/training/trainer.ts';
import { apiWorld, storeModel } from './api-world.ts';
import { handwritingEncoding, handwritingSettings, sampleHandwriting } from './sample-models.ts';

beforeAll(() => startTensorFlow('wasm-relaxed'));

const asJson = { accept: 'application/json' };

describe('POST /v1/handwriting/write', () => {
  test('gives an image, or strokes; the same request the same ones, another seed others', async () => {
    const { store, post } = apiWorld();
    const artifact = await storeModel(store, sampleHandwriting());
    const image = await post('/v1/handwriting/write', { text: 'abc' });
    expect([image.status, image.headers.get('content-type')]).toEqual([200, 'image/svg+xml']);
    expect(image.headers.get('stepwise-artifact')).toBe(artifact);
    expect(image.text).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" viewBox="0 0 [\d.]+ [\d.]+"/);
    const { json } = await post('/v1/handwriting/write', { text: 'abc' }, asJson);
    expect(json.svg).toBe(image.text);
    expect(json.strokes.flat().length).toBeGreaterThan(3);
    for (const [x, y] of json.strokes.flat()) {
      expect(x >= 0 && x <= json.width && y >= 0 && y <= json.height).toBe(true);
    }
    const other = await post('/v1/handwriting/write', { text: 'abc', seed: 1 }, asJson);
    expect(other.json.strokes).not.toEqual(json.strokes);
  });

  test('has the strokes that the network writes, by bias and seed', async () => {
    const { store, post } = apiWorld();
    const model = sampleHandwriting();
    await storeModel(store, model);
    const settings = { bias: 0.5, seed: 7 };
    const { json } = await post('/v1/handwriting/write', { text: 'ca b', ...settings }, asJson);
    const parameters = asTensors(model.tensors);
    const [written] = await writeTexts(
      parameters,
      handwritingSettings,
      handwritingEncoding,
      ['ca b'],
      settings,
      async () => {},
    );
    dispose(parameters);
    const { width, height, strokes } = arrangeWriting(written!.points);
    expect([json.width, json.height, json.isFinished]).toEqual([width, height, written!.isFinished]);
    expect(json.strokes).toEqual(strokes);
  });

  test('a text that looks like markup stays a text', async () => {
    const { store, post } = apiWorld();
    await storeModel(store, sampleHandwriting());
    const { text } = await post('/v1/handwriting/write', { text: 'a<b' });
    expect(text).toContain('<title>a&lt;b</title>');
  });

  test('refuses characters that the network never saw, texts that are too long, and settings out of range', async () => {
    const { store, post } = apiWorld();
    const refused = async (body: object) => {
      const { status, json } = await post('/v1/handwriting/write', body);
      return [status, json.detail];
    };
    expect(await refused({ text: 'a' })).toEqual([404, expect.stringMatching(/stepwise run layer-norm\/handwriting/)]);
    await storeModel(store, sampleHandwriting());
    expect(await refused({ text: 'aß\u0000' })).toEqual([
      400,
      expect.stringMatching(/can write 'a' 'b' 'c' ' ' '<'.*never seen 'ß' '\\u0000'/),
    ]);
    expect(await refused({ text: '' })).toEqual([400, expect.stringMatching(/^text: /)]);
    expect(await refused({ text: 'a'.repeat(61) })).toEqual([400, expect.stringMatching(/60 characters/)]);
    expect(await refused({ text: 'a', bias: -1 })).toEqual([400, expect.stringMatching(/^bias: /)]);
    expect(await refused({ text: 'a', seed: 2 ** 32 })).toEqual([400, expect.stringMatching(/^seed: /)]);
  });

  test('stops at its deadline', async () => {
    const { store, post } = apiWorld({ limits: { deadlineMilliseconds: 1 } });
    await storeModel(store, sampleHandwriting());
    const { status, json } = await post('/v1/handwriting/write', { text: 'abcabcabc' });
    expect([status, json.type]).toEqual([503, 'urn:stepwise:problem:deadline-exceeded']);
  });
});

describe('the image', () => {
  test('turns what points up, and begins at the margin', () => {
    const writing = arrangeWriting([
      { x: 5, y: 0, stroke: 0 },
      { x: 6, y: 2, stroke: 0 },
      { x: 7, y: 1, stroke: 1 },
    ]);
    expect(writing.strokes).toEqual([
      [
        [12, 112],
        [62, 12],
      ],
      [[112, 62]],
    ]);
    // A stroke of one point is a dot, which a path without a line would not show.
    expect(drawWriting(writing, 'i')).toContain('d="M12 112L62 12M112 62h0"');
  });
});
