import { describe, expect, test } from 'vitest';
import {
  addSubscription,
  checkSubscription,
  listSubscriptions,
  mostSubscriptions,
  readSubscriptions,
  removeSubscriptions,
} from '../../../lib/pipeline/uploads/subscriptions.ts';
import { MemoryObjectStore } from '../../../lib/storage/memory-object-store.ts';

const subscription = (experiment: string, more: object = {}) =>
  checkSubscription({ dataset: 'mnist', experiment, preset: 'smoke', ...more });

describe('subscriptions', () => {
  test('are kept by dataset, in their order, and go one by one', async () => {
    const store = new MemoryObjectStore();
    const kept = [
      subscription('a/one', { seeds: 3, budgetUsDollars: 0.5, overrides: { steps: [1, 2] } }),
      subscription('a/one', { preset: 'laptop' }),
      subscription('a/two'),
    ];
    for (const one of kept) await addSubscription(store, one);
    await addSubscription(store, subscription('a/one', { dataset: 'cifar-10' }));
    expect(await readSubscriptions(store, 'mnist')).toEqual(kept);
    expect((await listSubscriptions(store)).map(({ dataset }) => dataset)).toEqual([
      'cifar-10',
      'mnist',
      'mnist',
      'mnist',
    ]);
    expect(await removeSubscriptions(store, 'mnist', 'a/one', 'laptop')).toEqual(['laptop']);
    expect(await removeSubscriptions(store, 'mnist', 'a/one')).toEqual(['smoke']);
    expect(await readSubscriptions(store, 'mnist')).toEqual([kept[2]]);
  });

  test('that are added at once are all kept', async () => {
    const store = new MemoryObjectStore();
    const names = Array.from({ length: 20 }, (_, index) => `a/e${index}`);
    await Promise.all(names.map((name) => addSubscription(store, subscription(name))));
    const kept = await readSubscriptions(store, 'mnist');
    expect(new Set(kept.map(({ experiment }) => experiment))).toEqual(new Set(names));
  });

  test('are refused twice, and beyond the most', async () => {
    const store = new MemoryObjectStore();
    await addSubscription(store, subscription('a/one'));
    await expect(addSubscription(store, subscription('a/one', { seeds: 9 }))).rejects.toThrow(
      /a\/one \(smoke\) runs for 'mnist' already.*subscription remove mnist a\/one --preset smoke/,
    );
    for (let index = 1; index < mostSubscriptions; index++) await addSubscription(store, subscription(`a/e${index}`));
    await expect(addSubscription(store, subscription('a/more'))).rejects.toThrow(
      /has 50 already, and that is the most/,
    );
  });

  test('that are not there cannot be removed', async () => {
    const store = new MemoryObjectStore();
    await expect(removeSubscriptions(store, 'mnist', 'a/one')).rejects.toThrow(
      /In memory: no upload of 'mnist' starts/,
    );
    await expect(removeSubscriptions(store, '../mnist', 'a/one')).rejects.toThrow(/no upload of '\.\.\/mnist' starts/);
    await addSubscription(store, subscription('a/one'));
    await expect(removeSubscriptions(store, 'mnist', 'a/one', 'paper')).rejects.toMatchObject({
      name: 'UnknownSubscription',
    });
  });

  test.each([
    [{ dataset: '../x' }, /a dataset is named by/],
    [{ dataset: '__proto__' }, /a dataset is named by/],
    [{ preset: 'huge' }, /preset/],
    [{ seeds: 0 }, /seeds/],
    [{ budgetUsDollars: -1 }, /budgetUsDollars/],
    [{ overrides: { text: 'x'.repeat(10_000) } }, /its parameters have 10000 characters at most/],
    [{ run: 'mine' }, /run/],
  ])('with %j are refused', (change, message) => {
    expect(() => subscription('a/one', change)).toThrow(message);
  });
});
