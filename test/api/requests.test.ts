import { describe, expect, test } from 'vitest';
import { MemoryObjectStore } from '../../lib/storage/memory-object-store.ts';
import { apiWorld } from './api-world.ts';

const race = '/v1/optimizers/race';
const json = { 'content-type': 'application/json' };
const send = (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = json): RequestInit => ({
  method: 'POST',
  headers,
  body,
});

describe('a body', () => {
  test.each([
    ['50 MB', send(`{"problem":"${'a'.repeat(50_000_000)}"}`), 413, /5242880 bytes/],
    ['a depth of 10⁴', send(`${'['.repeat(10_000)}${']'.repeat(10_000)}`), 400, /64 levels/],
    ['the name __proto__', send('{"problem":"quadratics","__proto__":{"steps":1}}'), 400, /property '__proto__'/],
    ['the name __proto__, escaped, deep inside', send('{"a":[{"\\u005f_proto__":1}]}'), 400, /property '__proto__'/],
    ['no JSON', send('problem=quadratics'), 400, /cannot be parsed/],
    ['JSON that was cut off', send('{"problem":"quad'), 400, /cannot be parsed/],
    ['bytes that are no UTF-8', send(Uint8Array.of(0x22, 0xff, 0x22)), 400, /UTF-8/],
    ['nothing', send(''), 400, /cannot be parsed/],
    ['another type', send('{}', { 'content-type': 'text/plain' }), 415, /"text\/plain"/],
    ['no type', { method: 'POST', body: Uint8Array.of(0x7b, 0x7d) }, 415, /does not say/],
    ['another charset', send('{}', { 'content-type': 'application/json; charset=utf-16' }), 415, /utf-16/],
    ['an array', send('[]'), 400, /expected object/],
  ])('of %s is refused with a problem document', async (_, init, status, detail) => {
    const answer = await apiWorld().ask(race, init);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.json).toMatchObject({ status, instance: expect.stringMatching(/^urn:uuid:[0-9a-f-]{36}$/) });
    expect(answer.json.detail).toMatch(detail);
    expect(answer.json.detail.length).toBeLessThan(2000);
  });

  test('that streams for ever is read to the limit and no further', async () => {
    let sent = 0;
    const body = new ReadableStream({
      pull(controller) {
        sent += 65_536;
        controller.enqueue(new Uint8Array(65_536).fill(0x20));
      },
    });
    const init: RequestInit = { method: 'POST', headers: json, body, duplex: 'half' };
    const { status } = await apiWorld().ask(race, init);
    expect(status).toBe(413);
    expect(sent).toBeLessThan(6_000_000);
  });

  test('whose sender goes away in the middle is the sender’s fault, and no error here', async () => {
    const body = new ReadableStream({
      start: (controller) => controller.enqueue(new TextEncoder().encode('{"problem":')),
      pull: (controller) => controller.error(new Error('aborted')),
    });
    const { ask, log } = apiWorld();
    const { status, json: problem } = await ask(race, { method: 'POST', headers: json, body, duplex: 'half' });
    expect([status, problem.detail]).toEqual([400, 'The body ended before it was whole.']);
    expect(log.filter(({ level }) => level === 'error')).toEqual([]);
  });

  test('leaves Object.prototype alone', async () => {
    await apiWorld().ask(race, send('{"constructor":{"prototype":{"polluted":1}}}'));
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});

describe('an answer', () => {
  test('to a path that is none, or another method, is a problem document', async () => {
    const { get, ask } = apiWorld();
    expect((await get('/v1/nothing')).json).toMatchObject({
      status: 404,
      detail: expect.stringContaining('/openapi.json'),
    });
    for (const [path, method, allowed] of [
      ['/v1/results', 'DELETE', 'GET, HEAD'],
      ['/v1/runs/a-run', 'PUT', 'GET, HEAD'],
      ['/openapi.json', 'OPTIONS', 'GET, HEAD'],
      [race, 'GET', 'POST'],
    ] as const) {
      const { status, headers, json } = await ask(path, { method });
      expect([status, headers.get('allow'), json.type]).toEqual([
        405,
        allowed,
        'urn:stepwise:problem:method-not-allowed',
      ]);
    }
    const head = await ask('/v1/results', { method: 'HEAD' });
    expect([head.status, head.text]).toEqual([200, '']);
  });

  test('that is an error has an id that finds its line in the log, and nothing of what lies inside', async () => {
    class BrokenStore extends MemoryObjectStore {
      override get(): Promise<never> {
        return Promise.reject(new Error('secret at /home/someone/key?X-Amz-Signature=abc'));
      }
    }
    const broken = apiWorld({ store: new BrokenStore() });
    const { status, json: problem, text } = await broken.get('/v1/results');
    expect([status, problem.title]).toEqual([500, 'Internal error']);
    expect(text).not.toMatch(/secret|home|Amz/);
    const line = broken.log.find(({ details }) => details.request === problem.instance && 'stack' in details);
    expect(line).toMatchObject({ level: 'error', details: { error: 'Error' } });
  });

  test('is logged by method, path, status and time, never by body, query or header', async () => {
    const { log, ask } = apiWorld();
    await ask(
      `${race}?X-Amz-Security-Token=SECRET1`,
      send('{"problem":"SECRET2"}', { ...json, authorization: 'SECRET3' }),
    );
    expect(log.some(({ message }) => message === 'request')).toBe(true);
    expect(JSON.stringify(log)).not.toMatch(/SECRET[13]/);
  });

  test('lets nothing be guessed, framed or loaded', async () => {
    const { headers } = await apiWorld().get('/v1/results');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('access-control-allow-origin')).toBeNull();
  });
});

describe('on loopback', () => {
  test.each([
    [{ host: '127.0.0.1:4173' }, 200],
    [{ host: 'localhost:4173', origin: 'http://localhost:4173' }, 200],
    [{ host: 'evil.example:4173' }, 403],
    [{ host: '127.0.0.1.evil.example' }, 403],
    [{ host: '127.0.0.1:4173', origin: 'https://evil.example' }, 403],
    [{ host: '127.0.0.1:4173', origin: 'null' }, 403],
    // Another server on this machine is another origin.
    [{ host: '127.0.0.1:4173', origin: 'http://127.0.0.1:8080' }, 403],
  ])('%j is answered %i', async (headers, status) => {
    const answer = await apiWorld({ loopback: true }).get('/v1/results', headers as Record<string, string>);
    expect(answer.status).toBe(status);
  });
});

describe('many requests', () => {
  test('beyond the limit of those that compute are refused at once, and taken again when others are through', async () => {
    const { post } = apiWorld({ limits: { concurrentComputations: 2 } });
    const compute = () => post(race, { problem: 'quadratics', optimizers: ['ADAM'], steps: 50 });
    const answers = await Promise.all([compute(), compute(), compute()]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 503]);
    expect(answers.find(({ status }) => status === 503)!.headers.get('retry-after')).toBe('5');
    expect((await compute()).status).toBe(200);
  });
});
