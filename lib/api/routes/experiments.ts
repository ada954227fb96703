/** `GET /v1/experiments`: what `stepwise list --json` says. */
import { createRoute, z } from '@hono/zod-openapi';
import { presetNames, verdictOutcomes } from '../../pipeline/experiment.ts';
import { readResultIndex } from '../../pipeline/result-index.ts';
import type { ApiApp, ApiPorts } from '../ports.ts';
import { problems } from '../problem.ts';

export const experimentsSchema = z
  .strictObject({
    experiments: z.array(
      z.strictObject({
        name: z.string(),
        paper: z.strictObject({ arxiv: z.string(), title: z.string(), place: z.string() }),
        claim: z.string(),
        presets: z.array(z.enum(presetNames)),
        lastVerdict: z
          .strictObject({
            outcome: z.enum(verdictOutcomes),
            run: z.string(),
            preset: z.enum(presetNames),
            finishedAt: z.string(),
          })
          .nullable(),
      }),
    ),
  })
  .openapi('Experiments');

const route = createRoute({
  method: 'get',
  path: '/v1/experiments',
  operationId: 'listExperiments',
  summary: 'Experiments with claim, source, presets and last verdict',
  tags: ['results'],
  responses: {
    200: { description: 'All of them', content: { 'application/json': { schema: experimentsSchema } } },
    ...problems(),
  },
});

export function registerExperiments(app: ApiApp, { store, loadExperiments }: ApiPorts): void {
  app.openapi(route, async (context) => {
    const index = await readResultIndex(store);
    const experiments = await loadExperiments();
    const rows = experiments.all().map(({ name, source, claim, presets }) => {
      const last = index.findLast(({ experiment }) => experiment === name);
      return {
        name,
        paper: { arxiv: source.arxiv, title: source.title, place: source.place },
        claim,
        presets: presetNames.filter((preset) => preset in presets),
        lastVerdict: last
          ? { outcome: last.outcome, run: last.run, preset: last.preset, finishedAt: last.finishedAt }
          : null,
      };
    });
    return context.json({ experiments: rows }, 200);
  });
}
