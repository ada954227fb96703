/**
 * §3: "For each of these optimizer and each problem we tuned the learning rate, and report results with the rate that
 * gives the best final error for each problem."
 *
 * A logarithmic grid of half decades, extended while its best rate lies at an end, then refined around the best one to
 * a sixteenth of a decade (a factor of 1.15). Every rate runs on the same problems and minibatches. The losses are not
 * negative, so a rate whose sum over some of the problems exceeds the best rate's over all of them is abandoned there.
 *
 * The best rates of gradient descent with and without momentum lie at the edge of stability, where one function in
 * thousands diverges and takes the mean with it: tune on at least as many functions as the evaluation has.
 */
import { type BaselineName, startBaseline } from './baselines.ts';
import { TuningFailed } from './errors.ts';
import { type RunningOptimizer, traceLosses } from './optimize.ts';
import type { Problem } from './problems/problem.ts';

/** Grid positions are multiples of this share of a decade, so that a rate is never computed twice. */
const stepsPerDecade = 16;
const coarseStep = 8;
const coarseGrid = { lowest: -4 * stepsPerDecade, highest: 1 * stepsPerDecade };
/** How far an optimum at an end of the grid is followed. */
const reach = 2 * stepsPerDecade;

export interface TuningResult {
  readonly learningRate: number;
  /** Mean final loss at that rate over the tuning problems. */
  readonly finalLoss: number;
  /** Everything that was tried, by ascending rate: means over the problems a rate ran on before it was abandoned. */
  readonly grid: readonly { readonly learningRate: number; readonly finalLoss: number }[];
}

export interface TuningTask {
  /** A baseline, or any other optimizer with a learning rate. */
  readonly optimizer: BaselineName | TunableOptimizer;
  readonly problems: readonly Problem[];
  readonly coordinates: number;
  /** The step whose loss decides. */
  readonly horizonSteps: number;
  /** The mean loss of this many steps up to the horizon decides; 1 where absent. */
  readonly decidingSteps?: number;
  readonly breathe: () => Promise<void>;
  /** Called after each rate, with the best loss until then. */
  readonly onRate?: (tried: number, bestLoss: number) => void;
  /** What an attempt that was killed had come to. */
  readonly tried?: TriedRates;
  /** Called after each rate, with everything until then: whoever keeps it can go on from there. */
  readonly keep?: (tried: TriedRates) => Promise<void>;
}

export interface TunableOptimizer {
  /** For messages. */
  readonly name: string;
  start(learningRate: number): RunningOptimizer;
}

/** Places on the grid and mean losses, in the order in which they were tried. */
export type TriedRates = readonly (readonly [position: number, loss: number])[];

/** Throws TuningFailed where every rate diverged. */
export async function tuneLearningRate(task: TuningTask): Promise<TuningResult> {
  // The search is gone through again from its start, and finds what was tried as it comes to it: a centre that is best now
  // was not best yet when the rates around an earlier one were chosen.
  const known = new Map(task.tried);
  const losses = new Map<number, number>();
  const tryRate = async (position: number) => {
    if (losses.has(position)) return;
    const bestLoss = Math.min(...losses.values());
    const knownLoss = known.get(position);
    losses.set(position, knownLoss ?? (await meanFinalLoss(task, rateAt(position), bestLoss)));
    if (knownLoss !== undefined) return;
    task.onRate?.(losses.size, Math.min(...losses.values()));
    await task.keep?.([...losses]);
  };
  const best = () => [...losses].reduce((a, b) => (b[1] < a[1] ? b : a))[0];

  // From the top: rates that diverge are told after one problem, and the small ones soon after the best.
  for (let position = coarseGrid.highest; position >= coarseGrid.lowest; position -= coarseStep)
    await tryRate(position);
  while (best() === Math.max(...losses.keys()) && best() < coarseGrid.highest + reach)
    await tryRate(best() + coarseStep);
  while (best() === Math.min(...losses.keys()) && best() > coarseGrid.lowest - reach)
    await tryRate(best() - coarseStep);
  for (let step = coarseStep / 2; step >= 1; step /= 2) {
    const centre = best();
    await tryRate(centre - step);
    await tryRate(centre + step);
  }

  const grid = [...losses]
    .sort(([a], [b]) => a - b)
    .map(([position, finalLoss]) => ({ learningRate: rateAt(position), finalLoss }));
  const finalLoss = losses.get(best())!;
  if (!Number.isFinite(finalLoss))
    throw new TuningFailed(tunable(task).name, grid[0]!.learningRate, grid.at(-1)!.learningRate);
  return { learningRate: rateAt(best()), finalLoss, grid };
}

/** Rounded to three digits: a rate is written into reports and must be the one that was run. */
function rateAt(position: number): number {
  return Number((10 ** (position / stepsPerDecade)).toPrecision(3));
}

function tunable({ optimizer, coordinates }: TuningTask): TunableOptimizer {
  if (typeof optimizer !== 'string') return optimizer;
  return { name: optimizer, start: (learningRate) => startBaseline(optimizer, coordinates, learningRate) };
}

async function meanFinalLoss(task: TuningTask, learningRate: number, bestLoss: number): Promise<number> {
  const { horizonSteps, decidingSteps = 1 } = task;
  let sum = 0;
  for (const [index, problem] of task.problems.entries()) {
    const optimizer = tunable(task).start(learningRate);
    const losses = await traceLosses(problem, optimizer, task.coordinates, horizonSteps, task.breathe);
    for (const loss of losses.subarray(-decidingSteps)) sum += loss / decidingSteps;
    if (sum > bestLoss * task.problems.length) return sum / (index + 1);
  }
  return sum / task.problems.length;
}
