/** What holds for every object store. */
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { InvalidKey, ObjectNotFound, PreconditionFailed } from '../../lib/storage/errors.ts';
import type { ObjectHead, ObjectStore } from '../../lib/storage/object-store.ts';
import { updateObject } from '../../lib/storage/update-object.ts';

/** `makeStore` gives an empty store each time. */
export function describeObjectStore(name: string, makeStore: () => Promise<ObjectStore>): void {
  describe(`the contract of an object store: ${name}`, () => {
    test('gives back what was put, under an entity tag that follows the content', async () => {
      const store = await makeStore();
      const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
      const { etag } = await store.put('runs/a/request.json', bytes);
      bytes.fill(0);
      const stored = await store.get('runs/a/request.json');
      expect([...stored!.body]).toEqual(Array.from({ length: 256 }, (_, index) => index));
      expect(stored!.etag).toBe(etag);
      // No Buffer, whose `slice` shares memory.
      expect(Object.getPrototypeOf(stored!.body)).toBe(Uint8Array.prototype);
      expect(await store.head('runs/a/request.json')).toEqual({ key: 'runs/a/request.json', size: 256, etag });

      const next = await store.put('runs/a/request.json', 'é, and shorter');
      expect(next.etag).not.toBe(etag);
      expect(textOf((await store.get('runs/a/request.json'))!.body)).toBe('é, and shorter');
      await store.put('empty', '');
      expect((await store.get('empty'))!.body.length).toBe(0);
    });

    test('what is not there is undefined, or ObjectNotFound as a stream; deleting it succeeds', async () => {
      const store = await makeStore();
      await store.put('a/b', 'x');
      for (const key of ['missing', 'a/missing', 'a', 'a/b/c']) {
        expect(await store.get(key)).toBeUndefined();
        expect(await store.head(key)).toBeUndefined();
        await expect(store.getStream(key)).rejects.toThrow(ObjectNotFound);
        await store.delete(key);
      }
      await store.delete('a/b');
      expect(await store.get('a/b')).toBeUndefined();
      await store.put('a', 'in place of the folder');
      expect(await keysOf(store, '')).toEqual(['a']);
    });

    test('lists what begins with a prefix, in the order of UTF-8 bytes', async () => {
      const store = await makeStore();
      const keys = [
        'runs/a-b',
        'runs/a/z',
        'runs/a/b/c',
        'runs/a.b',
        'runs/ab',
        'runs/\u{1f600}',
        'runs/\uff5e',
        'results/x',
      ];
      await Promise.all(keys.map((key) => store.put(key, key)));
      const sorted = keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      expect(await keysOf(store, '')).toEqual(sorted);
      expect(await keysOf(store, 'runs/a')).toEqual(['runs/a-b', 'runs/a.b', 'runs/a/b/c', 'runs/a/z', 'runs/ab']);
      expect(await keysOf(store, 'runs/a/')).toEqual(['runs/a/b/c', 'runs/a/z']);
      expect(await keysOf(store, 'r')).toEqual(sorted);
      expect(await keysOf(store, 'runs/a/b/c/')).toEqual([]);
      const [head] = await headsOf(store, 'results/');
      expect(head).toEqual(await store.head('results/x'));
    });

    test('lists more than one page', async () => {
      const store = await makeStore();
      const keys = Array.from({ length: 1005 }, (_, index) => `page/${String(index).padStart(4, '0')}`);
      for (let start = 0; start < keys.length; start += 50) {
        await Promise.all(keys.slice(start, start + 50).map((key) => store.put(key, '')));
      }
      expect(await keysOf(store, 'page/')).toEqual(keys);
    });

    test('of 50 concurrent creations one wins, and the others leave its bytes alone', async () => {
      const store = await makeStore();
      const created = await Promise.allSettled(
        Array.from({ length: 50 }, (_, writer) => store.put('claim', `${writer}`, { ifNoneMatch: '*' })),
      );
      const winners = created.flatMap(({ status }, writer) => (status === 'fulfilled' ? [writer] : []));
      expect(winners).toHaveLength(1);
      expect(textOf((await store.get('claim'))!.body)).toBe(`${winners[0]}`);
      for (const result of created) {
        if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(PreconditionFailed);
      }
    });

    test('replaces only what still has the expected entity tag', async () => {
      const store = await makeStore();
      const { etag } = await store.put('k', 'one');
      await store.put('k', 'two', { ifMatch: etag });
      await expect(store.put('k', 'three', { ifMatch: etag })).rejects.toThrow(PreconditionFailed);
      await expect(store.putStream('k', piecesOf('three'), { ifMatch: etag })).rejects.toThrow(PreconditionFailed);
      await expect(store.putStream('k', piecesOf('three'), { ifNoneMatch: '*' })).rejects.toThrow(PreconditionFailed);
      await expect(store.put('missing', 'x', { ifMatch: etag })).rejects.toThrow(PreconditionFailed);
      expect(textOf((await store.get('k'))!.body)).toBe('two');
      expect(await keysOf(store, '')).toEqual(['k']);
    });

    test('50 writers add to one counter, and no increment is lost', async () => {
      const store = await makeStore();
      const increment = () =>
        updateObject(store, 'counter', (current) => `${Number(current ? textOf(current) : 0) + 1}`);
      await Promise.all(
        Array.from({ length: 50 }, async () => {
          for (let time = 0; time < 2; time++) await increment();
        }),
      );
      expect(textOf((await store.get('counter'))!.body)).toBe('100');
    });

    test('streams 20 MiB in and out, in several parts', async () => {
      const store = await makeStore();
      const body = randomBytes(20 * 1024 * 1024 + 7);
      const { etag } = await store.putStream('large', piecesOf(body, 1_000_003), { ifNoneMatch: '*' });
      expect(await store.head('large')).toEqual({ key: 'large', size: body.length, etag });
      const pieces = await collect(await store.getStream('large'));
      expect(pieces.length).toBeGreaterThan(1);
      expect(Buffer.concat(pieces).equals(body)).toBe(true);
      expect((await store.get('large'))!.etag).toBe(etag);
      // The same size again: the tag must not be the size alone.
      const other = await store.putStream('large', piecesOf(randomBytes(body.length)), { ifMatch: etag });
      expect(other.etag).not.toBe(etag);
      await expect(store.putStream('large', piecesOf(body), { ifNoneMatch: '*' })).rejects.toThrow(PreconditionFailed);
    });

    test.each([10, 9 * 1024 * 1024])('a stream that fails after %i bytes leaves what was there', async (size) => {
      const store = await makeStore();
      await store.put('kept', 'before');
      async function* failing() {
        yield randomBytes(size);
        throw new Error('the source broke');
      }
      await expect(store.putStream('kept', failing())).rejects.toThrow('the source broke');
      await expect(store.putStream('new', failing())).rejects.toThrow('the source broke');
      expect(textOf((await store.get('kept'))!.body)).toBe('before');
      expect(await keysOf(store, '')).toEqual(['kept']);
    });

    test('takes odd keys as they are', async () => {
      const store = await makeStore();
      const keys = [
        'a b/c+d',
        'per%20cent',
        'q?u#o&t\'e"',
        'é/日本',
        '...',
        '.hidden/x',
        '-rf',
        'a:b',
        '~',
        `${'x'.repeat(255)}/y`,
      ];
      for (const key of keys) await store.put(key, key);
      for (const key of keys) expect(textOf((await store.get(key))!.body)).toBe(key);
      expect((await keysOf(store, '')).toSorted()).toEqual(keys.toSorted());
    });

    test.each([
      '',
      '/etc/passwd',
      '../outside',
      'a/../../outside',
      'a/..',
      './a',
      'a//b',
      'a/',
      'nul\0',
      'line\nbreak',
      'C:\\windows',
      'half a pair \ud800',
      'x'.repeat(256),
      'x/'.repeat(600).slice(0, -1),
      'stepwise-store.json',
      '.writing/x',
    ])('refuses the key %j', async (key) => {
      const store = await makeStore();
      await expect(store.put(key, 'x')).rejects.toThrow(InvalidKey);
      await expect(store.putStream(key, piecesOf('x'))).rejects.toThrow(InvalidKey);
      await expect(store.get(key)).rejects.toThrow(InvalidKey);
      await expect(store.getStream(key)).rejects.toThrow(InvalidKey);
      await expect(store.head(key)).rejects.toThrow(InvalidKey);
      await expect(store.delete(key)).rejects.toThrow(InvalidKey);
    });

    test('refuses a prefix that leads out', async () => {
      const store = await makeStore();
      for (const prefix of ['/', '../', 'a//']) await expect(keysOf(store, prefix)).rejects.toThrow(InvalidKey);
    });
  });
}

export function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

export async function* piecesOf(body: Uint8Array | string, pieceBytes = 65_536): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(body);
  for (let start = 0; start < bytes.length; start += pieceBytes) yield bytes.subarray(start, start + pieceBytes);
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

export async function headsOf(store: ObjectStore, prefix: string): Promise<ObjectHead[]> {
  return collect(store.list(prefix));
}

export async function keysOf(store: ObjectStore, prefix: string): Promise<string[]> {
  return (await headsOf(store, prefix)).map(({ key }) => key);
}
