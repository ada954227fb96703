/** A run's document in answers: `runDocumentSchema`, described as far as OpenAPI's generator can say it. */
import { z } from '@hono/zod-openapi';
import { runDocumentSchema } from '../../pipeline/run-document.ts';

export const runDocument = z
  .custom<z.infer<typeof runDocumentSchema>>()
  .openapi(
    'RunDocument',
    z.toJSONSchema(runDocumentSchema, { target: 'openapi-3.0', unrepresentable: 'any' }) as object,
  );
