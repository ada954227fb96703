/** How far meta-training has come: everything that a checkpoint holds, and nothing that a stream of random numbers gives. */
import type { Checkpoint } from '../pipeline/context.ts';
import { initMetaOptimizer, type MetaOptimizerState } from './meta-optimizer.ts';

/** A row of the learning curve. */
export interface EpisodeRecord {
  readonly episode: number;
  /** Mean loss over the episode's steps; null where it diverged. */
  readonly metaLoss: number | null;
  /** Mean over the validation problems of the loss at the end of the horizon; only where there was a validation. */
  readonly validationLoss?: number | null;
}

export interface MetaTrainingProgress {
  /** Episodes that are done. */
  episode: number;
  readonly meta: MetaOptimizerState;
  /** The averaged parameters of the best validation, once there was one. */
  readonly best: Float32Array;
  bestLoss: number | null;
  bestEpisode: number;
  /** Gradients that were not finite, until now. */
  zeroedGradients: number;
  readonly history: EpisodeRecord[];
}

export function initProgress(parameters: Float32Array): MetaTrainingProgress {
  return {
    episode: 0,
    meta: initMetaOptimizer(parameters),
    best: parameters.slice(),
    bestLoss: null,
    bestEpisode: 0,
    zeroedGradients: 0,
    history: [],
  };
}

interface CheckpointState {
  readonly applied: number;
  readonly skipped: number;
  readonly bestLoss: number | null;
  readonly bestEpisode: number;
  readonly zeroedGradients: number;
  readonly history: readonly EpisodeRecord[];
}

const arrays = ['parameters', 'average', 'mean', 'meanSquare'] as const;

/** Copies: training goes on while the checkpoint is written. */
export function saveProgress({
  episode,
  meta,
  best,
  bestLoss,
  bestEpisode,
  zeroedGradients,
  history,
}: MetaTrainingProgress): Checkpoint {
  const tensor = (data: Float32Array) => ({ shape: [data.length], data: data.slice() });
  const state: CheckpointState = {
    applied: meta.applied,
    skipped: meta.skipped,
    bestLoss,
    bestEpisode,
    zeroedGradients,
    history: [...history],
  };
  return {
    step: episode,
    tensors: { best: tensor(best), ...Object.fromEntries(arrays.map((name) => [name, tensor(meta[name])])) },
    state,
  };
}

/** The pipeline hands back what `saveProgress` made, or nothing. */
export function restoreProgress({ step, tensors, state }: Checkpoint): MetaTrainingProgress {
  const array = (name: string) => (tensors[name]!.data as Float32Array).slice();
  const { applied, skipped, bestLoss, bestEpisode, zeroedGradients, history } = state as CheckpointState;
  return {
    episode: step,
    meta: {
      parameters: array('parameters'),
      average: array('average'),
      mean: array('mean'),
      meanSquare: array('meanSquare'),
      applied,
      skipped,
    },
    best: array('best'),
    bestLoss,
    bestEpisode,
    zeroedGradients,
    history: [...history],
  };
}
