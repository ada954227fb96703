/** A long array of probabilities in a request, looked at in one loop: zod's own arrays take some 100 ns for each number. */
import { z } from '@hono/zod-openapi';

export const probabilityValues = z
  .custom<readonly number[]>(Array.isArray, 'expected an array of numbers')
  .superRefine((values, context) => {
    const wrong = values.findIndex((value) => typeof value !== 'number' || !(value >= 0 && value <= 1));
    if (wrong < 0) return;
    const got = JSON.stringify(values[wrong])?.slice(0, 50);
    context.addIssue({ code: 'custom', path: [wrong], message: `expected a number from 0 to 1, received ${got}` });
  });

/** For `openapi()`, which cannot know what the loop looks at. */
export const probabilityValuesType = {
  type: 'array',
  items: { type: 'number', minimum: 0, maximum: 1 },
} as const;
