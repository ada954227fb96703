/**
 * The stages of the state machine, as data: what goes in, what comes out. State carries pointers and counts; lists live
 * in the store. `lib/pipeline/{resolve,plan,train,evaluate,aggregate,notify,record-failure}.ts` implement them,
 * `functions/` deploys them, `infra/pipeline.ts` and the local engine call them.
 */
import type { NumericBackend } from '../numerics/backend.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { PriceTable } from './cost/prices.ts';
import type { ProgressEvent } from './events.ts';
import type { AnyExperiment, Summary, VerdictOutcome } from './experiment.ts';
import type { RunCode } from './regressions/code-sources.ts';
import type { RegressionOutcome } from './regressions/regression.ts';
import type { NotificationMode } from './request.ts';
import type { RunDocument } from './run-document.ts';

/** Stages that are Lambdas; Train is a container job. */
export const lambdaStages = ['resolve', 'plan', 'evaluate', 'aggregate', 'notify', 'record-failure'] as const;
export type LambdaStage = (typeof lambdaStages)[number];

/** Resolve takes a RunRequest (request.ts), unchecked. */
export interface ResolveOutput {
  readonly run: string;
  readonly experiment: string;
  readonly toleratedFailurePercentage: number;
}

export interface PlanOutput extends ResolveOutput {
  /** Key of the JSON Lines file whose lines are `{ run, batch, cpus, trials: […] }`. */
  readonly trainKey: string;
  /** Lines in it: batches that hold work that is missing. 0: everything was trained before. */
  readonly trainBatches: number;
  readonly evaluationKey: string;
  readonly evaluationBatches: number;
}

/** What a batch's job gets: a pointer. On AWS Batch it arrives as STEPWISE_RUN and STEPWISE_BATCH. */
export interface BatchInput {
  readonly run: string;
  readonly batch: number;
}

export interface TrainOutput {
  readonly batch: number;
  readonly trained: number;
  readonly reused: number;
  readonly resumed: number;
}

export interface EvaluateOutput {
  readonly batch: number;
  readonly measurements: number;
}

export interface AggregateOutput {
  readonly run: string;
  readonly experiment: string;
  readonly verdict: VerdictOutcome;
  readonly reportKey: string;
  readonly notify: NotificationMode;
  /** How the numbers relate to those of the last run with the same parameters. */
  readonly change: 'first run' | RegressionOutcome;
  /** Trials that this run trained; 0: everything was there before. */
  readonly trained: number;
}

/** All that a stage knows of the world. */
export interface StagePorts {
  readonly store: ObjectStore;
  readonly experiments: ExperimentRegistry;
  readonly code: CodeDigests;
  /** What this process computes on. */
  readonly backend: NumericBackend;
  /** What training jobs compute on: the Plan Lambda has no GPU, the jobs it plans for may. */
  readonly trainingBackend: NumericBackend;
  readonly threads: number;
  /** How often training saves a checkpoint: seconds on a laptop's disk, half a minute in S3. */
  readonly checkpointIntervalSeconds: number;
  readonly hardware: string;
  /** Gets TensorFlow.js ready on `backend`, at the first call; it takes longer to load than many an evaluation takes. */
  startTensorFlow(): Promise<void>;
  /** Wall clock in milliseconds since the epoch: for durations and run records, never for results. */
  now(): number;
  log(message: string, details?: Readonly<Record<string, unknown>>): void;
  progress(event: ProgressEvent): void;
  renderReport(report: FinishedRun): Promise<RenderedReport>;
  /** Prices that whoever started the process gave; the store's, or the default ones, where absent. */
  readonly prices?: PriceTable;
  /** Tells whoever wants to know that a run ended: an SNS topic on AWS, the terminal here. */
  notify(subject: string, text: string): Promise<void>;
}

/** A finished run's report: one self-contained page, and Markdown with the pictures that it shows, which lie beside it. */
export interface RenderedReport {
  readonly html: string;
  readonly markdown: string;
  readonly pictures: readonly { readonly name: string; readonly png: Uint8Array }[];
}

export interface FinishedRun {
  readonly document: RunDocument;
  readonly summary: Summary;
  readonly experiment: AnyExperiment;
}

export interface ExperimentRegistry {
  /** Throws UnknownExperiment, which names the nearest one. */
  find(name: string): AnyExperiment;
  all(): readonly AnyExperiment[];
}

/** Digests of the modules that make a result; see code-digest.ts. 16 hexadecimal digits each. */
export interface CodeDigests {
  training(experiment: AnyExperiment): Promise<string>;
  evaluation(experiment: AnyExperiment): Promise<string>;
  /** The modules behind both; absent, or nothing, where only the digests are known. */
  sources?(experiment: AnyExperiment): Promise<RunCode | undefined>;
}
