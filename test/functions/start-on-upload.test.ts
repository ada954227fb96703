import { describe, expect, test } from 'vitest';
import { readDeployedSubscriptions, startOnUpload, type UploadPorts } from '../../functions/start-on-upload.ts';
import { randomStream } from '../../lib/numerics/random.ts';
import { keys } from '../../lib/pipeline/keys.ts';
import { readRequest } from '../../lib/pipeline/run-records.ts';
import { addSubscription, checkSubscription } from '../../lib/pipeline/uploads/subscriptions.ts';
import { MemoryObjectStore } from '../../lib/storage/memory-object-store.ts';

const versions = ['0123456789abcdef', 'fedcba9876543210', '00000000000000ff', 'a5a5a5a5a5a5a5a5'] as const;
const bucket = 'stepwise-data';

/** As EventBridge sends it, down to the members that nobody reads. */
function created(key: string, id = 0) {
  return {
    version: '0',
    id: `17793124-05d4-b198-2fde-${String(id).padStart(12, '0')}`,
    'detail-type': 'Object Created',
    source: 'aws.s3',
    account: '111122223333',
    time: '2026-11-25T12:00:00Z',
    region: 'eu-central-1',
    resources: [`arn:aws:s3:::${bucket}`],
    detail: {
      version: '0',
      bucket: { name: bucket },
      object: { key, size: 5, etag: 'b1946ac92492d2347c6235b4d2611184', sequencer: '00617F08299329D189' },
      'request-id': 'N4N7GDK58NMKJ12R',
      requester: '111122223333',
      'source-ip-address': '127.0.0.1',
      reason: 'PutObject',
    },
  };
}

const manifest = (version: string, dataset = 'mnist') => created(`datasets/${dataset}/${version}/_manifest.json`);
const subscription = (experiment: string, more: object = {}) =>
  checkSubscription({ dataset: 'mnist', experiment, preset: 'smoke', ...more });

/** A store in memory under a bucket's address, and a state machine that knows names as Step Functions does. */
function deployment(deployed: UploadPorts['deployed'] = []) {
  const store = Object.assign(new MemoryObjectStore(), { location: `s3://${bucket}` });
  const executions = new Map<string, string>();
  let calls = 0;
  let now = Date.UTC(2026, 10, 25);
  const ports: UploadPorts = {
    store,
    deployed,
    now: () => new Date(now++),
    log: () => {},
    start: async ({ name, input }) => {
      calls++;
      if (executions.has(name)) return false;
      executions.set(name, input);
      return true;
    },
  };
  return { store, executions, ports, calls: () => calls };
}

async function keysOf(store: MemoryObjectStore, prefix = ''): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const { key } of store.list(prefix)) found.push(key);
  return found;
}

function shuffled<Item>(items: readonly Item[], seed: number): Item[] {
  const random = randomStream(seed, 'events');
  const order = [...items];
  for (let last = order.length - 1; last > 0; last--) {
    const other = random.uniformInteger(last + 1);
    [order[last], order[other]] = [order[other]!, order[last]!];
  }
  return order;
}

describe('1,000 events in random order, many at once', () => {
  test.each([1, 2, 3])('start one run a version and subscription (seed %i)', async (seed) => {
    const { store, executions, ports } = deployment();
    await addSubscription(store, subscription('learned-optimizers/mnist', { budgetUsDollars: 2, seeds: 3 }));
    await addSubscription(store, subscription('layer-norm/convnets'));
    const random = randomStream(seed, 'deliveries');
    const events = shuffled(
      Array.from({ length: 1_000 }, (_, index) => manifest(versions[index % versions.length]!)),
      seed,
    );
    // As many at once as Lambda happens to run.
    for (let next = 0; next < events.length; ) {
      const batch = events.slice(next, next + 1 + random.uniformInteger(40));
      next += batch.length;
      await Promise.all(batch.map((event) => startOnUpload(event, ports)));
    }
    expect(executions.size).toBe(versions.length * 2);
    const requests = [...executions.values()].map((input) => JSON.parse(input));
    const asked = requests.map(({ experiment, datasetVersions }) => `${experiment} ${datasetVersions.mnist}`);
    expect(new Set(asked).size).toBe(versions.length * 2);
    for (const request of requests) {
      expect(request).toMatchObject({ preset: 'smoke', trigger: { kind: 'upload', name: 'mnist' } });
      expect(request.run).toMatch(/^20261125-\d{6}-\d{3}-(mnist|convnets)-smoke-[0-9a-f]{8}$/);
      expect(await readRequest(store, request.run)).toEqual(request);
    }
    expect(requests.find(({ experiment }) => experiment === 'learned-optimizers/mnist')).toMatchObject({
      budgetUsDollars: 2,
      seeds: 3,
    });
  });

  test('also where a delivery dies at any step of it', async () => {
    const { store, executions, ports } = deployment();
    await addSubscription(store, subscription('learned-optimizers/mnist'));
    const random = randomStream(4, 'deaths');
    const dying: UploadPorts = {
      ...ports,
      store: new Proxy(store, {
        get(target, name) {
          const member = Reflect.get(target, name, target);
          if (name !== 'put') return typeof member === 'function' ? member.bind(target) : member;
          return async (...args: Parameters<typeof target.put>) => {
            if (random.uniform() < 0.4) throw new Error('killed before it wrote');
            const written = await target.put(...args);
            if (random.uniform() < 0.4) throw new Error('killed after it wrote');
            return written;
          };
        },
      }),
      start: async (execution) => {
        const isFirst = await ports.start(execution);
        if (random.uniform() < 0.4) throw new Error('killed after it started');
        return isFirst;
      },
    };
    let deaths = 0;
    for (const event of shuffled(
      versions.flatMap((version) => Array.from({ length: 50 }, () => manifest(version))),
      4,
    )) {
      await startOnUpload(event, dying).catch(({ message }: Error) => {
        expect(message).toMatch(/^killed/);
        deaths++;
      });
    }
    expect(deaths).toBeGreaterThan(10);
    expect(executions.size).toBe(versions.length);
  });

  test('and once it has started, a copy of the event asks the state machine for nothing', async () => {
    const { store, ports, calls } = deployment();
    await addSubscription(store, subscription('learned-optimizers/mnist'));
    const first = await startOnUpload(manifest(versions[0]), ports);
    expect(first.runs).toMatchObject([{ experiment: 'learned-optimizers/mnist', outcome: 'started' }]);
    const second = await startOnUpload(manifest(versions[0]), ports);
    expect(second.runs).toEqual([{ ...first.runs[0], outcome: 'started before' }]);
    expect(calls()).toBe(1);
  });
});

describe('the claim', () => {
  test('that was left before anything was started is started under its name by the next delivery', async () => {
    const { store, executions, ports } = deployment();
    await addSubscription(store, subscription('learned-optimizers/mnist'));
    const failing = { ...ports, start: () => Promise.reject(new Error('throttled')) };
    await expect(startOnUpload(manifest(versions[0]), failing)).rejects.toThrow('throttled');
    const [key] = await keysOf(store, 'starts/');
    const claimed = JSON.parse(new TextDecoder().decode((await store.get(key!))!.body));
    await startOnUpload(manifest(versions[0]), ports);
    expect([...executions.keys()]).toEqual([claimed.run]);
  });

  test('runs what the store says, also where the subscription was changed in between', async () => {
    const { store, executions, ports } = deployment();
    const failing = { ...ports, start: () => Promise.reject(new Error('throttled')) };
    const before = { ...failing, deployed: [subscription('learned-optimizers/mnist', { seeds: 1 })] };
    await expect(startOnUpload(manifest(versions[0]), before)).rejects.toThrow('throttled');
    const now = { ...ports, deployed: [subscription('learned-optimizers/mnist', { seeds: 9 })] };
    const { runs } = await startOnUpload(manifest(versions[0]), now);
    expect(JSON.parse(executions.get(runs[0]!.run)!).seeds).toBe(1);
    expect((await readRequest(store, runs[0]!.run)).seeds).toBe(1);
  });

  test('of one subscription that fails does not keep the others from starting', async () => {
    const { executions, ports } = deployment([subscription('a/first'), subscription('b/second')]);
    const start: UploadPorts['start'] = async (execution) => {
      if (execution.name.includes('-first-')) throw new Error('throttled');
      return ports.start(execution);
    };
    await expect(startOnUpload(manifest(versions[0]), { ...ports, start })).rejects.toThrow('throttled');
    expect([...executions.keys()]).toEqual([expect.stringContaining('-second-')]);
    await startOnUpload(manifest(versions[0]), ports);
    expect(executions.size).toBe(2);
  });
});

describe('subscriptions', () => {
  test('of the deployment start runs too, and the store’s come first', async () => {
    const deployed = readDeployedSubscriptions(
      JSON.stringify([subscription('a/both', { seeds: 1 }), subscription('a/deployed')]),
    );
    const { store, executions, ports } = deployment(deployed);
    await addSubscription(store, subscription('a/both', { seeds: 2 }));
    await startOnUpload(manifest(versions[0]), ports);
    const requests = [...executions.values()].map((input) => JSON.parse(input));
    expect(requests.map(({ experiment, seeds }) => [experiment, seeds])).toEqual([
      ['a/both', 2],
      ['a/deployed', undefined],
    ]);
    expect(() => readDeployedSubscriptions('[{"dataset":"../x","experiment":"a/b"}]')).toThrow(/named by lower-case/);
  });

  test('of another dataset start nothing', async () => {
    const { store, executions, ports } = deployment();
    await addSubscription(store, subscription('learned-optimizers/mnist'));
    await startOnUpload(manifest(versions[0], 'cifar-10'), ports);
    expect(executions.size).toBe(0);
    expect(await keysOf(store, 'starts/')).toEqual([]);
  });
});

describe('a key', () => {
  test.each([
    'datasets/my digits/0123456789abcdef/_manifest.json',
    'datasets/my+digits/0123456789abcdef/_manifest.json',
    'datasets/ziffern-ä-数字/0123456789abcdef/_manifest.json',
    'datasets/mnist%2F0123456789abcdef/_manifest.json',
    'datasets/%6Dnist/0123456789abcdef/_manifest.json',
    'datasets/mnist/0123456789abcdef/copy/_manifest.json',
    'datasets/mnist/0123456789ABCDEF/_manifest.json',
    'datasets/mnist/v2/_manifest.json',
    'datasets/../0123456789abcdef/_manifest.json',
    'datasets/__proto__/0123456789abcdef/_manifest.json',
    'datasets/mnist/0123456789abcdef/train+labels.idx',
    'runs/mnist/0123456789abcdef/_manifest.json',
    '_manifest.json',
    '',
    `datasets/${'x'.repeat(5_000)}`,
  ])('%j is no manifest, and is left alone', async (key) => {
    const { store, executions, ports } = deployment([subscription('a/b')]);
    expect(await startOnUpload(created(key), ports)).toEqual({ uploaded: null, runs: [] });
    expect(executions.size).toBe(0);
    expect(await keysOf(store)).toEqual([]);
  });
});

describe('what is no event of the bucket', () => {
  test.each([
    [null, /must be EventBridge's 'Object Created'/],
    [[], /must be EventBridge's 'Object Created'/],
    [{ Records: [{ s3: { bucket: { name: bucket }, object: { key: 'a+b' } } }] }, /must be EventBridge's/],
    [{ ...manifest(versions[0]), 'detail-type': 'Object Deleted' }, /'Object Created'/],
    [
      { ...manifest(versions[0]), detail: { bucket: { name: 'other' }, object: { key: 'k' } } },
      /is about the bucket "other"/,
    ],
  ])('%j is refused', async (event, message) => {
    const { ports } = deployment([subscription('a/b')]);
    await expect(startOnUpload(event, ports)).rejects.toThrow(message);
    await expect(startOnUpload(event, ports)).rejects.toMatchObject({ name: 'InvalidEvent' });
  });

  test('and a record that somebody broke is named', async () => {
    const { store, ports } = deployment();
    await store.put(keys.subscriptions('mnist'), '{"formatVersion":1,"subscriptions":[{"dataset":"mnist"}]}');
    await expect(startOnUpload(manifest(versions[0]), ports)).rejects.toThrow(
      /^subscriptions\/mnist\.json is not a record/,
    );
  });
});
