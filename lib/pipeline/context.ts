/** What the pipeline hands to an experiment while it trains and while it evaluates. */
import type { DatasetReader } from '../datasets/dataset.ts';
import type { NumericBackend } from '../numerics/backend.ts';
import type { NamedTensors } from '../numerics/safetensors.ts';
import type { EvaluationImage } from './evaluation-image.ts';

export interface Checkpoint {
  /** How far the trial had come, in units of its own (episodes, epochs); 0 is the start. */
  readonly step: number;
  readonly tensors: NamedTensors;
  /** Small JSON beside the tensors: histories, counters. */
  readonly state: unknown;
}

export interface TrainingContext {
  readonly backend: NumericBackend;
  readonly threads: number;
  /** Where an earlier, killed attempt had come to; undefined on a fresh start. */
  readonly checkpoint: Checkpoint | undefined;
  /**
   * True at most every few seconds: save a checkpoint now. Which checkpoints are taken depends on the clock, what is in
   * one does not, so the final artifact is the same bits however often the trial was killed.
   */
  checkpointDue(): boolean;
  saveCheckpoint(checkpoint: Checkpoint): Promise<void>;
  /** Call before using TensorFlow.js; our own kernels do not need it. */
  startTensorFlow(): Promise<void>;
  dataset(name: string): Promise<DatasetReader>;
  /** The trained model. Call once, last. `metadata` goes into the safetensors header. */
  writeModel(tensors: NamedTensors, metadata: Readonly<Record<string, string>>): Promise<void>;
  /** The learning curve in full; becomes `metrics.jsonl` of the artifact. Call once, before `writeModel`. */
  writeMetrics(rows: readonly Readonly<Record<string, number | string>>[]): Promise<void>;
  /** For the live view only; never stored in the artifact. */
  progress(update: TrainingProgress): void;
  /** Resolves after other work of the process had its turn. Call it every few milliseconds of computing. */
  breathe(): Promise<void>;
}

export interface TrainingProgress {
  /** 0 to 1 */
  readonly share: number;
  /** `meta-loss`, `validation loss` */
  readonly metric?: string;
  readonly value?: number;
}

export interface TrainedModel {
  readonly tensors: NamedTensors;
  readonly metadata: Readonly<Record<string, string>>;
  readonly metrics: readonly Readonly<Record<string, number | string>>[];
}

export interface EvaluationContext {
  readonly backend: NumericBackend;
  readonly threads: number;
  /** The model that a trial of this run trained. Throws ArtifactMissing where the evaluation did not name the trial. */
  model(trial: string): Promise<TrainedModel>;
  /** Call before using TensorFlow.js; our own kernels do not need it. */
  startTensorFlow(): Promise<void>;
  dataset(name: string): Promise<DatasetReader>;
  /** A picture for `summarize`; it is kept with the measurements, once the evaluation is done. */
  writeImage(image: EvaluationImage): void;
  breathe(): Promise<void>;
}
