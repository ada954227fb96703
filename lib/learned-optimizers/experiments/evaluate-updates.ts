/**
 * Follows the learned optimizer over one content, and asks at every step what ADAM and SGD would have done with the same
 * history; then what each would have done had one coordinate's gradient been another (appendix B).
 */
import { randomStream } from '../../numerics/random.ts';
import type { EvaluationContext } from '../../pipeline/context.ts';
import type { Measurement } from '../../pipeline/experiment.ts';
import { startBaseline } from '../baselines.ts';
import { createOptimizerNetwork, type OptimizerNetwork } from '../optimizer-network.ts';
import type { NeuralArtFamily, NeuralArtSettings } from '../problems/neural-art.ts';
import { readLearnedOptimizer, readLearningRate } from '../training.ts';
import { describeSweep, lagCorrelation, meanMagnitude, type SweepShape, stepLikeShare } from './update-statistics.ts';

export interface UpdateEvaluation {
  readonly name: string;
  /** The learned optimizer, ADAM, SGD. */
  readonly trials: readonly string[];
  readonly problem: NeuralArtSettings;
  readonly seed: number;
  readonly steps: number;
  /** Whether the histories and sweeps that the figures show are wanted, beside the statistics. */
  readonly isShown: boolean;
  readonly tracedCoordinates: number;
  readonly sweptCoordinates: number;
  readonly sweptSteps: number;
  readonly sweepRange: number;
  readonly sweepPoints: number;
}

export type UpdateSubject = 'lstm' | 'adam' | 'sgd';
/** Figure 10 has two coordinates, Figures 11 to 13 have one each. */
export const shownHistories = 2;
export const shownSweeps = 3;

/** What the verdict speaks of: of every seed and subject, the last two of every swept step as well. */
export const magnitudeMetric = 'mean update';
export const correlationMetric = 'correlation of neighbouring updates';
export const stepLikeMetric = 'step-like sweeps';
export const risingMetric = 'sweeps that rise with the gradient';

/** What one subject proposed: by traced coordinate, by step. */
type Histories = readonly Float64Array[];
/** By step: what it would propose for each of the sweep's gradients. */
type Sweeps = readonly Float32Array[];

export async function evaluateUpdates(
  evaluation: UpdateEvaluation,
  createFamily: (settings: NeuralArtSettings, context: EvaluationContext) => Promise<NeuralArtFamily>,
  context: EvaluationContext,
): Promise<readonly Measurement[]> {
  const { trials, seed, steps, sweptSteps, sweptCoordinates, sweepPoints, sweepRange } = evaluation;
  const [lstm, adam, sgd] = await Promise.all(trials.map((trial) => context.model(trial)));
  const { network: settings, parameters } = readLearnedOptimizer(lstm!);
  const rates = { adam: readLearningRate(adam!), sgd: readLearningRate(sgd!) };
  const family = await createFamily(evaluation.problem, context);
  const machine = {
    threads: context.threads,
    backend: context.backend,
    startTensorFlow: () => context.startTensorFlow(),
  };
  const network = await createOptimizerNetwork(settings, {
    ...machine,
    coordinates: family.coordinates,
    unrollSteps: 1,
  });
  // One coordinate for each gradient of a sweep, all in the state of the coordinate in question.
  const counterfactual = await createOptimizerNetwork(settings, {
    ...machine,
    threads: 1,
    coordinates: sweepPoints,
    unrollSteps: 1,
  });
  try {
    network.setParameters(parameters);
    counterfactual.setParameters(parameters);
    const traced = new Int32Array(evaluation.tracedCoordinates);
    randomStream(seed, 'traced coordinates').fillSample(traced, family.coordinates);
    const sweep = Float32Array.from(
      { length: sweepPoints },
      (_, point) => sweepRange * ((2 * point) / (sweepPoints - 1) - 1),
    );

    const gradients: Histories = Array.from(traced, () => new Float64Array(steps));
    const updates: Histories = Array.from(traced, () => new Float64Array(steps));
    const lstmSweeps: Float32Array[][] = Array.from({ length: sweptCoordinates }, () => []);
    const problem = family.sample(seed, 'evaluation');
    const theta = new Float32Array(family.coordinates);
    const gradient = new Float32Array(family.coordinates);
    const update = new Float32Array(family.coordinates);
    problem.initialize(theta);
    network.resetState();
    for (let step = 1; step <= steps; step++) {
      problem.lossAndGradient(theta, step, gradient);
      if (step <= sweptSteps) {
        const state = network.readState();
        for (const [index, sweeps] of lstmSweeps.entries()) {
          sweeps.push(proposeForEach(counterfactual, state, family.coordinates, traced[index]!, sweep));
        }
      }
      network.step(gradient, update);
      for (let i = 0; i < theta.length; i++) theta[i]! += update[i]!; // Eq. 1
      for (const [index, coordinate] of traced.entries()) {
        gradients[index]![step - 1] = gradient[coordinate]!;
        updates[index]![step - 1] = update[coordinate]!;
      }
      await context.breathe();
    }

    const rows = new Rows(evaluation);
    rows.addLearningRates(rates);
    rows.addHistories('lstm', updates);
    rows.addSweeps('lstm', sweep, lstmSweeps);
    for (const subject of ['adam', 'sgd'] as const) {
      rows.addHistories(
        subject,
        gradients.map((history) => proposeAlong(subject, rates[subject], history)),
      );
    }
    const adamSweeps = gradients
      .slice(0, sweptCoordinates)
      .map((history) =>
        Array.from({ length: sweptSteps }, (_, past) =>
          sweepBaseline('adam', rates.adam, history.subarray(0, past), sweep),
        ),
      );
    rows.addSweeps('adam', sweep, adamSweeps);
    return rows.all;
  } finally {
    counterfactual.dispose();
    network.dispose();
    family.dispose();
  }
}

/** The learned optimizer's update of one coordinate for each of the gradients, in the state in which it is now. */
export function proposeForEach(
  counterfactual: OptimizerNetwork,
  state: Float32Array,
  coordinates: number,
  coordinate: number,
  gradients: Float32Array,
): Float32Array {
  const size = state.length / coordinates;
  const own = state.subarray(coordinate * size, (coordinate + 1) * size);
  const copies = new Float32Array(size * gradients.length);
  for (let copy = 0; copy < gradients.length; copy++) copies.set(own, copy * size);
  counterfactual.writeState(copies);
  const updates = new Float32Array(gradients.length);
  counterfactual.step(gradients, updates);
  return updates;
}

/** What a hand-written optimizer would have proposed at each step, had it seen these gradients of one coordinate. */
function proposeAlong(subject: 'adam' | 'sgd', rate: number, gradients: Float64Array): Float64Array {
  const optimizer = startBaseline(subject, 1, rate);
  return gradients.map((gradient) => {
    const moved = new Float32Array(1);
    optimizer.update(moved, Float32Array.of(gradient));
    return moved[0]!;
  });
}

/** The same after these gradients, for each of the sweep's: one coordinate for each, with one history. */
export function sweepBaseline(
  subject: 'adam' | 'sgd',
  rate: number,
  past: Float64Array,
  sweep: Float32Array,
): Float32Array {
  const optimizer = startBaseline(subject, sweep.length, rate);
  for (const gradient of past)
    optimizer.update(
      new Float32Array(sweep.length),
      sweep.map(() => gradient),
    );
  const moved = new Float32Array(sweep.length);
  optimizer.update(moved, sweep);
  return moved;
}

/** The measurements of one evaluation. */
class Rows {
  readonly all: Measurement[] = [];
  readonly #seed: number;
  readonly #isShown: boolean;

  constructor({ seed, isShown }: UpdateEvaluation) {
    this.#seed = seed;
    this.#isShown = isShown;
  }

  #add(metric: string, subject: UpdateSubject, step: number, value: number, unit: string): void {
    this.all.push({ metric, subject, step, seed: this.#seed, value, unit });
  }

  addLearningRates(rates: Readonly<Record<'adam' | 'sgd', number>>): void {
    for (const subject of ['adam', 'sgd'] as const) this.#add('learning rate', subject, 0, rates[subject], '1');
  }

  addHistories(subject: UpdateSubject, histories: Histories): void {
    this.#add(magnitudeMetric, subject, 0, meanMagnitude(histories), 'pixel value');
    this.#add(correlationMetric, subject, 0, lagCorrelation(histories, 1), '1');
    if (!this.#isShown) return;
    for (const [index, history] of histories.slice(0, shownHistories).entries()) {
      history.forEach((value, step) => {
        this.#add(`update of coordinate ${index + 1}`, subject, step + 1, value, 'pixel value');
      });
    }
  }

  /** @param sweeps by swept coordinate */
  addSweeps(subject: UpdateSubject, sweep: Float32Array, sweeps: readonly Sweeps[]): void {
    for (let at = 0; at < sweeps[0]!.length; at++) {
      const shapes = sweeps.map((own) => describeSweep(own[at]!));
      const share = (counts: (shape: SweepShape) => boolean) => shapes.filter(counts).length / shapes.length;
      this.#add(
        stepLikeMetric,
        subject,
        at + 1,
        share(({ middleShare }) => middleShare >= stepLikeShare),
        'share',
      );
      this.#add(
        risingMetric,
        subject,
        at + 1,
        share(({ isRising }) => isRising),
        'share',
      );
    }
    if (!this.#isShown) return;
    for (const [index, own] of sweeps.slice(0, shownSweeps).entries()) {
      for (const [at, proposed] of own.entries()) {
        proposed.forEach((value, point) => {
          this.#add(
            `proposed at step ${at + 1}, coordinate ${index + 1}`,
            subject,
            sweep[point]!,
            value,
            'pixel value',
          );
        });
      }
    }
  }
}
