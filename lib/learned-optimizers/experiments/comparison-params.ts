/** Parameters that the comparisons of optimizers have in common: how the learned one is trained, and what it is measured on. */
import { z } from 'zod';
import { learningRateSchedules } from '../meta-optimizer.ts';

/** Parameters that the comparisons have in common. */
export const comparisonParams = {
  /** Evaluation seeds: each is a fresh problem. */
  seeds: z.number().int().min(1).max(10_000),
  /** Decides the optimizer's initial parameters and all problems of training and tuning. */
  trainingSeed: z.number().int().min(0).max(1_000_000),
  episodes: z.number().int().min(1).max(1_000_000),
  /** Steps of a training episode, and the step that rates are tuned for and the verdict looks at. */
  horizonSteps: z.number().int().min(2).max(10_000),
  /** Steps of an evaluation, at least the horizon. */
  evaluationSteps: z.number().int().min(2).max(100_000),
  /** Steps that a meta-gradient goes back; divides the horizon. */
  unrollSteps: z.number().int().min(1).max(200),
  metaLearningRate: z.number().min(1e-6).max(1),
  /** Candidates of a random search around `metaLearningRate`; 1 or absent: that rate itself. */
  metaLearningRateCandidates: z.number().int().min(1).max(1_000).optional(),
  metaLearningRateSchedule: z.enum(learningRateSchedules),
  averagingDecay: z.number().min(0).max(0.9999),
  lossWeights: z.enum(['every-step', 'final-step']),
  /** Units in each of the optimizer's two layers; a multiple of 4. */
  hiddenUnits: z.number().int().min(4).max(128).multipleOf(4),
  outputScale: z.number().min(1e-6).max(100),
  validationIntervalEpisodes: z.number().int().min(1).max(100_000),
  validationProblems: z.number().int().min(1).max(1_000),
  /** Validations without a better one after which training stops; 0 or absent: it goes on to the end. */
  patienceValidations: z.number().int().min(0).max(10_000).optional(),
  /** Problems that a learning rate is tuned on. */
  tuningProblems: z.number().int().min(1).max(1_000),
} as const;
export type ComparisonParams = z.infer<z.ZodObject<typeof comparisonParams>>;

/** Of experiments that run no longer than the optimizer was trained for. */
export type OptimizerParams = Omit<ComparisonParams, 'evaluationSteps'>;

/** What one field alone cannot say. */
export function checkSteps(
  params: Pick<ComparisonParams, 'horizonSteps' | 'unrollSteps'> & { readonly evaluationSteps?: number },
  context: z.RefinementCtx,
): void {
  const { horizonSteps, unrollSteps, evaluationSteps = horizonSteps } = params;
  const issue = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
  if (horizonSteps % unrollSteps !== 0) {
    issue('unrollSteps', `unrollSteps must divide horizonSteps (${horizonSteps}), and ${unrollSteps} does not`);
  }
  if (evaluationSteps < horizonSteps) {
    issue('evaluationSteps', `evaluationSteps must be at least horizonSteps (${horizonSteps}), not ${evaluationSteps}`);
  }
}
