/** Stands before an S3 server and does to requests what a bad hour does: 500, 503 Slow Down, 429, dropped connections, seconds without an answer. */
import { once } from 'node:events';
import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RandomStream } from '../../lib/numerics/random.ts';

export interface UnreliableProxy {
  readonly endpoint: string;
  /** The share of requests that go wrong from now on. */
  failingShare: number;
  /** How many went wrong, by kind. */
  readonly failures: Readonly<Record<string, number>>;
  stop(): Promise<void>;
}

const answers = {
  'internal error': { status: 500, code: 'InternalError' },
  'slow down': { status: 503, code: 'SlowDown' },
  throttled: { status: 429, code: 'TooManyRequests' },
} as const;
type FailureKind = keyof typeof answers | 'dropped before it arrives' | 'answer lost' | 'late';
const kinds: readonly FailureKind[] = [
  ...(Object.keys(answers) as (keyof typeof answers)[]),
  'dropped before it arrives',
  'answer lost',
  'late',
];

/** On loopback, before `http://127.0.0.1:PORT`. */
export async function startUnreliableProxy(target: string, random: RandomStream): Promise<UnreliableProxy> {
  const { hostname, port } = new URL(target);
  const failures = Object.fromEntries(kinds.map((kind) => [kind, 0])) as Record<FailureKind, number>;
  const server = createServer(async (incoming, answer) => {
    const kind = random.uniform() < proxy.failingShare ? kinds[random.uniformInteger(kinds.length)]! : undefined;
    if (kind) failures[kind]++;
    if (kind === 'dropped before it arrives') {
      incoming.socket.destroy();
      return;
    }
    if (kind && kind in answers) {
      refuse(incoming, answer, answers[kind as keyof typeof answers]);
      return;
    }
    if (kind === 'late') await sleep(300);
    const passed = forward({ hostname, port, path: incoming.url, method: incoming.method, headers: incoming.headers });
    passed.on('response', (response) => {
      // The server has done what it was asked; the client will never know.
      if (kind === 'answer lost') {
        response.resume();
        incoming.socket.destroy();
        return;
      }
      answer.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(answer);
    });
    passed.on('error', () => incoming.socket.destroy());
    incoming.on('error', () => passed.destroy());
    incoming.pipe(passed);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    failingShare: 0,
    failures,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return proxy;
}

function refuse(incoming: IncomingMessage, answer: ServerResponse, { status, code }: { status: number; code: string }) {
  incoming.resume();
  answer.writeHead(status, { 'content-type': 'application/xml' });
  answer.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>a bad hour</Message></Error>`);
}
