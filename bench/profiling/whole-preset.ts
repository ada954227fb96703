/** What a shortened run says of the whole preset. */
import type { AnyExperiment } from '../../lib/pipeline/experiment.ts';
import type { StageProfile } from './profile-experiment.ts';
import { evaluationSeconds, trainingSeconds } from './shorten.ts';

type Params = Readonly<Record<string, unknown>>;

/** Shares of the preset's work and of its jobs that were run, 0 to 1; the work by the experiment's own estimate. */
export interface Part {
  readonly work: number;
  readonly jobs: number;
}

export const whole: Part = { work: 1, jobs: 1 };

export function trainingPart(experiment: AnyExperiment, cut: Params, preset: Params): Part {
  const work = ratio(trainingSeconds(experiment, cut), trainingSeconds(experiment, preset));
  return { work, jobs: ratio(experiment.plan(cut).length, experiment.plan(preset).length) };
}

export function evaluationPart(experiment: AnyExperiment, cut: Params, preset: Params): Part {
  return { work: ratio(evaluationSeconds(experiment, cut), evaluationSeconds(experiment, preset)), jobs: 1 };
}

/** The share outside if loading is once a job and all else grows with the work, 0 to 1. */
export function outsideOfWhole({ seconds, outside, loadingSeconds }: StageProfile, { work, jobs }: Part): number {
  const loading = loadingSeconds / jobs;
  const all = loading + (seconds - loadingSeconds) / work;
  return all > 0 ? (loading + (seconds * outside - loadingSeconds) / work) / all : 0;
}

function ratio(part: number, all: number): number {
  return all > 0 ? part / all : 1;
}
