import { describe, expect, test } from 'vitest';
import { ModelCache } from '../../lib/api/model-cache.ts';
import { keys } from '../../lib/pipeline/keys.ts';
import { MemoryObjectStore } from '../../lib/storage/memory-object-store.ts';
import { type StoredModel, storeModel } from './api-world.ts';

const model = (seed: number, size = 100): StoredModel => ({
  experiment: 'test/models',
  trial: { name: `seed-${seed}`, seed },
  tensors: { weights: { shape: [size], data: new Float32Array(size).fill(seed) } },
  metadata: { kind: 'test' },
});

/** Tells which models are read. */
class CountingStore extends MemoryObjectStore {
  readonly reads: string[] = [];

  override get(key: string) {
    if (key.endsWith('model.safetensors')) this.reads.push(key);
    return super.get(key);
  }
}

const now = () => 0;

describe('the cache of models', () => {
  test('reads a model once, however many ask at one time', async () => {
    const store = new CountingStore();
    const digest = await storeModel(store, model(1));
    const cache = new ModelCache({ store, now });
    const loaded = await Promise.all([cache.load(digest), cache.load(digest), cache.load(digest)]);
    expect(new Set(loaded).size).toBe(1);
    expect(loaded[0]!.tensors.weights!.data[0]).toBe(1);
    expect(store.reads).toHaveLength(1);
  });

  test('keeps the least recently used out of what has room', async () => {
    const store = new CountingStore();
    const [a, b, c] = [
      await storeModel(store, model(1)),
      await storeModel(store, model(2)),
      await storeModel(store, model(3)),
    ];
    const bytes = (await store.head(keys.artifactModel(a)))!.size;
    const cache = new ModelCache({ store, now, capacityBytes: 2.5 * bytes });
    for (const digest of [a, b, a, c]) await cache.load(digest);
    store.reads.length = 0;
    await cache.load(a);
    await cache.load(c);
    expect(store.reads).toEqual([]);
    await cache.load(b);
    expect(store.reads).toEqual([keys.artifactModel(b)]);
  });

  test('holds one model that is larger than all room, for the request needs it', async () => {
    const store = new MemoryObjectStore();
    const digest = await storeModel(store, model(1));
    const cache = new ModelCache({ store, now, capacityBytes: 1 });
    expect((await cache.load(digest)).digest).toBe(digest);
  });

  test('does not remember a failure', async () => {
    const store = new MemoryObjectStore();
    const digest = await storeModel(store, model(1));
    const { body } = (await store.get(keys.artifactModel(digest)))!;
    const cache = new ModelCache({ store, now });
    await store.put(keys.artifactModel(digest), 'damaged');
    await expect(cache.load(digest)).rejects.toThrow(/changed after training/);
    await store.put(keys.artifactModel(digest), body);
    expect((await cache.load(digest)).digest).toBe(digest);
  });

  test('builds a thing once a model, again after a failure, and several side by side', async () => {
    const store = new MemoryObjectStore();
    const digest = await storeModel(store, model(1));
    const cache = new ModelCache({ store, now });
    let calls = 0;
    const build = () => {
      calls++;
      if (calls === 1) throw new Error('not yet');
      return calls;
    };
    await expect(cache.build(digest, 'thing', build)).rejects.toThrow('not yet');
    expect(await cache.build(digest, 'thing', build)).toBe(2);
    expect(await cache.build(digest, 'thing', build)).toBe(2);
    expect(await cache.build(digest, 'another', () => 'other')).toBe('other');
  });

  test.each(['/..', '../../x', `${'0'.repeat(31)}/`, `${'0'.repeat(32)}\n`, 'A'.repeat(32), ''])(
    'knows no artifact %j',
    async (name) => {
      const cache = new ModelCache({ store: new MemoryObjectStore(), now });
      await expect(cache.load(name)).rejects.toThrow(/32 hexadecimal digits/);
    },
  );
});

describe('the newest model', () => {
  test('is the last run’s first trial that fits and has an artifact, and a newer one after a few seconds', async () => {
    const store = new MemoryObjectStore();
    let time = 0;
    const cache = new ModelCache({ store, now: () => time, newestForMilliseconds: 5000 });
    const newest = (seed: number) =>
      cache.newestArtifact(
        'test/models',
        `model of seed ${seed}`,
        (trial) => (trial as { seed?: number }).seed === seed,
      );
    await expect(newest(1)).rejects.toThrow(
      'The store has no model of seed 1. Train one with: stepwise run test/models',
    );
    const first = await storeModel(store, model(1), '20260101-run');
    await storeModel(store, model(2), '20260102-run');
    expect(await newest(1)).toBe(first);
    const second = await storeModel(store, model(1, 50), '20260103-run');
    expect(await newest(1)).toBe(first);
    time = 5000;
    expect(await newest(1)).toBe(second);
    await store.delete(keys.artifactManifest(second));
    time = 10_000;
    expect(await newest(1)).toBe(first);
  });
});
