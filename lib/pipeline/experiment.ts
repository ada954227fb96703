/**
 * The contract of an experiment. A paper's figure or table is one file that exports one of these; the pipeline does
 * the rest. An experiment imports numerics and models, and knows nothing of where it runs.
 */
import type { z } from 'zod';
import type { NumericBackend } from '../numerics/backend.ts';
import type { EvaluationContext, TrainingContext } from './context.ts';
import type { EvaluationImage } from './evaluation-image.ts';

export const presetNames = ['smoke', 'laptop', 'overnight', 'paper'] as const;
export type PresetName = (typeof presetNames)[number];

/** Every experiment can be repeated over seeds: `--seeds N` sets this parameter. */
export interface BaseParams {
  readonly seeds: number;
}

/** One thing to train. Plain JSON: it is written to the bucket, and with the rest it is the artifact's digest. */
export interface BaseTrial {
  /** Unique within the experiment and free of the preset's name, so that presets share artifacts: `lstm/seed-0`. */
  readonly name: string;
  /** Cores this trial can use; the queue and the laptop schedule by it. Not part of the digest: bits do not depend on it. */
  readonly cpus?: number;
  /** Trials of one group share a job, one after the other: small ones are not worth a GPU machine each. Not part of the digest. */
  readonly group?: string;
  /**
   * The experiment that this trial is taken from, where another one trains the very same thing: both then share its
   * artifact. The experiment's own name where absent.
   */
  readonly experiment?: string;
}

/** One thing to measure. Plain JSON. */
export interface BaseEvaluation {
  /** Unique within the experiment: `lstm/seed-3`. */
  readonly name: string;
  /** The trials whose artifacts this evaluation reads. Where one is missing the evaluation is reported as missing too. */
  readonly trials: readonly string[];
}

export interface Experiment<
  Params extends BaseParams = BaseParams,
  Trial extends BaseTrial = BaseTrial,
  Evaluation extends BaseEvaluation = BaseEvaluation,
> {
  /** `learned-optimizers/mnist` */
  readonly name: string;
  readonly source: PaperReference;
  /** The paper's claim, in one sentence. */
  readonly claim: string;
  /** What differs from the paper, and why; one sentence each. */
  readonly deviations: readonly string[];
  readonly params: z.ZodType<Params>;
  readonly presets: Readonly<Record<PresetName, Params>>;
  readonly datasets: readonly DatasetRequirement[];
  /**
   * Project-relative path of the experiment's own file, whose imports make the evaluations' code digest:
   * `lib/learned-optimizers/experiments/mnist.ts`.
   */
  readonly module: string;
  /**
   * Project-relative path of the module that exports this experiment's `train`. Exactly the modules it imports make the
   * artifacts' code digest, so that a change to a chart does not train anything again. A test holds the two together.
   */
  readonly trainingModule: string;
  /** What has to be trained. Pure: the same parameters give the same trials. */
  plan(params: Params): readonly Trial[];
  /** Trains one trial: writes its model through the context, and goes on from `context.checkpoint` where there is one. */
  train(trial: Trial, context: TrainingContext): Promise<void>;
  /** What has to be measured. Pure. */
  evaluations(params: Params, trials: readonly Trial[]): readonly Evaluation[];
  evaluate(evaluation: Evaluation, context: EvaluationContext): Promise<readonly Measurement[]>;
  /**
   * Tables, charts and a verdict on the claim. Pure: it may be redrawn at any time from the stored measurements.
   *
   * @param images what the evaluations wrote; absent where only numbers and charts are drawn again
   */
  summarize(measurements: readonly Measurement[], params: Params, images?: readonly EvaluationImage[]): Summary;
  /** The amount of work, for `estimate` and for the cost that Resolve writes down. Pure. */
  work(params: Params): Workload;
}

export interface PaperReference {
  readonly arxiv: string;
  readonly title: string;
  /** `§3.2, Figure 4 (centre and right)` */
  readonly place: string;
}

export interface DatasetRequirement {
  readonly name: string;
  /** Presets that need it; all of them where absent. */
  readonly presets?: readonly PresetName[];
  /**
   * Presets for which a stand-in made in code will do where nobody has it, besides `smoke`, for which it always does: those of
   * an experiment on several datasets that says of each what it is.
   */
  readonly mayBeMadeFor?: readonly PresetName[];
}

/** Seconds of work on one core of the reference laptop; see `cost.ts` for what becomes of it. */
export interface Workload {
  readonly trainingCoreSeconds: number;
  readonly evaluationCoreSeconds: number;
}

/** One long-form row: what was measured, of what, where on the x-axis, under which seed. */
export interface Measurement {
  /** `loss`, `accuracy`, … */
  readonly metric: string;
  /** The method or model that was measured: `lstm`, `adam`. */
  readonly subject: string;
  /** Where on the x-axis: an optimization step, an epoch, a size. 0 where there is none. */
  readonly step: number;
  readonly seed: number;
  readonly value: number;
  /** `nats`, `squared error`, `share` … */
  readonly unit: string;
}

export const verdictOutcomes = ['holds', 'does not hold', 'inconclusive'] as const;
export type VerdictOutcome = (typeof verdictOutcomes)[number];

/** Whether the paper's claim holds in this run. `inconclusive`: too few seeds, stand-in data, wrong scale. */
export interface Verdict {
  readonly outcome: VerdictOutcome;
  /** The numbers that decided it, with their spread. */
  readonly reason: string;
}

export interface Summary {
  readonly verdict: Verdict;
  readonly tables: readonly Table[];
  readonly charts: readonly Chart[];
  readonly images?: readonly SummaryImage[];
  readonly imageSeries?: readonly SummaryImageSeries[];
  /** Anything else the reader must know, one sentence each: sampling, missing seeds, numbers off the training distribution. */
  readonly remarks?: readonly string[];
}

export interface Table {
  readonly title: string;
  readonly columns: readonly TableColumn[];
  /** A cell is undefined where the paper, or we, have no number. */
  readonly rows: readonly (readonly (string | number | undefined)[])[];
}

export interface TableColumn {
  readonly label: string;
  /** Significant digits of this column's numbers; 3 where absent. */
  readonly digits?: number;
}

/** A figure of the paper, redrawn from our numbers. `spec` is a complete Vega-Lite specification with its data inline. */
export interface Chart {
  readonly title: string;
  readonly caption: string;
  readonly spec: Readonly<Record<string, unknown>>;
}

export interface SummaryImage {
  readonly title: string;
  readonly caption: string;
  readonly width: number;
  readonly height: number;
  /** [height, width, 4] RGBA bytes, base64. */
  readonly rgba: string;
}

/** One picture as something goes on, a random walk for example: the page shows a frame at a time, and has a slider to choose it with. */
export interface SummaryImageSeries {
  readonly title: string;
  readonly caption: string;
  /** What the slider chooses, as its name: `Steps of the walk`. */
  readonly variable: string;
  /** Two or more, all of one size, in the slider's order. */
  readonly frames: readonly SummaryImageFrame[];
}

export interface SummaryImageFrame extends Pick<SummaryImage, 'width' | 'height' | 'rgba'> {
  /** Where the slider is, unique within the series: `5 steps`, `converged`. */
  readonly label: string;
}

/** Where the numbers came from, beside every result. */
export interface Provenance {
  /** Digest of the code that trained. */
  readonly code: string;
  readonly backend: NumericBackend;
  readonly threads: number;
  /** `2 × AMD EPYC, 23 GiB, linux x64, Node 24.21.0` */
  readonly hardware: string;
}

/** Keeps an experiment's own types where it is written and forgets them where it is listed among others. */
export function defineExperiment<P extends BaseParams, T extends BaseTrial, E extends BaseEvaluation>(
  experiment: Experiment<P, T, E>,
): Experiment<P, T, E> {
  return experiment;
}

/** An experiment in a list of different ones. The pipeline only hands back to it what it made itself, or what its schema accepted. */
// biome-ignore lint/suspicious/noExplicitAny: the parameter types are contravariant; a registry of unlike experiments can have no common one.
export type AnyExperiment = Experiment<any, any, any>;
