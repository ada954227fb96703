/** `POST /v1/handwriting/write`: a text by hand, as an image or as strokes. */
import { createRoute, z } from '@hono/zod-openapi';
import { accepts } from 'hono/accepts';
import { artifactHeader } from '../choose-artifact.ts';
import type { ApiApp, ApiPorts } from '../ports.ts';
import { computingProblems } from '../problem.ts';
import { modelSchema, nameModel } from './model.ts';
import { artifactDigest } from './names.ts';

const mostCharacters = 60;

export const writingRequestSchema = z
  .strictObject({
    text: z
      .string()
      .min(1)
      // Characters beyond the basic plane count as one below, and as two here.
      .max(2 * mostCharacters)
      .refine((text) => [...text].length <= mostCharacters, `text may have ${mostCharacters} characters`)
      .openapi({
        description: `At most ${mostCharacters} characters, each one that the network has seen`,
        example: 'layer norm',
      }),
    bias: z
      .number()
      .min(0)
      .max(10)
      .default(1)
      .openapi({ description: 'Towards what is likely (Graves 2013, §5.4): 0 is as people write, more is neater' }),
    seed: z.number().int().min(0).max(0xffff_ffff).default(0).openapi({ description: 'Another seed is another hand' }),
    artifact: artifactDigest.optional().openapi({ description: 'Of layer-norm/handwriting; the newest where absent' }),
  })
  .openapi('WritingRequest');

export const writtenTextSchema = z
  .strictObject({
    model: modelSchema,
    isFinished: z.boolean().openapi({ description: 'Whether the network came to the end of the text' }),
    width: z.number(),
    height: z.number(),
    strokes: z
      .array(z.array(z.tuple([z.number(), z.number()])))
      .openapi({ description: 'Points x, y of each stroke, from the top left, in the order in which the pen went' }),
    svg: z.string().openapi({ description: 'The image, without script or reference' }),
  })
  .openapi('WrittenText');

const route = createRoute({
  method: 'post',
  path: '/v1/handwriting/write',
  operationId: 'writeByHand',
  summary: 'Writes a text by hand with the newest trained network',
  description:
    'SVG, or JSON with the strokes where Accept asks for application/json. The same request gives the same answer.',
  tags: ['models'],
  request: { body: { required: true, content: { 'application/json': { schema: writingRequestSchema } } } },
  responses: {
    200: {
      description: 'What the network wrote',
      content: { 'image/svg+xml': { schema: z.string() }, 'application/json': { schema: writtenTextSchema } },
    },
    ...computingProblems,
  },
});

export function registerHandwriting(app: ApiApp, ports: ApiPorts): void {
  app.openapi(route, async (context) => {
    const { writeByHand } = await import('../computing/write-by-hand.ts');
    const request = context.req.valid('json');
    const { svg, model, ...written } = await writeByHand(request, ports, context.get('deadline'));
    const supports = ['image/svg+xml', 'application/json'];
    const type = accepts(context, { header: 'Accept', supports, default: 'image/svg+xml' });
    context.header('Vary', 'Accept');
    context.header(artifactHeader, model.digest);
    if (type === 'application/json') return context.json({ model: nameModel(model), ...written, svg }, 200);
    return context.body(svg, 200, { 'content-type': 'image/svg+xml' });
  });
}
