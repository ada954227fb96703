/** `GET /v1/regressions`: what changed from run to run, as Aggregate wrote it down. */
import { createRoute, z } from '@hono/zod-openapi';
import { listRegressions } from '../../pipeline/regressions/regression-records.ts';
import type { ApiApp, ApiPorts } from '../ports.ts';
import { problems } from '../problem.ts';
import { experimentName } from './names.ts';
import { regressionReport } from './stored-record.ts';

const mostReports = 200;

export const regressionsSchema = z.strictObject({ regressions: z.array(regressionReport) }).openapi('Regressions');

const route = createRoute({
  method: 'get',
  path: '/v1/regressions',
  operationId: 'listRegressions',
  summary: 'Regression reports, newest first: runs whose numbers or verdict were not those of the run before',
  tags: ['results'],
  request: {
    query: z.object({
      experiment: experimentName.optional(),
      limit: z.coerce.number().int().min(1).max(mostReports).default(50),
    }),
  },
  responses: {
    200: { description: 'Newest first', content: { 'application/json': { schema: regressionsSchema } } },
    ...problems(),
  },
});

export function registerRegressions(app: ApiApp, { store }: ApiPorts): void {
  app.openapi(route, async (context) => {
    const { experiment, limit } = context.req.valid('query');
    const of = experiment === undefined ? {} : { experiment };
    return context.json({ regressions: [...(await listRegressions(store, { ...of, limit }))] }, 200);
  });
}
