/** What a user asks for. Everything in it is hostile until this schema has accepted it. */
import { z } from 'zod';
import { presetNames } from './experiment.ts';

/** A run's name: also a folder, an execution name (≤ 80 characters) and a part of keys. */
export const runNamePattern = /^[a-z0-9][a-z0-9-]{0,79}$/;

/** Who is told of a run that ended well: of every one, of one whose numbers or verdict changed, of none. A failure always is. */
export const notificationModes = ['always', 'changes', 'never'] as const;
export type NotificationMode = (typeof notificationModes)[number];

export const runRequestSchema = z.strictObject({
  run: z.string().regex(runNamePattern, 'a run is named by lower-case letters, digits and hyphens, 80 at most'),
  experiment: z.string().max(100),
  preset: z.enum(presetNames),
  /** Parameters that differ from the preset's; the experiment's own schema judges the result. */
  overrides: z.record(z.string().max(100), z.json()).default({}),
  /** How many seeds; the preset's number where absent. */
  seeds: z.number().int().min(1).max(10_000).optional(),
  /** Dataset versions to use; the newest of each where absent. */
  datasetVersions: z.record(z.string().max(100), z.string().regex(/^[0-9a-f]{16}$/)).default({}),
  /** The share of batches of trials that may fail before the run does. */
  toleratedFailurePercentage: z.number().min(0).max(100).default(0),
  /** `always` where absent. */
  notify: z.enum(notificationModes).optional(),
  /** What started the run, where nobody did. */
  trigger: z.strictObject({ kind: z.enum(['upload', 'schedule']), name: z.string().max(100) }).optional(),
  /** What the run may cost on AWS, in US dollars: it stops before it has spent more. No limit where absent. */
  budgetUsDollars: z.number().positive().max(1_000_000).optional(),
});
export type RunRequest = z.infer<typeof runRequestSchema>;
