/** Names in paths and queries, as tight as the store's own. */
import { z } from '@hono/zod-openapi';
import { runNamePattern } from '../../pipeline/request.ts';

export const runName = z
  .string()
  .regex(runNamePattern, 'a run is named by lower-case letters, digits and hyphens, 80 at most')
  .openapi({ example: '20261124-080612-317-mnist-laptop-4f1a' });

const experimentPart = z.string().regex(/^[a-z0-9][a-z0-9-]{0,49}$/, 'lower-case letters, digits and hyphens');

/** `{paper}/{experiment}` of a path. */
export const experimentPath = {
  paper: experimentPart.openapi({ example: 'learned-optimizers' }),
  experiment: experimentPart.openapi({ example: 'mnist' }),
};

export const experimentName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,49}\/[a-z0-9][a-z0-9-]{0,49}$/, 'an experiment is named paper/experiment')
  .openapi({ example: 'learned-optimizers/mnist' });

export const artifactDigest = z
  .string()
  .regex(/^[0-9a-f]{32}$/, "an artifact's digest has 32 hexadecimal digits")
  .openapi({ example: '0123456789abcdef0123456789abcdef' });
