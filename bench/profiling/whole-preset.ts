/** What a shortened run says of the whole preset. */
import type { AnyExperiment } from '../../lib/pipeline/experiment.ts';
import { groupTrials } from '../../lib/pipeline/plan-batches.ts';
import { evaluationSeconds, trainingSeconds } from './shorten.ts';
import type { StageProfile } from './summarize-stages.ts';

type Params = Readonly<Record<string, unknown>>;

/** Shares of the preset's work and of its jobs that were run, 0 to 1; the work by the experiment's own estimate. */
export interface Part {
  readonly work: number;
  readonly jobs: number;
}

export const whole: Part = { work: 1, jobs: 1 };

export function trainingPart(experiment: AnyExperiment, cut: Params, preset: Params): Part {
  const work = ratio(trainingSeconds(experiment, cut), trainingSeconds(experiment, preset));
  return { work, jobs: ratio(countJobs(experiment, cut), countJobs(experiment, preset)) };
}

export function evaluationPart(experiment: AnyExperiment, cut: Params, preset: Params): Part {
  return { work: ratio(evaluationSeconds(experiment, cut), evaluationSeconds(experiment, preset)), jobs: 1 };
}

/** The share outside if what is once a job stays that and all else grows with the work, 0 to 1. */
export function outsideOfWhole({ seconds, outside, onceAJobSeconds }: StageProfile, { work, jobs }: Part): number {
  const ofJobs = onceAJobSeconds / jobs;
  const all = ofJobs + (seconds - onceAJobSeconds) / work;
  return all > 0 ? (ofJobs + (seconds * outside - onceAJobSeconds) / work) / all : 0;
}

function countJobs(experiment: AnyExperiment, params: Params): number {
  return groupTrials(experiment.plan(params), (trial) => trial).length;
}

function ratio(part: number, all: number): number {
  return all > 0 ? part / all : 1;
}
