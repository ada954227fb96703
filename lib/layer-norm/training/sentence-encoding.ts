/** Trains skip-thoughts on neighbouring sentences of books (§6.3): one seed, with or without layer normalization. */
import type { TrainingContext } from '../../pipeline/context.ts';
import type { SkipThoughtTraining } from '../models/train-skip-thoughts.ts';
import { readTrainingText, type TextSettings } from '../models/training-text.ts';

export interface SentenceEncodingTrial extends SkipThoughtTraining {
  readonly name: string;
  readonly cpus: number;
  readonly text: TextSettings;
}

export async function train(trial: SentenceEncodingTrial, context: TrainingContext): Promise<void> {
  const text = await readTrainingText(await context.dataset('books'), trial.text);
  await context.startTensorFlow();
  const { trainSkipThoughts } = await import('../models/train-skip-thoughts.ts');
  await trainSkipThoughts(trial, text, context);
}
