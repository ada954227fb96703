/** Whichever endpoint answers with a model: what it makes of an artifact that is none, another's, damaged or gone. */
import { encode } from 'fast-png';
import { beforeAll, describe, expect, test } from 'vitest';
import { startTensorFlow } from '../../functions/numeric-backend.ts';
import { keys } from '../../lib/pipeline/keys.ts';
import { apiWorld, type StoredModel, storeModel } from './api-world.ts';
import { sampleEncoder, sampleHandwriting, samplePerceptron, sampleSegmentation } from './sample-models.ts';

beforeAll(() => startTensorFlow('wasm-relaxed'));

const image = Buffer.from(
  encode({ width: 16, height: 16, data: new Uint8Array(3 * 16 * 16).fill(90), channels: 3, depth: 8 }),
).toString('base64');

interface Endpoint {
  readonly path: string;
  readonly request: object;
  sample(): StoredModel;
  other(): StoredModel;
}

const endpoints: readonly Endpoint[] = [
  {
    path: '/v1/digits/classify',
    request: { pixels: Array(784).fill(0.5) },
    sample: samplePerceptron,
    other: sampleEncoder,
  },
  {
    path: '/v1/segmentations/refine',
    request: { image, backEnd: 'large-fov' },
    sample: sampleSegmentation,
    other: samplePerceptron,
  },
  {
    path: '/v1/sentences/encode',
    request: { sentences: ['a dog'] },
    sample: sampleEncoder,
    other: sampleHandwriting,
  },
  { path: '/v1/handwriting/write', request: { text: 'ab' }, sample: sampleHandwriting, other: sampleEncoder },
];

describe.each(endpoints)('$path', ({ path, request, sample, other }) => {
  test('answers with the artifact that is named, though another is newer', async () => {
    const { store, post } = apiWorld();
    const artifact = await storeModel(store, sample());
    const named = { ...request, artifact };
    const alone = await post(path, named);
    expect(alone.status).toBe(200);
    await storeModel(store, other(), '20260102-000000-000-run-smoke-0001');
    expect((await post(path, named)).text).toBe(alone.text);
  });

  test.each(['/..', '../../../etc/passwd', '..%2f..%2f', `${'0'.repeat(31)}/`, 'A'.repeat(32), ''])(
    'refuses the artifact %j before it looks in the store',
    async (artifact) => {
      const { status, json } = await apiWorld().post(path, { ...request, artifact });
      expect([status, json.detail]).toEqual([400, expect.stringMatching(/artifact: .*32 hexadecimal digits/)]);
    },
  );

  test('knows no artifact that the store does not know', async () => {
    const { status, json } = await apiWorld().post(path, { ...request, artifact: 'f'.repeat(32) });
    expect([status, json.detail]).toEqual([404, `There is no artifact ${'f'.repeat(32)} in the store.`]);
  });

  test('says whose artifact it is, where it is another experiment’s', async () => {
    const { store, post } = apiWorld();
    const { experiment } = sample();
    const stranger = other();
    const artifact = await storeModel(store, stranger);
    const { status, json } = await post(path, { ...request, artifact });
    expect([status, json.type]).toEqual([400, 'urn:stepwise:problem:invalid-input']);
    expect(json.detail).toContain(`trained by ${experiment}; ${artifact} is '${stranger.trial.name}'`);
  });

  test('takes no bytes that are not those that were trained, and is well again when they are', async () => {
    const { store, post, log } = apiWorld();
    const artifact = await storeModel(store, sample());
    const key = keys.artifactModel(artifact);
    const { body } = (await store.get(key))!;
    const refused = async () => {
      const { status, text, json } = await post(path, request);
      const line = log.find(({ level, details }) => level === 'error' && details.request === json.instance);
      expect(text).not.toContain('artifacts/');
      expect(line?.details.reason).toContain(key);
      return [status, json.title, line?.details.error];
    };
    const changed = Uint8Array.from(body);
    changed[changed.length - 1]! ^= 1;
    await store.put(key, changed);
    expect(await refused()).toEqual([500, 'Stored data cannot be used', 'ArtifactCorrupt']);
    await store.put(key, body.slice(0, body.length / 2));
    expect(await refused()).toEqual([500, 'Stored data cannot be used', 'ArtifactCorrupt']);
    await store.delete(key);
    expect(await refused()).toEqual([500, 'Stored data cannot be used', 'ArtifactCorrupt']);
    await store.put(key, body);
    expect((await post(path, request)).status).toBe(200);
  });
});

// A digit takes less than a clock's tick.
test.each(endpoints.slice(1))('$path ends at its deadline', async ({ path, request, sample }) => {
  const { store, post } = apiWorld({ limits: { deadlineMilliseconds: 0 } });
  await storeModel(store, sample());
  const { status, json, headers } = await post(path, request);
  expect([status, json.type]).toEqual([503, 'urn:stepwise:problem:deadline-exceeded']);
  expect(headers.get('retry-after')).toBe('5');
});
