/** A picture that an evaluation makes beside its measurements, for the report. */
import { z } from 'zod';

/** A report is one page: nobody looks at more pixels than a screen has. */
const mostPixels = 4_000_000;

export const imageSchema = z
  .strictObject({
    /** Unique within the run: `seed-3/training-style`. */
    name: z.string().min(1).max(200),
    width: z.number().int().positive(),
    height: z.number().int().positive(),
    /** [height, width, 4] RGBA bytes, base64. */
    rgba: z.base64(),
  })
  .refine(({ width, height }) => width * height <= mostPixels, `it may have ${mostPixels} pixels`)
  .refine(
    ({ width, height, rgba }) => Buffer.byteLength(rgba, 'base64') === 4 * width * height,
    'its bytes must be height × width × 4',
  );
export type EvaluationImage = Readonly<z.infer<typeof imageSchema>>;
