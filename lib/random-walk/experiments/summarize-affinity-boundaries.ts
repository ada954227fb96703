/** Table, curves and verdict of the affinities' boundaries; pure functions of what was measured. */

import type { EvaluationImage } from '../../pipeline/evaluation-image.ts';
import type { Chart, Measurement, Summary, Table, Verdict } from '../../pipeline/experiment.ts';
import { type Estimate, estimateOf, pairedDifference, stepsOf, valuesBySeed } from '../../pipeline/over-seeds.ts';
import {
  affinityBoundaryMethodNames,
  affinityBoundaryMethods,
  averagePrecisionMetric,
  colourWeightMetric,
  gradientMethods,
  maximumFMetric,
  peopleSubject,
  picturesMetric,
  precisionMetric,
  recallMetric,
  trainingPicturesMetric,
} from './affinity-boundary-metrics.ts';

const fewestSeeds = 3;
/** With fewer, the pictures are a place holder's. */
const fewestPictures = 20;

export function summarizeAffinityBoundaries(
  rows: readonly Measurement[],
  _params?: unknown,
  images: readonly EvaluationImage[] = [],
): Summary {
  return {
    verdict: judge(rows),
    tables: [tabulateMethods(rows), tabulateWeights(rows)],
    charts: [chartCurves(rows)],
    images: images.map(({ name, ...image }) => ({
      title: `Validation picture ${Number(name.split('/')[1]) + 1} of ${name.split('/')[0]!.replace('-', ' ')}`,
      caption:
        'Above: the photograph, and what people drew, darker where more of them did. Below: strength by the learned affinities, and by the gradient of colours at σ = 2, each at its crests.',
      ...image,
    })),
    remarks: [
      'Not in the paper: BSDS500 has no classes, and its affinities are learned beside them; this is about affinities alone.',
      'Each seed draws other training pictures, people and crops, and is measured on validation pictures of its own, so that the spread over seeds is one over pictures too.',
      'MF is over one threshold for all pictures of a seed (BSDS500’s ODS), AP as its code has it. No published figures stand beside: they are of the test pictures.',
    ],
  };
}

function estimate(rows: readonly Measurement[], metric: string, subject: string, step = 0): Estimate {
  return estimateOf([...valuesBySeed(rows, { metric, subject }, step).values()]);
}

function write({ mean, standardError, seeds }: Estimate, decimals = 3): string | undefined {
  if (seeds === 0) return;
  const text = mean.toFixed(decimals).replace(/^-/, '−');
  return seeds < 2 ? text : `${text} ± ${standardError.toFixed(decimals)}`;
}

/** Pictures over all seeds, which share them out. */
function countsOf(rows: readonly Measurement[]) {
  const validated = rows.filter(({ metric }) => metric === picturesMetric);
  return {
    dataset: validated[0]?.subject ?? 'nothing measured',
    validation: validated.reduce((sum, { value }) => sum + value, 0),
    training: rows.find(({ metric }) => metric === trainingPicturesMetric)?.value ?? 0,
  };
}

function describePictures(rows: readonly Measurement[]): string {
  const { dataset, validation, training } = countsOf(rows);
  return `${dataset}, ${training} pictures to train on a seed, ${validation} to validate on over all seeds`;
}

function tabulateMethods(rows: readonly Measurement[]): Table {
  const body = affinityBoundaryMethodNames.map((method) => [
    affinityBoundaryMethods[method],
    write(estimate(rows, maximumFMetric, method)),
    write(estimate(rows, averagePrecisionMetric, method)),
    method === 'affinities'
      ? undefined
      : write(pairedDifference(rows, maximumFMetric, { subject: 'affinities', baseline: method, step: 0 })),
  ]);
  const people = write(estimate(rows, maximumFMetric, peopleSubject));
  return {
    title: `Boundaries against those that people drew, mean ± standard error over seeds; ${describePictures(rows)}`,
    columns: ['method', 'MF', 'AP', 'learned affinities minus it, MF'].map((label) => ({ label })),
    rows: [...body, ['each person against the others', people, undefined, undefined]],
  };
}

function tabulateWeights(rows: readonly Measurement[]): Table {
  return {
    title: `θ of colours from 0 to 1, mean ± standard error over seeds; ${describePictures(rows)}`,
    columns: ['colour', 'θ'].map((label) => ({ label })),
    rows: ['red', 'green', 'blue'].map((colour, step) => [
      colour,
      write(estimate(rows, colourWeightMetric, 'affinities', step), 2),
    ]),
  };
}

function chartCurves(rows: readonly Measurement[]): Chart {
  const values = affinityBoundaryMethodNames.flatMap((method) =>
    stepsOf(rows, { metric: recallMetric, subject: method }).map((step) => ({
      method: affinityBoundaryMethods[method],
      step,
      recall: Number(estimate(rows, recallMetric, method, step).mean.toPrecision(4)),
      precision: Number(estimate(rows, precisionMetric, method, step).mean.toPrecision(4)),
    })),
  );
  const names = Object.values(affinityBoundaryMethods);
  const axis = (field: string) => ({ field, type: 'quantitative', scale: { domain: [0, 1], nice: false } });
  const color = { field: 'method', type: 'nominal', title: null, scale: { domain: names } };
  return {
    title: 'Precision and recall of boundaries against people’s',
    caption: 'Over thresholds with equally many crests from one to the next; means over seeds.',
    spec: {
      $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
      width: 420,
      height: 420,
      data: { values },
      mark: { type: 'line', clip: true },
      encoding: {
        x: axis('recall'),
        y: axis('precision'),
        order: { field: 'step', type: 'quantitative' },
        color,
        strokeDash: { ...color, scale: { domain: names, range: names.map((_, place) => (place ? [6, 3] : [1, 0])) } },
      },
    },
  };
}

/** Holds where the learned affinities' MF is above that of the best of the gradients by more than two standard errors. */
function judge(rows: readonly Measurement[]): Verdict {
  const measured = gradientMethods.filter((method) => estimate(rows, maximumFMetric, method).seeds > 0);
  const learned = estimate(rows, maximumFMetric, 'affinities');
  if (measured.length === 0 || learned.seeds === 0) {
    return { outcome: 'inconclusive', reason: 'Not measured: the learned affinities beside gradients of colours.' };
  }
  const meanOf = (method: string) => estimate(rows, maximumFMetric, method).mean;
  const best = measured.reduce((a, b) => (meanOf(b) > meanOf(a) ? b : a));
  const difference = pairedDifference(rows, maximumFMetric, { subject: 'affinities', baseline: best, step: 0 });
  const { dataset, validation } = countsOf(rows);
  const people = write(estimate(rows, maximumFMetric, peopleSubject));
  const reason = `MF on ${dataset}: learned affinities ${write(learned)}, best gradient (${affinityBoundaryMethods[best]}) ${write(estimate(rows, maximumFMetric, best))}, difference paired by seed ${write(difference)}; chance ${write(estimate(rows, maximumFMetric, 'chance'))}${people ? `, people among themselves ${people}` : ''}.`;
  if (validation < fewestPictures) {
    const why = `Wrong scale: ${validation} validation pictures, at least ${fewestPictures} are needed.`;
    return { outcome: 'inconclusive', reason: `${why} ${reason}` };
  }
  if (difference.seeds < fewestSeeds) {
    const why = `Too few seeds: ${difference.seeds}, at least ${fewestSeeds} are needed.`;
    return { outcome: 'inconclusive', reason: `${why} ${reason}` };
  }
  const { mean, standardError } = difference;
  const isAbove = mean > 2 * standardError;
  return {
    outcome: isAbove ? 'holds' : mean < -2 * standardError ? 'does not hold' : 'inconclusive',
    reason,
  };
}
