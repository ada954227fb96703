/** `POST /v1/segmentations/refine`: segments that end where a picture's objects do. */
import { createRoute, z } from '@hono/zod-openapi';
import { accepts } from 'hono/accepts';
import { encodeBase64 } from '../base64.ts';
import { artifactHeader } from '../choose-artifact.ts';
import type { ApiApp, ApiPorts } from '../ports.ts';
import { computingProblems } from '../problem.ts';
import { modelSchema, nameModel } from './model.ts';
import { artifactDigest } from './names.ts';
import { probabilityValues, probabilityValuesType } from './probability-values.ts';

/** As random-walk/segmentation trains them. */
const backEnds = ['large-fov', 'attention', 'deeplab-v2'] as const;

const side = z.number().int().min(1).max(10_000);

const image = z.string().min(1).openapi({
  description:
    'A PNG or JPEG file, RGB, in base64; a million pixels at most, a quarter of that for a back-end, fewer where there are more than 12 classes or the radius is greater than 5',
});
const alpha = z.number().min(0).max(0.995).optional().openapi({
  description:
    'How far labels travel (α of Eq. 1 as the weight of the walk); 0.9 for probabilities, 0.99 for a back-end',
});
const radius = z.number().int().min(1).max(10).optional().openapi({ description: 'R in pixels; 5 where absent' });

export const refinementRequestSchema = z
  .union([
    z.strictObject({
      image,
      probabilities: z
        .strictObject({
          width: side,
          height: side,
          classes: z.number().int().min(2).max(255),
          values: probabilityValues.openapi({
            ...probabilityValuesType,
            description: 'Row by row, a pixel’s classes next to each other, each pixel’s sum 1',
          }),
        })
        .openapi({ description: 'Of the image’s size, or smaller: then they are enlarged' }),
      alpha,
      radius,
      affinityWeights: z.number().min(-200).max(0).optional().openapi({
        description: 'θ of the affinities exp(θ · difference of colours from 0 to 1); −15 where absent',
      }),
    }),
    z.strictObject({
      image,
      backEnd: z.enum(backEnds).openapi({ description: 'The newest trained network of this kind segments the image' }),
      artifact: artifactDigest
        .optional()
        .openapi({ description: 'One of random-walk/segmentation, instead of the newest' }),
      alpha,
      radius,
    }),
  ])
  .openapi('RefinementRequest');

export const refinementSchema = z
  .strictObject({
    width: z.number().int(),
    height: z.number().int(),
    labels: z.string().openapi({ description: 'A grey PNG in base64, whose values are the classes from 0' }),
    classes: z.array(z.string()).openapi({ description: 'Their names; none where the probabilities were given' }),
    model: modelSchema.optional(),
  })
  .openapi('Refinement');

const route = createRoute({
  method: 'post',
  path: '/v1/segmentations/refine',
  operationId: 'refineSegments',
  summary: 'Segments that follow a picture’s edges, by a random walk to its limit',
  description: 'JSON, or the PNG of the labels alone where Accept asks for image/png.',
  tags: ['models'],
  request: { body: { required: true, content: { 'application/json': { schema: refinementRequestSchema } } } },
  responses: {
    200: {
      description: 'A class for each pixel',
      content: { 'application/json': { schema: refinementSchema }, 'image/png': { schema: z.string() } },
    },
    ...computingProblems,
  },
});

export function registerSegmentations(app: ApiApp, ports: ApiPorts): void {
  app.openapi(route, async (context) => {
    const { refineGiven, refinePredicted } = await import('../computing/refine-segments.ts');
    const { encodeLabels } = await import('../computing/label-picture.ts');
    const request = context.req.valid('json');
    const deadline = context.get('deadline');
    const refined =
      'backEnd' in request
        ? await refinePredicted(request.image, request.backEnd, request, ports, deadline)
        : await refineGiven(request.image, request.probabilities, request, deadline);
    const { width, height, labels, classes, model } = refined;
    const png = encodeLabels(labels, width, height);
    context.header('Vary', 'Accept');
    if (model) context.header(artifactHeader, model.digest);
    const supports = ['application/json', 'image/png'];
    if (accepts(context, { header: 'Accept', supports, default: 'application/json' }) === 'image/png') {
      return context.body(png, 200, { 'content-type': 'image/png' });
    }
    const answer = { width, height, labels: encodeBase64(png), classes: [...classes] };
    return context.json(model ? { ...answer, model: nameModel(model) } : answer, 200);
  });
}
