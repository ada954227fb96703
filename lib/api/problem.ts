/** Errors as problem documents (RFC 9457): what went wrong in words, and an `instance` that finds the line in the log. */
import { z } from '@hono/zod-openapi';
import { HTTPException } from 'hono/http-exception';
import { DatasetMissing } from '../datasets/errors.ts';
import { ArtifactCorrupt, InvalidRecord, UnknownExperiment, UnknownRun } from '../pipeline/errors.ts';
import { InvalidKey, InvalidLine, ObjectNotFound, StoreUnreachable } from '../storage/errors.ts';
import { ApiError } from './errors.ts';

export const problemType = 'application/problem+json';

export const problemSchema = z
  .strictObject({
    type: z.string().openapi({ description: 'The kind of problem', example: 'urn:stepwise:problem:model-missing' }),
    title: z.string().openapi({ description: 'The same for every problem of the kind' }),
    status: z.number().int().openapi({ description: 'As the HTTP status' }),
    detail: z.string().openapi({ description: 'What must hold, what came, what to do' }),
    instance: z.string().openapi({
      description: 'This occurrence; the same identifier is in the line of the log',
      example: 'urn:uuid:018f3c1e-6a52-4c4a-9d7a-2f1e5b0c9a11',
    }),
  })
  .openapi('Problem');
export type Problem = z.infer<typeof problemSchema>;

const statuses = {
  400: 'The request is not what the schema asks for',
  404: 'There is no such thing, or no model is trained yet',
  409: 'The runs are of different experiments',
  413: 'The body is longer than the limit',
  415: 'The body is not JSON',
  422: 'The input is well-formed and cannot be processed',
  503: 'The deadline passed, or too many requests compute at one time',
} as const;

/** Responses of a route for `createRoute`: `{ 200: …, ...problems(404) }`. 400 is among them always, and what no route foresees. */
export function problems<Status extends Exclude<keyof typeof statuses, 400>>(...extra: readonly Status[]) {
  const describe = (description: string) => ({
    description,
    content: { [problemType]: { schema: problemSchema } },
  });
  const all = [400 as const, ...extra];
  const responses = {
    ...Object.fromEntries(all.map((status) => [status, describe(statuses[status])])),
    default: describe('Anything else: a fault of the server’s own, a deadline, a store that cannot be reached'),
  };
  return responses as unknown as { readonly [Key in Status | 400 | 'default']: ReturnType<typeof describe> };
}

/** Of a route with a body that computes. */
export const computingProblems = problems(404, 413, 415, 422, 503);

/** Only errors that we raise on purpose speak for themselves; of others the log has the words. */
export function toProblem(error: unknown, instance: string): Problem {
  if (error instanceof ApiError) {
    const { status, title, message } = error;
    return { type: `urn:stepwise:problem:${kebabCase(error.name)}`, title, status, detail: message, instance };
  }
  const plain = (status: number, title: string, detail: string): Problem => ({
    type: 'about:blank',
    title,
    status,
    detail,
    instance,
  });
  if (error instanceof UnknownRun) return plain(404, 'Not found', 'There is no such run in the store.');
  if (error instanceof UnknownExperiment) return plain(404, 'Not found', error.message);
  // Its own words name the store.
  if (error instanceof DatasetMissing) return plain(404, 'Not found', 'A dataset that this needs is not in the store.');
  if (error instanceof ObjectNotFound) return plain(404, 'Not found', 'There is no such object in the store.');
  if (error instanceof InvalidKey) return plain(400, 'Invalid request', 'This names nothing that a store could hold.');
  if (error instanceof InvalidRecord || error instanceof InvalidLine || error instanceof ArtifactCorrupt) {
    const detail = `What the store holds for this was changed, or another version of Stepwise wrote it. The log says what it is, under ${instance}.`;
    return plain(500, 'Stored data cannot be used', detail);
  }
  if (error instanceof StoreUnreachable) {
    return plain(503, 'Store unreachable', `The store cannot be reached. The log says why, under ${instance}.`);
  }
  if (error instanceof HTTPException && error.status < 500) {
    return plain(error.status, 'Invalid request', error.message || 'The request cannot be understood.');
  }
  return plain(500, 'Internal error', `Something went wrong here. The log says what, under ${instance}.`);
}

/** `ModelMissing` → `model-missing` */
function kebabCase(name: string): string {
  return name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase();
}
