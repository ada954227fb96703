/** `POST /v1/sentences/encode`: sentences as vectors. */
import { createRoute, z } from '@hono/zod-openapi';
import type { ApiApp, ApiPorts } from '../ports.ts';
import { computingProblems } from '../problem.ts';
import { modelSchema, nameModel } from './model.ts';
import { artifactDigest } from './names.ts';

const mostSentences = 64;
const mostCharacters = 1000;

export const encodingRequestSchema = z
  .strictObject({
    sentences: z
      .array(z.string().min(1).max(mostCharacters))
      .min(1)
      .max(mostSentences)
      .openapi({
        description: 'English; tokenized as the Penn Treebank does',
        example: ['A dog runs.', 'A cat sleeps.'],
      }),
    artifact: artifactDigest
      .optional()
      .openapi({ description: 'Of layer-norm/sentence-encoding; the newest where absent' }),
  })
  .openapi('EncodingRequest');

export const encodedSentencesSchema = z
  .strictObject({
    model: modelSchema,
    dimensions: z.number().int(),
    vectors: z
      .array(z.array(z.number()))
      .openapi({ description: 'One for each sentence, of length 1: the product of two is their cosine similarity' }),
    unknownWords: z.array(z.array(z.string())).openapi({
      description: 'Of each sentence, those that are not in the vocabulary: all are the same unknown word to the model',
    }),
  })
  .openapi('EncodedSentences');

const route = createRoute({
  method: 'post',
  path: '/v1/sentences/encode',
  operationId: 'encodeSentences',
  summary: 'Vectors of sentences by the newest trained skip-thoughts encoder',
  tags: ['models'],
  request: { body: { required: true, content: { 'application/json': { schema: encodingRequestSchema } } } },
  responses: {
    200: {
      description: 'Vectors in the order of the sentences',
      content: { 'application/json': { schema: encodedSentencesSchema } },
    },
    ...computingProblems,
  },
});

export function registerSentences(app: ApiApp, ports: ApiPorts): void {
  app.openapi(route, async (context) => {
    const { encodeSentences } = await import('../computing/encode-sentences.ts');
    const { sentences, artifact } = context.req.valid('json');
    const { model, ...encoded } = await encodeSentences(sentences, artifact, ports, context.get('deadline'));
    return context.json({ model: nameModel(model), ...encoded }, 200);
  });
}
