/** What the servers of the tests share: listening on loopback, and a request's body as text. */
import { once } from 'node:events';
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** `http://127.0.0.1:PORT` */
export async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export function readBody(request: IncomingMessage): Promise<string> {
  return text(request);
}
