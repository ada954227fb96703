/** What a run tells while it runs. For eyes only: nothing is computed from it. */
import type { TrainingProgress } from './context.ts';

export const runStages = ['resolve', 'plan', 'train', 'evaluate', 'aggregate', 'notify'] as const;
export type RunStage = (typeof runStages)[number];

export type ProgressEvent =
  | { readonly kind: 'stage-started'; readonly stage: RunStage; readonly items?: number }
  | { readonly kind: 'stage-finished'; readonly stage: RunStage; readonly seconds: number }
  | { readonly kind: 'item-started'; readonly stage: RunStage; readonly item: string }
  | {
      readonly kind: 'item-progress';
      readonly stage: RunStage;
      readonly item: string;
      readonly progress: TrainingProgress;
    }
  | {
      readonly kind: 'item-finished';
      readonly stage: RunStage;
      readonly item: string;
      readonly outcome: 'done' | 'reused' | 'resumed' | 'failed';
    }
  | { readonly kind: 'log'; readonly message: string };
