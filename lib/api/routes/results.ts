/** `GET /v1/results` and one result: runs that have finished. */
import { createRoute, z } from '@hono/zod-openapi';
import { presetNames, verdictOutcomes } from '../../pipeline/experiment.ts';
import { keys } from '../../pipeline/keys.ts';
import { readRecord } from '../../pipeline/records.ts';
import { newestResults, type ResultIndexEntry } from '../../pipeline/result-index.ts';
import { runDocumentSchema } from '../../pipeline/run-document.ts';
import { NotFound } from '../errors.ts';
import type { ApiApp, ApiPorts } from '../ports.ts';
import { problems } from '../problem.ts';
import { experimentName, experimentPath, runName } from './names.ts';
import { runDocument } from './stored-record.ts';

export const resultsSchema = z
  .strictObject({
    results: z.array(
      z.strictObject({
        run: z.string(),
        experiment: z.string(),
        preset: z.enum(presetNames),
        outcome: z.enum(verdictOutcomes),
        finishedAt: z.string(),
      }),
    ),
  })
  .openapi('Results');

const listRoute = createRoute({
  method: 'get',
  path: '/v1/results',
  operationId: 'listResults',
  summary: 'Runs that have finished, newest first',
  tags: ['results'],
  request: {
    query: z.object({
      experiment: experimentName.optional(),
      limit: z.coerce.number().int().min(1).max(10_000).default(1000),
    }),
  },
  responses: {
    200: { description: 'Newest first', content: { 'application/json': { schema: resultsSchema } } },
    ...problems(),
  },
});

const oneRoute = createRoute({
  method: 'get',
  path: '/v1/results/{paper}/{experiment}/{run}',
  operationId: 'readResult',
  summary: 'The document of a run that has finished',
  tags: ['results'],
  request: { params: z.object({ ...experimentPath, run: runName }) },
  responses: {
    200: {
      description: 'As it lies in results/',
      content: { 'application/json': { schema: runDocument } },
    },
    ...problems(404),
  },
});

export function registerResults(app: ApiApp, { store }: ApiPorts): void {
  app.openapi(listRoute, async (context) => {
    const { experiment, limit } = context.req.valid('query');
    const results: ResultIndexEntry[] = [];
    for await (const entry of newestResults(store)) {
      if (experiment === undefined || entry.experiment === experiment) results.push(entry);
      if (results.length === limit) break;
    }
    return context.json({ results }, 200);
  });

  app.openapi(oneRoute, async (context) => {
    const { paper, experiment, run } = context.req.valid('param');
    const document = await readRecord(store, keys.result(`${paper}/${experiment}`, run), runDocumentSchema);
    if (!document) throw new NotFound(`No run ${run} of ${paper}/${experiment} has finished in this store.`);
    return context.json(document, 200);
  });
}
