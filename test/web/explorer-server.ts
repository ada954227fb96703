/** The explorer over the API as `stepwise serve` mounts them, on loopback, with answers of the test's own where it wants some. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { mountExplorer } from '../../cli/mount-explorer.ts';
import { createApi } from '../../lib/api/create-api.ts';
import type { ObjectStore } from '../../lib/storage/object-store.ts';
import { apiWorld } from '../api/api-world.ts';

export interface ExplorerServer {
  readonly address: string;
  /** Paths asked for, in order. */
  readonly asked: readonly string[];
  close(): Promise<void>;
}

type OwnAnswer = { readonly status?: number; readonly json: unknown };
/** Answers by `METHOD /path`, in place of the API's: what a test wants an endpoint to say. */
export type OwnAnswers = Readonly<Record<string, (body: unknown) => OwnAnswer>>;

/** The day of the sample store's runs. */
const now = () => Date.parse('2026-11-25T12:00:30.000Z');

export async function startExplorerServer(
  store: ObjectStore,
  own: OwnAnswers = {},
  projectRoot?: string,
): Promise<ExplorerServer> {
  const api = createApi(apiWorld({ store, now }).ports, { loopback: true });
  await mountExplorer(api, projectRoot);
  const asked: string[] = [];
  const app = new Hono();
  app.use(async ({ req }, next) => {
    asked.push(req.path);
    await next();
  });
  for (const [name, answer] of Object.entries(own)) {
    const [method, path] = name.split(' ') as [string, string];
    app.on(method, path, async (context: Context) => {
      const { status = 200, json } = answer(method === 'POST' ? await context.req.json() : undefined);
      return context.json(json as object, status as 200);
    });
  }
  app.all('*', (context) => api.fetch(context.req.raw));

  const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      if ('closeAllConnections' in server) server.closeAllConnections();
      await closed;
    },
  };
}
