/**
 * §3: "The minimization is performed using ADAM with a learning rate chosen by random search", and "We pick the best
 * optimizer (according to the final validation loss)". Each candidate is a trial of its own, so that they train side by
 * side; the evaluation reads their validation losses and goes on with the best.
 */
import { randomStream } from '../../numerics/random.ts';
import type { EvaluationContext, TrainedModel } from '../../pipeline/context.ts';
import type { Measurement, Table } from '../../pipeline/experiment.ts';
import { EveryCandidateDiverged, InvalidLearnedOptimizer } from '../errors.ts';

export interface MetaLearningRateSearch {
  /** The rate where there is one candidate, the centre of the range where there are more. */
  readonly metaLearningRate: number;
  /** 1 where absent: no search. */
  readonly metaLearningRateCandidates?: number | undefined;
  readonly trainingSeed: number;
}

export interface Candidate {
  readonly trial: string;
  readonly metaLearningRate: number;
}

/** How far the range reaches either side of `metaLearningRate`, in decades. */
const reachDecades = 1;

/**
 * The rates to train with, each with the name of its trial. One candidate: the given rate under the plain name. More:
 * log-uniform within a decade either side of it, to three digits.
 */
export function listCandidates(search: MetaLearningRateSearch, name = 'lstm'): readonly Candidate[] {
  const { metaLearningRate, metaLearningRateCandidates: count = 1, trainingSeed } = search;
  if (count === 1) return [{ trial: name, metaLearningRate }];
  return Array.from({ length: count }, (_, index) => {
    const share = randomStream(trainingSeed, 'meta-learning-rate', index).uniform();
    const rate = metaLearningRate * 10 ** (reachDecades * (2 * share - 1));
    // A trial's address covers its rate, and the last digits of a power are not the same in every engine.
    return { trial: `${name}/candidate-${index}`, metaLearningRate: Number(rate.toPrecision(3)) };
  });
}

export interface ChosenModel {
  readonly model: TrainedModel;
  /** Of every candidate, in the order of the trials; Infinity where it diverged. Empty where there was no search. */
  readonly validationLosses: readonly number[];
}

/** The candidate with the lowest validation loss. Throws EveryCandidateDiverged, InvalidLearnedOptimizer. */
export async function chooseByValidation(
  trials: readonly string[],
  context: Pick<EvaluationContext, 'model'>,
): Promise<ChosenModel> {
  const models = await Promise.all(trials.map((trial) => context.model(trial)));
  if (models.length === 1) return { model: models[0]!, validationLosses: [] };
  const validationLosses = models.map(({ metadata }) => {
    if (metadata.validationLoss === undefined) throw new InvalidLearnedOptimizer('it has no validation loss');
    return Number(metadata.validationLoss);
  });
  const best = validationLosses.indexOf(Math.min(...validationLosses));
  if (!Number.isFinite(validationLosses[best])) throw new EveryCandidateDiverged(trials);
  return { model: models[best]!, validationLosses };
}

const rateMetric = 'meta-learning rate';
const validationMetric = 'validation loss';

/** The search as rows, a candidate a step; nothing where there was none. */
export function measureSearch(
  candidates: readonly Candidate[],
  { validationLosses }: ChosenModel,
  subject: string,
  lossUnit: string,
): readonly Measurement[] {
  if (candidates.length === 1) return [];
  return candidates.flatMap(({ metaLearningRate }, step) => [
    { metric: rateMetric, subject, step, seed: 0, value: metaLearningRate, unit: '1' },
    {
      metric: validationMetric,
      subject,
      step,
      seed: 0,
      // The largest number that JSON can hold stands for a candidate that diverged.
      value: Math.min(validationLosses[step]!, Number.MAX_VALUE),
      unit: lossUnit,
    },
  ]);
}

/** What was tried, by ascending rate, as a list of one table; an empty one where there was no search. */
export function tabulateSearch(measurements: readonly Measurement[], subject = 'lstm'): readonly Table[] {
  const rows = measurements.filter((row) => row.subject === subject);
  const losses = new Map(rows.filter(({ metric }) => metric === validationMetric).map((row) => [row.step, row.value]));
  const tried = rows
    .filter(({ metric }) => metric === rateMetric)
    .map(({ step, value }) => ({ rate: value, loss: losses.get(step)! }))
    .sort((a, b) => a.rate - b.rate);
  if (tried.length === 0) return [];
  const best = Math.min(...tried.map(({ loss }) => loss));
  return [
    {
      title: 'Random search over the meta-learning rate',
      columns: [{ label: 'meta-learning rate' }, { label: 'validation loss' }, { label: '' }],
      rows: tried.map(({ rate, loss }) => [
        rate,
        loss === Number.MAX_VALUE ? 'diverged' : loss,
        loss === best ? 'chosen' : '',
      ]),
    },
  ];
}
