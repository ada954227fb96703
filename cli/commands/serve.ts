/** `stepwise serve`: the explorer and the HTTP API over a store, for this machine alone. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { serve as listen } from '@hono/node-server';
import { openApiPorts } from '../../functions/api-ports.ts';
import { createApi } from '../../lib/api/create-api.ts';
import { newestResults } from '../../lib/pipeline/result-index.ts';
import { redactingReplacer } from '../../lib/redact.ts';
import { CannotListen } from '../errors.ts';
import type { ExitCode } from '../exit-code.ts';
import { interruptible } from '../interruption.ts';
import { mountExplorer } from '../mount-explorer.ts';
import type { Terminal } from '../terminal.ts';

const loopback = '127.0.0.1';

export async function serve(
  options: { readonly store: string; readonly port: number },
  terminal: Terminal,
): Promise<ExitCode> {
  const ports = await openApiPorts(
    (level, message, details) => {
      if (level !== 'info') terminal.tell(`${level}: ${message} ${JSON.stringify(details, redactingReplacer)}`);
    },
    { ...process.env, STEPWISE_STORE: options.store },
  );
  // A bucket that cannot be read is said now, and not to whoever opens the page.
  const newest = await newestResults(ports.store).next();
  const api = createApi(ports, { loopback: true });
  await mountExplorer(api);

  const server = listen({ fetch: api.fetch, hostname: loopback, port: options.port });
  // An `error` event in place of this one rejects.
  await once(server, 'listening').catch((error: NodeJS.ErrnoException) => {
    throw new CannotListen(options.port, error);
  });
  terminal.print(`http://${loopback}:${(server.address() as AddressInfo).port}`);
  terminal.tell(
    `Serving ${ports.store.location} (${newest.done ? 'no run has finished there yet' : `newest run: ${newest.value.run}`}) to this machine. Ctrl-C ends it.`,
  );

  await interruptible(terminal, (signal) => once(signal, 'abort'));
  server.close();
  // A page that polls would keep its connection open.
  if ('closeAllConnections' in server) server.closeAllConnections();
  return 0;
}
