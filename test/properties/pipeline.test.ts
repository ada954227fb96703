/** Plan, lowering and the map run: every item once, and no more failures than are tolerated. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { groupTrials } from '../../lib/pipeline/plan-batches.ts';
import { MemoryObjectStore } from '../../lib/storage/memory-object-store.ts';
import { updateObject } from '../../lib/storage/update-object.ts';
import { errorNamed, jsonLines, runSample, sampleMap } from '../local/fixtures/sample-run.ts';
import './seed.ts';

describe('batches of trials', () => {
  const trials = fc.uniqueArray(
    fc.record({ name: fc.string(), group: fc.option(fc.constantFrom('g', 'trial a', ''), { nil: undefined }) }),
    { selector: ({ name }) => name, maxLength: 30 },
  );

  test('have every trial once; those of a group are together and no others are; order is kept', () => {
    fc.assert(
      fc.property(trials, (planned) => {
        const batches = groupTrials(planned, (trial) => trial);
        expect(batches.flat().toSorted((a, b) => (a.name < b.name ? -1 : 1))).toEqual(
          planned.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
        );
        for (const batch of batches) {
          const groups = new Set(batch.map(({ group }) => group));
          expect(groups.size).toBe(1);
          if (groups.has(undefined)) expect(batch).toHaveLength(1);
          const places = batch.map((trial) => planned.indexOf(trial));
          expect(places).toEqual(places.toSorted((a, b) => a - b));
        }
        const grouped = batches.filter(([first]) => first!.group !== undefined).map(([first]) => first!.group);
        expect(new Set(grouped).size).toBe(grouped.length);
        const firsts = batches.map(([first]) => planned.indexOf(first!));
        expect(firsts).toEqual(firsts.toSorted((a, b) => a - b));
      }),
      { numRuns: 1000 },
    );
  });
});

describe('a Distributed Map, lowered and run here,', () => {
  const sample = fc.record({
    // A file without items is an error of the reader's, there and here.
    items: fc.integer({ min: 1, max: 25 }),
    /** Of each item: at how many attempts it fails before one succeeds. */
    failures: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 25, maxLength: 25 }),
    attempts: fc.integer({ min: 0, max: 3 }),
    tolerated: fc.integer({ min: 0, max: 100 }),
    concurrency: fc.integer({ min: 0, max: 8 }),
  });

  test('runs each item as often as it is retried, writes each once, and fails exactly beyond what is tolerated', async () => {
    await fc.assert(
      fc.asyncProperty(sample, async ({ items, failures, attempts, tolerated, concurrency }) => {
        const store = new MemoryObjectStore();
        await store.put('items.jsonl', jsonLines(Array.from({ length: items }, (_, batch) => ({ batch }))));
        const calls = new Map<number, number>();
        const retry = { ErrorEquals: ['TrialsFailed'], MaxAttempts: attempts, IntervalSeconds: 0 };
        const task = { Type: 'Task', Resource: '<<evaluate>>', End: true, ...(attempts > 0 && { Retry: [retry] }) };
        const fields = { ToleratedFailurePercentage: tolerated, MaxConcurrency: concurrency };
        const { result } = await runSample({
          states: { Over: sampleMap({ Evaluate: task }, fields) },
          store,
          handlers: {
            evaluate: async (input) => {
              const { batch } = input as { batch: number };
              const call = (calls.get(batch) ?? 0) + 1;
              calls.set(batch, call);
              if (call <= failures[batch]!) throw errorNamed('TrialsFailed', 'one did');
              return { batch };
            },
          },
        });
        const failed = failures.slice(0, items).filter((count) => count > attempts).length;
        const isTolerated = (100 * failed) / items <= tolerated;
        expect(result.status).toBe(isTolerated ? 'succeeded' : 'failed');
        for (const [batch, count] of calls) {
          expect(count).toBe(Math.min(failures[batch]!, attempts) + 1);
        }
        if (!isTolerated) return;
        expect(calls.size).toBe(items);
        const written: { Status: string; Input: string }[] = [];
        for await (const { key } of store.list('results/')) {
          if (!/\/(SUCCEEDED|FAILED)_\d+\.json$/.test(key)) continue;
          written.push(...JSON.parse(new TextDecoder().decode((await store.get(key))!.body)));
        }
        const batches = written.map(({ Input }) => JSON.parse(Input).batch).sort((a, b) => a - b);
        expect(batches).toEqual(Array.from({ length: items }, (_, batch) => batch));
        expect(written.filter(({ Status }) => Status === 'FAILED')).toHaveLength(failed);
      }),
      { numRuns: 150 },
    );
  });
});

describe('an object that many update', () => {
  test('has what each of them added, in whatever order their reads and writes fall', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.integer({ min: 2, max: 6 }), async (scheduler, writers) => {
        const memory = new MemoryObjectStore();
        const put = scheduler.scheduleFunction(memory.put.bind(memory));
        const get = scheduler.scheduleFunction(memory.get.bind(memory));
        const store = new Proxy(memory, {
          get: (target, name) => (name === 'put' ? put : name === 'get' ? get : Reflect.get(target, name).bind(target)),
        });
        const all = Promise.all(
          Array.from({ length: writers }, (_, writer) =>
            updateObject(store, 'list', (current) => `${current ? new TextDecoder().decode(current) : ''}${writer}`),
          ),
        );
        await scheduler.waitFor(all);
        const text = new TextDecoder().decode((await memory.get('list'))!.body);
        expect([...text].sort().join('')).toBe([0, 1, 2, 3, 4, 5].slice(0, writers).join(''));
      }),
      { numRuns: 60 },
    );
  });
});
