/** What the information-sharing experiment measures: every optimizer on fresh functions of each condition number and dimension. */
import type { EvaluationContext } from '../../pipeline/context.ts';
import type { Measurement } from '../../pipeline/experiment.ts';
import { groupCoordinates } from '../information-sharing/coordinate-groups.ts';
import { createSharingOptimizer } from '../information-sharing/sharing-optimizer.ts';
import { type RunningOptimizer, traceLosses } from '../optimize.ts';
import { runNetwork } from '../optimizer-network.ts';
import { createConditionedQuadratics } from '../problems/conditioned-quadratics.ts';
import { readSharingOptimizer, startTuned, type TunedName, tunedNames } from '../training/information-sharing.ts';
import { readLearningRate } from '../training.ts';
import { type LearnedName, learnedNames, lossMetric } from './information-sharing-subjects.ts';

export interface SharingEvaluation {
  readonly name: string;
  /** A learned optimizer's at every meta-learning rate, or the tuned one's. */
  readonly trials: readonly string[];
  readonly subject: LearnedName | TunedName;
  readonly seed: number;
  readonly dimensions: readonly number[];
  readonly conditionNumbers: readonly number[];
  readonly functions: number;
  readonly steps: number;
}

export function evaluationsOfSharing(params: {
  readonly seeds: number;
  readonly dimensions: readonly number[];
  readonly conditionNumbers: readonly number[];
  readonly functionsPerEvaluation: number;
  readonly horizonSteps: number;
  readonly metaLearningRates: readonly number[];
}): readonly SharingEvaluation[] {
  const { seeds, dimensions, conditionNumbers, functionsPerEvaluation, horizonSteps, metaLearningRates } = params;
  const common = { dimensions, conditionNumbers, functions: functionsPerEvaluation, steps: horizonSteps };
  return Array.from({ length: seeds }, (_, seed) =>
    [
      ...tunedNames.map((subject) => ({ subject, trials: [subject as string] })),
      ...learnedNames.map((subject) => ({
        subject,
        trials: metaLearningRates.map((rate) => learnedTrialName(subject, seed, rate)),
      })),
    ].map((part) => ({ ...part, ...common, name: `${part.subject}/seed-${seed}`, seed })),
  ).flat();
}

export async function evaluateSharing(
  evaluation: SharingEvaluation,
  context: EvaluationContext,
): Promise<readonly Measurement[]> {
  const { subject, seed, functions, steps } = evaluation;
  const { start, facts } = await prepare(evaluation, context);
  const rows: Measurement[] = facts.map((fact) => ({ ...fact, subject, step: 0, seed, unit: '1' }));
  for (const dimension of evaluation.dimensions) {
    for (const conditionNumber of evaluation.conditionNumbers) {
      const sizes = new Array<number>(functions).fill(dimension);
      const family = createConditionedQuadratics({
        dimensions: sizes,
        conditionNumbers: [conditionNumber, conditionNumber],
      });
      const { coordinates, lossUnit: unit } = family;
      const problem = family.sample(seed, 'evaluation', dimension, conditionNumber);
      const losses = await traceLosses(problem, start(sizes), coordinates, steps, context.breathe);
      for (const [index, value] of losses.entries()) {
        const step = index + 1;
        if (step !== steps && !isRecorded(step, dimension, evaluation.dimensions)) continue;
        // A run that diverged is a row too: the largest number that JSON can hold.
        const loss = Math.min(value, Number.MAX_VALUE);
        rows.push({ metric: lossMetric(conditionNumber, dimension), subject, step, seed, value: loss, unit });
      }
    }
  }
  return rows;
}

export function learnedTrialName(subject: LearnedName, seed: number, metaLearningRate: number): string {
  return `${subject}/seed-${seed}/meta-rate-${metaLearningRate}`;
}

/** Whole curves of one dimension, the middle one; of the others the last step is enough. */
function isRecorded(step: number, dimension: number, dimensions: readonly number[]): boolean {
  return dimension === middleOf(dimensions) && (step === 1 || step % 5 === 0);
}

function middleOf(dimensions: readonly number[]): number {
  return dimensions[Math.floor(dimensions.length / 2)]!;
}

/** How the evaluation's optimizer is started on functions of these sizes, and what is to be told of it. */
async function prepare(
  { subject, trials }: SharingEvaluation,
  context: EvaluationContext,
): Promise<{
  start(sizes: readonly number[]): RunningOptimizer;
  readonly facts: readonly { readonly metric: string; readonly value: number }[];
}> {
  if (isTuned(subject)) {
    const learningRate = readLearningRate(await context.model(trials[0]!));
    return {
      start: (sizes) => startTuned(subject, groupCoordinates(sizes), learningRate),
      facts: [{ metric: 'learning rate', value: learningRate }],
    };
  }
  const models = await Promise.all(trials.map(async (trial) => readSharingOptimizer(await context.model(trial))));
  const best = models.reduce((a, b) => (b.validationLoss < a.validationLoss ? b : a));
  const { backend } = context;
  return {
    start(sizes) {
      const network = createSharingOptimizer(best.optimizer, {
        groups: groupCoordinates(sizes),
        unrollSteps: 1,
        backend,
      });
      network.setParameters(best.parameters);
      return runNetwork(network);
    },
    facts: [{ metric: 'validation loss', value: Math.min(best.validationLoss, Number.MAX_VALUE) }],
  };
}

function isTuned(subject: LearnedName | TunedName): subject is TunedName {
  return (tunedNames as readonly string[]).includes(subject);
}
