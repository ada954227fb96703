/** Object stores against the simplest thing that could be one: a Map. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InvalidKey, PreconditionFailed } from '../../lib/storage/errors.ts';
import { compareKeys, findKeyProblem } from '../../lib/storage/key.ts';
import { MemoryObjectStore } from '../../lib/storage/memory-object-store.ts';
import type { ObjectStore } from '../../lib/storage/object-store.ts';
import { openStore } from '../../lib/storage/open-store.ts';
import { newTemporaryFolder } from '../temporary-folder.ts';
import './seed.ts';

interface Model {
  readonly objects: Map<string, string>;
  /** Entity tags by content: `ifMatch` with one that was seen before is what races are made of. */
  readonly etags: Map<string, string>;
}
type Command = fc.AsyncCommand<Model, ObjectStore>;

const segment = fc.constantFrom('a', 'b', 'ü', 'x y', '+', '𝔸', 'z.json');
/** Few, so that commands meet; of one depth, because no key may be the folder of another. */
const key = fc.tuple(segment, segment).map((segments) => segments.join('/'));
const body = fc.constantFrom('', '0', 'one', 'two', 'x'.repeat(5000));

const put = (key: string, body: string, when: 'none' | 'absent' | 'same' | 'other'): Command => ({
  check: () => true,
  async run(model, store) {
    const before = model.objects.get(key);
    const etag = before === undefined ? '"none"' : model.etags.get(before)!;
    const condition = {
      none: undefined,
      absent: { ifNoneMatch: '*' } as const,
      same: { ifMatch: etag },
      other: { ifMatch: '"of something else"' },
    }[when];
    const holds =
      when === 'none' || (when === 'absent' && before === undefined) || (when === 'same' && before !== undefined);
    const writing = store.put(key, body, condition);
    if (!holds) {
      await expect(writing).rejects.toThrow(PreconditionFailed);
      return;
    }
    model.etags.set(body, (await writing).etag);
    model.objects.set(key, body);
  },
  toString: () => `put(${key}, ${body.length} characters, ${when})`,
});

const remove = (key: string): Command => ({
  check: () => true,
  async run(model, store) {
    await store.delete(key);
    model.objects.delete(key);
  },
  toString: () => `delete(${key})`,
});

const get = (key: string): Command => ({
  check: () => true,
  async run(model, store) {
    const expected = model.objects.get(key);
    const stored = await store.get(key);
    expect(stored && new TextDecoder().decode(stored.body)).toBe(expected);
    expect((await store.head(key))?.etag).toBe(stored?.etag);
    if (expected !== undefined) expect(stored!.etag).toBe(model.etags.get(expected));
  },
  toString: () => `get(${key})`,
});

const list = (prefix: string): Command => ({
  check: () => true,
  async run(model, store) {
    const listed: string[] = [];
    for await (const { key } of store.list(prefix)) listed.push(key);
    expect(listed).toEqual([...model.objects.keys()].filter((name) => name.startsWith(prefix)).sort(compareKeys));
  },
  toString: () => `list(${prefix})`,
});

const commands = fc.commands(
  [
    fc.tuple(key, body, fc.constantFrom('none', 'absent', 'same', 'other')).map((fields) => put(...fields)),
    key.map(remove),
    key.map(get),
    fc
      .oneof(
        fc.constant(''),
        segment,
        segment.map((name) => `${name}/`),
        key,
      )
      .map(list),
  ],
  { maxCommands: 40 },
);

describe('a store, after any puts, deletes, gets and lists,', () => {
  test.each([
    ['in memory', async () => new MemoryObjectStore(), 300],
    ['in a folder', async () => openStore(await newTemporaryFolder()), 60],
  ])('%s is a map', async (_, open, numRuns) => {
    await fc.assert(
      fc.asyncProperty(commands, async (sequence) => {
        const setup = async () => ({
          model: { objects: new Map<string, string>(), etags: new Map<string, string>() },
          real: (await open()) as ObjectStore,
        });
        await fc.asyncModelRun(setup, sequence);
      }),
      { numRuns },
    );
  });
});

describe('a key', () => {
  const anyText = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc
      .array(fc.constantFrom('a', '.', '..', '/', '\\', '\u0000', '', 'é', ' '), { maxLength: 12 })
      .map((parts) => parts.join('')),
  );

  test('that is accepted never leaves the store, and comes back from a list as it was', async () => {
    await fc.assert(
      fc.asyncProperty(anyText, async (text) => {
        const store = new MemoryObjectStore();
        if (findKeyProblem(text)) {
          await expect(store.put(text, 'x')).rejects.toThrow(InvalidKey);
          return;
        }
        const path = new URL(text.split('/').map(encodeURIComponent).join('/'), 'file:///store/').pathname;
        expect(path.startsWith('/store/')).toBe(true);
        expect(decodeURIComponent(path)).toBe(`/store/${text}`);
        await store.put(text, 'x');
        const listed: string[] = [];
        for await (const { key } of store.list('')) listed.push(key);
        expect(listed).toEqual([text]);
      }),
      { numRuns: 2000 },
    );
  });
});
