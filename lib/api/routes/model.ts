/** Which trained model an answer comes from. */
import { z } from '@hono/zod-openapi';
import type { LoadedModel } from '../model-cache.ts';

export const modelSchema = z
  .strictObject({ artifact: z.string(), experiment: z.string(), trial: z.string() })
  .openapi('Model');

export function nameModel({ digest, manifest }: LoadedModel): z.infer<typeof modelSchema> {
  return { artifact: digest, experiment: manifest.experiment, trial: manifest.trial.name };
}
