/** `POST /v1/digits/classify`: which digit a small picture shows. */
import { createRoute, z } from '@hono/zod-openapi';
import { chooseArtifact } from '../choose-artifact.ts';
import { askPerceptron, layerNormalisedPerceptron } from '../perceptrons.ts';
import type { ApiApp, ApiPorts } from '../ports.ts';
import { computingProblems } from '../problem.ts';
import { modelSchema, nameModel } from './model.ts';
import { artifactDigest } from './names.ts';

const pixels = 28 * 28;

export const digitRequestSchema = z
  .strictObject({
    pixels: z.array(z.number().min(0).max(1)).length(pixels).openapi({
      description: '28 × 28, row by row; 0 is the ground, 1 the ink, the digit centred as in MNIST',
    }),
    artifact: artifactDigest.optional().openapi({ description: 'The newest layer-normalised perceptron where absent' }),
  })
  .openapi('DigitRequest');

export const digitSchema = z
  .strictObject({
    digit: z.number().int().min(0).max(9).openapi({ description: 'The most probable one' }),
    probabilities: z.array(z.number()).length(10).openapi({ description: 'Of the digits 0 to 9' }),
    model: modelSchema,
  })
  .openapi('Digit');

const route = createRoute({
  method: 'post',
  path: '/v1/digits/classify',
  operationId: 'classifyDigit',
  summary: 'Which digit a picture shows, by a layer-normalised perceptron',
  tags: ['models'],
  request: { body: { required: true, content: { 'application/json': { schema: digitRequestSchema } } } },
  responses: {
    200: { description: 'Its probabilities', content: { 'application/json': { schema: digitSchema } } },
    ...computingProblems,
  },
});

export function registerDigits(app: ApiApp, { models }: ApiPorts): void {
  app.openapi(route, async (context) => {
    const { pixels: image, artifact } = context.req.valid('json');
    const model = await chooseArtifact(models, layerNormalisedPerceptron, artifact);
    const probabilities = [...askPerceptron(model, image, pixels)];
    const digit = probabilities.indexOf(Math.max(...probabilities));
    return context.json({ digit, probabilities, model: nameModel(model) }, 200);
  });
}
