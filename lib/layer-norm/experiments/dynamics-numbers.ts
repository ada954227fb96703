/** What the measurements of `recurrent-dynamics` say of each question, seed by seed. */
import { spreadOf } from '../../numerics/spread.ts';
import type { Measurement } from '../../pipeline/experiment.ts';
import {
  cellSubject,
  type classifierNames,
  type DynamicsCell,
  dynamicsMetrics,
  type ScaledWeights,
  type TestedName,
} from './dynamics-metrics.ts';

export interface DynamicsSummaryParams {
  readonly seeds: number;
  readonly steps: number;
  readonly testSteps: number;
  readonly batchSize: number;
  readonly pauses: readonly number[];
  readonly scales: readonly number[];
}

export type BySeed = ReadonlyMap<number, number>;

export class DynamicsNumbers {
  readonly #rows: ReadonlyMap<string, readonly Measurement[]>;
  readonly hasStandIn: boolean;

  constructor(measurements: readonly Measurement[]) {
    this.#rows = Map.groupBy(measurements, ({ metric, subject }) => `${subject}: ${metric}`);
    this.hasStandIn = measurements.some(({ metric }) => metric === dynamicsMetrics.standIn);
  }

  at(metric: string, subject: string, step = 0): BySeed {
    const rows = this.#rows.get(`${subject}: ${metric}`) ?? [];
    return new Map(rows.filter((row) => row.step === step).map(({ seed, value }) => [seed, value]));
  }

  steps(metric: string, subject: string): readonly number[] {
    const rows = this.#rows.get(`${subject}: ${metric}`) ?? [];
    return [...new Set(rows.map(({ step }) => step))].sort((a, b) => a - b);
  }

  mean(metric: string, subject: string, step = 0): number | undefined {
    return spreadOf([...this.at(metric, subject, step).values()])?.mean;
  }

  /** |log growth a step| averaged over the scales: how far from steady, by seed. */
  unsteadiness(
    quantity: 'summedGrowth' | 'gradientGrowth',
    cell: DynamicsCell,
    normalization: 'none' | 'layer',
    scaled: ScaledWeights,
    scales: readonly number[],
  ): BySeed {
    const growths = scales.map((scale) =>
      this.at(dynamicsMetrics[quantity](scaled, scale), cellSubject(cell, normalization)),
    );
    return meanOverMaps(growths.map((bySeed) => mapValues(bySeed, Math.abs)));
  }

  /** Accuracy in the window that was trained minus the mean over all windows beyond it, by seed. */
  fallBeyondTraining(
    subject: TestedName,
    pause: number,
    { steps, testSteps }: Pick<DynamicsSummaryParams, 'steps' | 'testSteps'>,
  ): BySeed {
    const metric = dynamicsMetrics.accuracy(pause);
    const within = this.at(metric, subject, steps);
    const beyond = this.beyondTraining(subject, pause, { steps, testSteps });
    return new Map(
      [...within].flatMap(([seed, value]) => (beyond.has(seed) ? [[seed, value - beyond.get(seed)!]] : [])),
    );
  }

  beyondTraining(
    subject: TestedName,
    pause: number,
    { steps, testSteps }: Pick<DynamicsSummaryParams, 'steps' | 'testSteps'>,
  ): BySeed {
    const windows = Math.floor(testSteps / steps) - 1;
    const ends = Array.from({ length: windows }, (_, index) => (index + 2) * steps);
    return meanOverMaps(ends.map((end) => this.at(dynamicsMetrics.accuracy(pause), subject, end)));
  }

  /** The first validated update whose mean loss over seeds is no more than the plain model's lowest. */
  updatesToPlainBest(subject: (typeof classifierNames)[number], batch: number, pause: number): number | undefined {
    const metric = dynamicsMetrics.curve(batch, pause);
    const means = (of: string) => this.steps(metric, of).map((step) => this.mean(metric, of, step)!);
    const target = Math.min(...means('none'));
    const losses = means(subject);
    const index = losses.findIndex((loss) => loss <= target);
    return index < 0 ? undefined : this.steps(metric, subject)[index];
  }
}

function mapValues(values: BySeed, change: (value: number) => number): BySeed {
  return new Map([...values].map(([seed, value]) => [seed, change(value)]));
}

/** Of the seeds that all have. */
function meanOverMaps(maps: readonly BySeed[]): BySeed {
  const seeds = [...(maps[0]?.keys() ?? [])].filter((seed) => maps.every((map) => map.has(seed)));
  return new Map(seeds.map((seed) => [seed, maps.reduce((sum, map) => sum + map.get(seed)! / maps.length, 0)]));
}
