/** Records of the store in answers: checked when they are read, and described by the schema that checked them. */
import { z } from '@hono/zod-openapi';
import type { z as plain } from 'zod';
import { regressionReportSchema } from '../../pipeline/regressions/regression.ts';
import { runDocumentSchema } from '../../pipeline/run-document.ts';

/** @param name in the OpenAPI document */
function storedRecord<T>(name: string, schema: plain.ZodType<T>) {
  const { $schema: _, $defs: __, ...described } = z.toJSONSchema(schema, { unrepresentable: 'any' });
  return z.custom<T>().openapi(name, withoutLocalReferences(described) as object);
}

/**
 * Only `z.json()` refers to itself, in definitions beside the schema that have no place in an OpenAPI document: any JSON is what
 * an empty schema says, too.
 */
function withoutLocalReferences(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutLocalReferences);
  if (typeof schema !== 'object' || schema === null) return schema;
  if ('$ref' in schema) return {};
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, withoutLocalReferences(value)]));
}

export const runDocument = storedRecord('RunDocument', runDocumentSchema);
export const regressionReport = storedRecord('RegressionReport', regressionReportSchema);
