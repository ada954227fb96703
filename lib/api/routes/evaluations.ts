/** `POST /v1/evaluations`: a trained artifact of the store on data of the caller's own. */
import { createRoute, z } from '@hono/zod-openapi';
import { UnprocessableInput } from '../errors.ts';
import { askPerceptron, readSettings } from '../perceptrons.ts';
import type { ApiApp, ApiPorts } from '../ports.ts';
import { computingProblems } from '../problem.ts';
import { modelSchema, nameModel } from './model.ts';
import { artifactDigest } from './names.ts';

const mostImages = 1000;

export const evaluationRequestSchema = z
  .strictObject({
    artifact: artifactDigest,
    images: z.base64().openapi({
      description: `Grey images behind one another, a byte a pixel (0 the ground, 255 the ink), in base64; ${mostImages} at most`,
    }),
    labels: z
      .array(z.number().int().min(0).max(9999))
      .min(1)
      .max(mostImages)
      .optional()
      .openapi({ description: 'The true class of each; then loss and accuracy are in the answer' }),
  })
  .openapi('EvaluationRequest');

export const evaluationSchema = z
  .strictObject({
    model: modelSchema,
    images: z.number().int(),
    predictions: z.array(z.number().int()).openapi({ description: 'The most probable class of each' }),
    probabilities: z.array(z.array(z.number())),
    accuracy: z.number().optional(),
    negativeLogLikelihood: z.number().optional().openapi({ description: 'Mean, in nats' }),
  })
  .openapi('EvaluationResult');

const route = createRoute({
  method: 'post',
  path: '/v1/evaluations',
  operationId: 'evaluateArtifact',
  summary: 'What a trained artifact makes of images, and how well where labels are given',
  tags: ['models'],
  request: { body: { required: true, content: { 'application/json': { schema: evaluationRequestSchema } } } },
  responses: {
    200: { description: 'Predictions', content: { 'application/json': { schema: evaluationSchema } } },
    ...computingProblems,
  },
});

export function registerEvaluations(app: ApiApp, { models }: ApiPorts): void {
  app.openapi(route, async (context) => {
    const { artifact, images, labels } = context.req.valid('json');
    const model = await models.load(artifact);
    const { inputs, classes } = readSettings(model);
    const bytes = Buffer.from(images, 'base64');
    const count = bytes.length / inputs;
    if (!Number.isInteger(count) || count < 1 || count > mostImages) {
      throw new UnprocessableInput(
        `images must hold 1 to ${mostImages} images of ${inputs} bytes for this model, and holds ${bytes.length} bytes.`,
      );
    }
    checkLabels(labels, count, classes);
    const predictions: number[] = [];
    const probabilities: number[][] = [];
    let likelihood = 0;
    for (let image = 0; image < count; image++) {
      const pixels = Float64Array.from(bytes.subarray(image * inputs, (image + 1) * inputs), (byte) => byte / 255);
      const own = [...askPerceptron(model, pixels, inputs)];
      predictions.push(own.indexOf(Math.max(...own)));
      probabilities.push(own);
      if (labels) likelihood -= Math.log(Math.max(own[labels[image]!]!, Number.MIN_VALUE)) / count;
      await context.get('deadline').breathe();
    }
    const correct = labels && predictions.filter((prediction, image) => prediction === labels[image]).length;
    return context.json(
      {
        model: nameModel(model),
        images: count,
        predictions,
        probabilities,
        ...(correct === undefined ? {} : { accuracy: correct / count, negativeLogLikelihood: likelihood }),
      },
      200,
    );
  });
}

function checkLabels(labels: readonly number[] | undefined, count: number, classes: number): void {
  if (!labels) return;
  if (labels.length !== count) {
    throw new UnprocessableInput(`There must be a label an image, and there are ${labels.length} for ${count} images.`);
  }
  const wrong = labels.find((label) => label >= classes);
  if (wrong !== undefined)
    throw new UnprocessableInput(`The model has the classes 0 to ${classes - 1}, and not ${wrong}.`);
}
