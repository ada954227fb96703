/** Serves the explorer's files and the reading routes over a store, on loopback: what `stepwise serve` does, for tests. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { experiments } from '../../lib/experiments.ts';
import { presetNames } from '../../lib/pipeline/experiment.ts';
import { keys } from '../../lib/pipeline/keys.ts';
import { listRegressions } from '../../lib/pipeline/regression-records.ts';
import { readResultIndex } from '../../lib/pipeline/result-index.ts';
import { listRuns, readRunDocument } from '../../lib/pipeline/run-records.ts';
import type { ObjectStore } from '../../lib/storage/object-store.ts';
import { buildExplorer, explorerPolicy } from '../../web/build.ts';

export interface ExplorerServer {
  readonly address: string;
  /** Paths asked for, in order. */
  readonly asked: readonly string[];
  close(): Promise<void>;
}

type Answer = { readonly status?: number; readonly json: unknown };
/** Answers of routes that need no store, by `METHOD /path`: what a test wants the endpoints to say. */
export type ExtraRoutes = Readonly<Record<string, (body: unknown) => Answer>>;

const reportPolicy = "sandbox allow-scripts; default-src 'none'; style-src 'unsafe-inline'; img-src data:";

export async function startExplorerServer(store: ObjectStore, extra: ExtraRoutes = {}): Promise<ExplorerServer> {
  const files = await buildExplorer();
  const asked: string[] = [];
  const server = createServer(async (request, response) => {
    asked.push(request.url!);
    try {
      await answer(request, response);
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      sendJson(response, { status: 404, json: { title: 'Not found', status: 404, detail, instance: 'urn:uuid:1' } });
    }
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url!, 'http://localhost');
    const own = extra[`${request.method} ${pathname}`];
    if (own) return sendJson(response, own(JSON.parse((await readBody(request)) || 'null')));
    const file = files.get(pathname === '/' ? 'index.html' : pathname.slice(1));
    if (file) {
      response.writeHead(200, { 'content-type': file.contentType, 'content-security-policy': explorerPolicy });
      response.end(file.body);
      return;
    }
    const parts = pathname.slice(1).split('/');
    if (parts[0] === 'reports') {
      const object = await store.get(keys.report(parts[1]!, parts[2]!));
      response.writeHead(object ? 200 : 404, { 'content-type': 'text/html', 'content-security-policy': reportPolicy });
      response.end(object?.body);
      return;
    }
    sendJson(response, { json: await read(parts.slice(1), searchParams) });
  }

  async function read([resource, ...rest]: readonly string[], query: URLSearchParams): Promise<unknown> {
    const index = await readResultIndex(store);
    if (resource === 'experiments') return { experiments: experiments.all().map((row) => describe(row, index)) };
    if (resource === 'regressions') {
      const [experiment, limit] = [query.get('experiment')!, Number(query.get('limit'))];
      return { regressions: await listRegressions(store, { experiment, limit }) };
    }
    if (resource === 'results' && rest.length === 0) {
      const experiment = query.get('experiment');
      const results = index.filter((entry) => experiment === null || entry.experiment === experiment).reverse();
      return { results };
    }
    const run = rest.at(-1);
    if (run === undefined) {
      const finished = new Set(index.map(({ run }) => run));
      const open = (await listRuns(store)).filter((run) => !finished.has(run));
      return { runs: await Promise.all(open.map(describeOpen)) };
    }
    const document = await readDocument(run);
    return resource === 'results' ? document : { document, state: await readJson(keys.runState(run)) };
  }

  const readDocument = (run: string) =>
    readRunDocument(store, run, (name) => experiments.find(name), {
      code: '',
      backend: 'wasm-plain',
      threads: 1,
      hardware: 'a test',
    });

  async function describeOpen(run: string) {
    const { experiment, preset, status, startedAt } = await readDocument(run);
    return { run, experiment, preset, status, startedAt, updatedAt: null };
  }

  async function readJson(key: string): Promise<unknown> {
    const object = await store.get(key);
    return object ? JSON.parse(new TextDecoder().decode(object.body)) : null;
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

type Index = Awaited<ReturnType<typeof readResultIndex>>;

function describe(row: ReturnType<typeof experiments.find>, index: Index) {
  const last = index.findLast(({ experiment }) => experiment === row.name);
  const { arxiv, title, place } = row.source;
  return {
    name: row.name,
    paper: { arxiv, title, place },
    claim: row.claim,
    presets: presetNames.filter((preset) => preset in row.presets),
    lastVerdict: last ?? null,
  };
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

function sendJson(response: ServerResponse, { status = 200, json }: Answer): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(json));
}
