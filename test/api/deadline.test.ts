import { getEventListeners } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Deadline } from '../../lib/api/deadline.ts';
import { DeadlineExceeded } from '../../lib/api/errors.ts';
import { MemoryObjectStore } from '../../lib/storage/memory-object-store.ts';
import { apiWorld } from './api-world.ts';

const never = new Promise<never>(() => {});

describe('a deadline', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
  afterEach(() => void vi.useRealTimers());

  test('lets computing go on until it is over, and then ends it', async () => {
    const deadline = new Deadline(1000);
    await deadline.breathe();
    vi.advanceTimersByTime(999);
    await deadline.breathe();
    vi.advanceTimersByTime(1);
    await expect(deadline.breathe()).rejects.toThrow('longer than the 1 s that a request has. Ask for less work');
    expect(deadline.signal.reason).toBeInstanceOf(DeadlineExceeded);
  });

  test('is noticed by whoever computed through it, though no timer could fire', () => {
    const deadline = new Deadline(1000);
    const before = performance.now();
    vi.spyOn(performance, 'now').mockReturnValue(before + 1001);
    expect(() => deadline.check()).toThrow(DeadlineExceeded);
    vi.restoreAllMocks();
  });

  test('gives what the work gives, and does not wait for work that is late', async () => {
    const deadline = new Deadline(1000);
    await expect(deadline.race(Promise.resolve('done'))).resolves.toBe('done');
    await expect(deadline.race(Promise.reject(new Error('failed')))).rejects.toThrow('failed');
    const late = deadline.race(never);
    vi.advanceTimersByTime(1000);
    await expect(late).rejects.toThrow(DeadlineExceeded);
  });

  test('stops what still computes once the request is answered, and keeps no timer', async () => {
    const deadline = new Deadline(1000);
    deadline.end();
    expect(vi.getTimerCount()).toBe(0);
    await expect(deadline.breathe()).rejects.toThrow(DeadlineExceeded);
  });
});

describe('a client that goes away', () => {
  test('stops what computes for it, makes room for others, and is no error of the server', async () => {
    const { ask, post, log } = apiWorld({ limits: { concurrentComputations: 1 } });
    // Modules are loaded; from here on a turn of the event loop is a step of a race.
    await post('/v1/optimizers/race', { problem: 'quadratics', steps: 1 });
    const client = new AbortController();
    const abandoned = ask('/v1/optimizers/race', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ problem: 'quadratics', steps: 500 }),
      signal: client.signal,
    });
    const race = () => post('/v1/optimizers/race', { problem: 'quadratics', optimizers: ['SGD'], steps: 1 });
    // It has the only place.
    let other = await race();
    expect(other.status).toBe(503);
    client.abort();
    expect((await abandoned).json.type).toBe('urn:stepwise:problem:client-gone');
    // Its work ends at its next breath, and not after five times five hundred steps.
    for (let turn = 0; turn < 50 && other.status === 503; turn++) {
      await setImmediate();
      other = await race();
    }
    expect(other.status).toBe(200);
    expect(log.filter(({ level, details }) => level === 'error' && details.error !== 'TooBusy')).toEqual([]);
  });
});

describe('a request', () => {
  test('whose store does not answer is answered when its time is over, and others before that', async () => {
    class HangingStore extends MemoryObjectStore {
      override get(key: string) {
        return key.startsWith('results/') ? never : super.get(key);
      }
    }
    const { get, log } = apiWorld({ store: new HangingStore(), limits: { deadlineMilliseconds: 200 } });
    const order: string[] = [];
    const slow = get('/v1/results').then((answer) => {
      order.push('slow');
      return answer;
    });
    const report = await get('/reports/a-run/index.html');
    order.push('other');
    const { status, headers, json } = await slow;
    expect([report.status, status, headers.get('retry-after')]).toEqual([404, 503, '5']);
    expect(json.type).toBe('urn:stepwise:problem:deadline-exceeded');
    expect(order).toEqual(['other', 'slow']);
    expect(log.find(({ message, details }) => message === 'request' && details.path === '/v1/results')).toMatchObject({
      details: { request: json.instance, status: 503 },
    });
  });
});

test('leaves no listener on the caller’s signal, which would keep the request for ever', async () => {
  const { signal } = new AbortController();
  for (let request = 0; request < 3; request++) {
    const deadline = new Deadline(60_000, signal);
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    await deadline.race(Promise.resolve());
    deadline.end();
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  }
});
