import type { ChildProcess } from 'node:child_process';
import { on, once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keys } from '../../lib/pipeline/keys.ts';
import { openStore } from '../../lib/storage/open-store.ts';
import { startStepwise } from '../end-to-end/command-line.ts';
import { newTemporaryFolder } from '../temporary-folder.ts';
import { runCommand } from './run-command.ts';

interface Served {
  readonly address: string;
  readonly port: number;
  readonly process: ChildProcess;
  readonly ended: ReturnType<typeof startStepwise>['ended'];
}

async function serve(store: string): Promise<Served> {
  const { process, ended } = startStepwise(['serve', '--port', '0', '--store', store]);
  const early = ended.then(({ code, stderr }) => {
    throw new Error(`stepwise serve ended with ${code}: ${stderr}`);
  });
  early.catch(() => {});
  const [line] = await Promise.race([once(process.stdout!, 'data'), early]);
  const address = String(line).trim();
  return { address, port: Number(new URL(address).port), process, ended };
}

/** A connection that has sent so much, and reads nothing. */
async function stalledClient(port: number, sent: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.on('error', () => {});
  socket.pause();
  await new Promise<void>((done) => socket.write(sent, () => done()));
  return socket;
}

/** Status by a name for this host that a browser could have been given. */
async function statusFor(url: string, headers: Record<string, string>): Promise<number> {
  const request = httpRequest(url, { headers });
  request.end();
  const [response] = await once(request, 'response');
  response.resume();
  return response.statusCode;
}

const largePage = `<!doctype html>${' '.repeat(30_000_000)}`;

describe('stepwise serve', () => {
  let folder: string;
  let served: Served;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'stepwise-serve-'));
    await (await openStore(folder)).put(keys.report('a-run', 'index.html'), largePage);
    served = await serve(folder);
  });
  afterAll(async () => {
    served?.process.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  });

  test('shows the explorer and answers the API at one address', async () => {
    const page = await fetch(served.address);
    expect(page.headers.get('content-type')).toMatch(/^text\/html/);
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self'");
    const script = /src="\/?(explorer-[0-9a-f]+\.js)"/.exec(await page.text())![1]!;
    expect((await fetch(`${served.address}/${script}`)).headers.get('cache-control')).toContain('immutable');
    expect(await (await fetch(`${served.address}/v1/results`)).json()).toEqual({ results: [] });
    const race = await fetch(`${served.address}/v1/optimizers/race`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ problem: 'quadratics', steps: 5 }),
    });
    expect([race.status, ((await race.json()) as { curves: unknown[] }).curves.length]).toEqual([200, 5]);
  });

  test('listens on 127.0.0.1, and on no other address of this machine', async () => {
    expect(new URL(served.address).hostname).toBe('127.0.0.1');
    // Another address of the same loopback interface: a socket on all interfaces would answer there.
    const socket = connect(served.port, '127.0.0.2');
    const [error] = await once(socket, 'error');
    expect(['ECONNREFUSED', 'EADDRNOTAVAIL']).toContain((error as NodeJS.ErrnoException).code);
  });

  test.each(['/', '/v1/results', '/openapi.json', '/reports/a-run/index.html'])(
    '%s is not for a page of another site, nor for another name that was made to point here',
    async (path) => {
      const { port } = served;
      expect(await statusFor(`${served.address}${path}`, { host: `localhost:${port}` })).toBe(200);
      expect(await statusFor(`${served.address}${path}`, { host: `evil.example:${port}` })).toBe(403);
      expect(await statusFor(`${served.address}${path}`, { origin: 'https://evil.example' })).toBe(403);
    },
  );

  test('answers others while clients send half a request, or stop reading', async () => {
    const { port, address } = served;
    const host = `Host: 127.0.0.1:${port}\r\n`;
    const stalled = await Promise.all([
      stalledClient(port, 'GET /v1/res'),
      stalledClient(port, `GET /v1/results HTTP/1.1\r\n${host}`),
      stalledClient(
        port,
        `POST /v1/digits/classify HTTP/1.1\r\n${host}Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"pixels":[`,
      ),
      ...Array.from({ length: 8 }, () => stalledClient(port, `GET /reports/a-run/index.html HTTP/1.1\r\n${host}\r\n`)),
    ]);
    const answers = await Promise.all(Array.from({ length: 20 }, () => fetch(`${address}/v1/results`)));
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    // Whoever reads on gets the whole.
    expect((await (await fetch(`${address}/reports/a-run/index.html`)).text()).length).toBe(largePage.length);
    for (const socket of stalled) socket.destroy();
  });

  test('does not go on computing for clients that have gone', async () => {
    const { address, port } = served;
    const body = JSON.stringify({ problem: 'quadratics', steps: 500 });
    const head = `POST /v1/optimizers/race HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json`;
    const client = await stalledClient(port, `${head}\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    const logged = on(served.process.stderr!, 'data');
    client.destroy();
    let log = '';
    for await (const [piece] of logged) {
      log += String(piece);
      if (log.includes('request refused')) break;
    }
    expect(log).toContain('"error":"ClientGone"');
    expect((await fetch(`${address}/v1/results`)).status).toBe(200);
  });

  test('bytes that are no HTTP, and paths that are none, end nothing', async () => {
    const { port, address } = served;
    const rubbish = await stalledClient(port, '\u0000\u0001\u0002 no HTTP\r\n\r\n');
    rubbish.resume();
    await once(rubbish, 'close');
    for (const path of [
      '/%',
      '/%ff',
      '/v1/%e0%a4%a',
      '/../../etc/passwd',
      '//evil.example/',
      '/reports/..%2f/x.html',
    ]) {
      const status = await statusFor(`${address}${path}`, {});
      expect([400, 404], path).toContain(status);
    }
    expect((await fetch(`${address}/v1/results`)).status).toBe(200);
  });

  test('on a port that is taken says so, and ends with 2', async () => {
    const { code, stdout, stderr } = await runCommand(['serve', '--port', String(served.port), '--store', folder]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(
      `error: Port ${served.port} of 127.0.0.1 cannot be used: another program listens there. Name another with --port`,
    );
  });

  test('ends with 0 at Ctrl-C, with requests under way and connections open', async () => {
    const { port, process, ended } = served;
    const stalled = await Promise.all([
      stalledClient(port, 'GET /v1/res'),
      stalledClient(port, `GET /reports/a-run/index.html HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`),
    ]);
    process.kill('SIGINT');
    const { code, stderr } = await ended;
    expect(code).toBe(0);
    expect(stderr).not.toMatch(/\n\s+at /);
    for (const socket of stalled) socket.destroy();
    // The port is free again.
    const next = createServer().listen(port, '127.0.0.1');
    await once(next, 'listening');
    next.close();
  });
});

describe('a store', () => {
  test('that is not there yet is served as the empty one that it is, and not made', async () => {
    const store = join(await newTemporaryFolder(), 'none');
    const { address, process, ended } = await serve(store);
    expect(await (await fetch(`${address}/v1/runs`)).json()).toEqual({ runs: [] });
    process.kill('SIGTERM');
    const { code, stderr } = await ended;
    expect(code).toBe(0);
    expect(stderr).toContain('no run has finished there yet');
    expect(existsSync(store)).toBe(false);
  });

  test('that cannot be one ends with 2 before anything listens', async () => {
    const folder = await newTemporaryFolder();
    await writeFile(join(folder, 'file'), 'no store');
    const { code, stdout, stderr } = await runCommand(['serve', '--port', '0', '--store', join(folder, 'file')]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^error: .*cannot be a store/m);
  });
});
