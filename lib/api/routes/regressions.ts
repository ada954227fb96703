/** `GET /v1/regressions`: what changed from run to run, as Aggregate wrote it down. */
import { createRoute, z } from '@hono/zod-openapi';
import type { ApiApp, ApiPorts } from '../ports.ts';
import { problems } from '../problem.ts';

const prefix = 'regressions/';
const mostReports = 1000;
/** Reports that are read at one time. */
const concurrentReads = 16;

/** Passed on as it lies in the store. */
const regressionReport = z.record(z.string(), z.unknown()).openapi('RegressionReport');
export const regressionsSchema = z.strictObject({ regressions: z.array(regressionReport) }).openapi('Regressions');

const route = createRoute({
  method: 'get',
  path: '/v1/regressions',
  operationId: 'listRegressions',
  summary: 'Regression reports, newest first',
  tags: ['results'],
  request: { query: z.object({ limit: z.coerce.number().int().min(1).max(mostReports).default(100) }) },
  responses: {
    200: { description: 'Newest first', content: { 'application/json': { schema: regressionsSchema } } },
    ...problems(),
  },
});

export function registerRegressions(app: ApiApp, { store }: ApiPorts): void {
  app.openapi(route, async (context) => {
    const { limit } = context.req.valid('query');
    const found: string[] = [];
    for await (const { key } of store.list(prefix)) if (key.endsWith('.json')) found.push(key);
    // A run's name begins with its time.
    const nameOf = (key: string) => key.split('/').at(-1)!;
    const newest = found.sort((a, b) => (nameOf(a) < nameOf(b) ? 1 : -1)).slice(0, limit);
    const regressions: Record<string, unknown>[] = [];
    for (let from = 0; from < newest.length; from += concurrentReads) {
      const objects = await Promise.all(newest.slice(from, from + concurrentReads).map((key) => store.get(key)));
      for (const object of objects) if (object) regressions.push(JSON.parse(new TextDecoder().decode(object.body)));
    }
    return context.json({ regressions }, 200);
  });
}
