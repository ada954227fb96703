/** `GET /reports/{run}/{file}`: a run's report and its pictures. */
import { createRoute, z } from '@hono/zod-openapi';
import { keys } from '../../pipeline/keys.ts';
import { NotFound } from '../errors.ts';
import type { ApiApp, ApiPorts } from '../ports.ts';
import { problems } from '../problem.ts';
import { reportPolicy } from '../security.ts';
import { runName } from './names.ts';

const contentTypes: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  md: 'text/markdown; charset=utf-8',
  png: 'image/png',
  svg: 'image/svg+xml',
  json: 'application/json',
};

const fileName = z
  .string()
  .max(200)
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]*\.(html|md|png|svg|json)$/,
    'a file of a report: index.html, report.md, a picture',
  );

const route = createRoute({
  method: 'get',
  path: '/reports/{run}/{file}',
  operationId: 'readReport',
  summary: 'A file of a run’s report',
  tags: ['results'],
  request: { params: z.object({ run: runName, file: fileName.openapi({ example: 'index.html' }) }) },
  responses: {
    200: {
      description: 'The page, its Markdown or a picture',
      content: {
        'text/html': { schema: z.string() },
        'image/png': { schema: z.string().openapi({ format: 'binary' }) },
      },
    },
    ...problems(404),
  },
});

export function registerReports(app: ApiApp, { store }: ApiPorts): void {
  app.openapi(route, async (context) => {
    const { run, file } = context.req.valid('param');
    const object = await store.get(keys.report(run, file));
    if (!object) throw new NotFound(`Run ${run} has no ${file} in its report.`);
    const type = contentTypes[file.slice(file.lastIndexOf('.') + 1)]!;
    return context.body(new Uint8Array(object.body), 200, {
      'content-type': type,
      'content-security-policy': reportPolicy,
      // The sandboxed page has an origin of its own, and still shows its pictures.
      'cross-origin-resource-policy': 'cross-origin',
    }) as never;
  });
}
