/** Tables, charts and remarks of `timing`; pure functions of what was measured. */
import type { Measurement, Summary, Table } from '../../pipeline/experiment.ts';
import { formatSignificant } from '../../report/format-numbers.ts';
import { solverBytes, stepBytes } from '../walk-memory.ts';
import { chartTiming } from './chart-timing.ts';
import { judgeTiming } from './judge-timing.ts';
import type { TimingParams } from './timing.ts';
import { gridOf, nonZeros, radiusGridOf, stepGridOf } from './timing-grids.ts';
import {
  affinityChannels,
  crfIterations,
  kernelSubject,
  paperSeconds,
  timedSolvers,
  timingMetrics,
  timingSubjects,
  usualCrfIterations,
} from './timing-metrics.ts';
import { readTiming, type TimingNumbers } from './timing-numbers.ts';

export function summarizeTiming(rows: readonly Measurement[], params: TimingParams): Summary {
  const numbers = readTiming(rows);
  return {
    verdict: judgeTiming(numbers, params),
    tables: rows.length === 0 ? [] : [tabulateMethods(numbers, params), tabulateLimits(numbers, params)],
    charts: chartTiming(numbers, params),
    remarks: [...remarkOnScores(params), ...remarkOnWhole(numbers, params), remarkOnMemory(params)],
  };
}

interface Method {
  readonly subject: string;
  readonly label: string;
  readonly paper?: number;
}

function methodsOf({ radius, largeRadius, alphas, tolerance }: TimingParams): readonly Method[] {
  const { step, plainStep, wholeStep, affinities, refine, crf, domainTransform } = timingSubjects;
  const scores = `a step over the scores, R = ${largeRadius}`;
  const picture = `a step over all pixels, R = ${radius}`;
  return [
    { subject: step('scores'), label: scores, paper: paperSeconds.step },
    { subject: plainStep('scores'), label: `${scores}, plain JavaScript` },
    { subject: step('picture'), label: picture },
    { subject: plainStep('picture'), label: `${picture}, plain JavaScript` },
    { subject: wholeStep, label: `a step over all pixels, R = ${largeRadius}` },
    ...affinityChannels.map((channels) => ({
      subject: affinities(channels),
      label: `affinities of ${channels} channels, R = ${radius}`,
    })),
    ...alphas.map((alpha) => ({
      subject: refine(alpha),
      label: `affinities of colours and the walk to within ${tolerance} of its limit, α = ${alpha} (refine)`,
      ...(alpha === Math.max(...alphas) ? { paper: paperSeconds.converged } : {}),
    })),
    ...crfIterations.map((iterations) => ({
      subject: crf(iterations),
      label: `dense CRF, ${iterations} iterations, plain JavaScript`,
      ...(iterations === usualCrfIterations ? { paper: paperSeconds.crf } : {}),
    })),
    { subject: domainTransform, label: 'domain transform, plain JavaScript' },
  ];
}

const place = ({ width, height, classes }: TimingParams) =>
  `pictures of voc-segmentation, ${width} × ${height}, ${classes} classes, one thread`;

function tabulateMethods(numbers: TimingNumbers, params: TimingParams): Table {
  return {
    title: `Seconds a picture: ${place(params)}; beside them the paper’s, on one core of 2.7 GHz`,
    columns: [
      { label: 'what' },
      { label: 'seconds, mean' },
      { label: 'least' },
      { label: 'greatest' },
      { label: `times as long: dense CRF, ${usualCrfIterations} iterations` },
      { label: 'the paper’s seconds' },
    ],
    rows: methodsOf(params).flatMap(({ subject, label, paper }) => {
      const seconds = numbers.seconds(subject);
      if (!seconds) return [];
      return [[label, seconds.mean, seconds.least, seconds.greatest, numbers.ratio(subject)?.mean, paper]];
    }),
  };
}

function tabulateLimits(numbers: TimingNumbers, params: TimingParams): Table {
  return {
    title: `The walk to within ${params.tolerance} of its limit, R = ${params.radius}, affinities apart: ${place(params)}; means`,
    columns: [
      { label: 'α' },
      { label: 'solver' },
      { label: 'products with A' },
      { label: 'error at most', digits: 2 },
      { label: 'seconds' },
      { label: 'deviation', digits: 2 },
      { label: 'times as long: fixed point' },
    ],
    rows: params.alphas.flatMap((alpha) =>
      timedSolvers.flatMap((solver) => {
        const subject = timingSubjects.converge(solver, alpha);
        const seconds = numbers.seconds(subject);
        if (!seconds) return [];
        const mean = (metric: string) => numbers.range(metric, subject)?.mean;
        const fixedPoint = numbers.seconds(timingSubjects.converge('fixed-point', alpha));
        return [
          [
            alpha,
            solver.replace('-', ' '),
            mean(timingMetrics.products),
            mean(timingMetrics.bound),
            seconds.mean,
            seconds.standardDeviation,
            fixedPoint && fixedPoint.mean / seconds.mean,
          ],
        ];
      }),
    ),
  };
}

const gigaflop = (entries: number, classes: number) => (2 * entries * classes) / 1e9;

/** Which grid the paper's 0.032 s are possible on. */
function remarkOnScores(params: TimingParams): readonly string[] {
  const rate = (grid: Parameters<typeof nonZeros>[0]) =>
    formatSignificant(gigaflop(nonZeros(grid), params.classes) / paperSeconds.step);
  const { height, width, radius, largeRadius } = params;
  return [
    `In the paper’s ${paperSeconds.step} s, a step over the scores at R = ${largeRadius} makes ${rate(stepGridOf('scores', params))} GFLOP/s, one over all pixels of ${width} × ${height} ${rate(gridOf(height, width, radius))} at R = ${radius} and ${rate(gridOf(height, width, largeRadius))} at R = ${largeRadius}: a sparse product on one core reaches the first.`,
  ];
}

/** The step at the larger radius over all pixels: by the rate that was measured on a quarter of them. */
function remarkOnWhole(numbers: TimingNumbers, params: TimingParams): readonly string[] {
  const { height, width, classes, largeRadius, radii } = params;
  const [step, affinities] = [timingMetrics.stepByRadius, timingMetrics.affinitiesByRadius].map((metric) =>
    numbers.range(metric, kernelSubject, largeRadius),
  );
  if (!radii.includes(largeRadius) || !step || !affinities) return [];
  const measured = radiusGridOf(params, largeRadius);
  const whole = gridOf(height, width, largeRadius);
  const factor = nonZeros(whole) / nonZeros(measured);
  const gigabytes = (4 * height * width * whole.neighbourhood.offsets.length) / 1e9;
  const really = numbers.seconds(timingSubjects.wholeStep);
  return [
    `A step at R = ${largeRadius} over all ${width} × ${height} pixels (${formatSignificant(gigaflop(nonZeros(whole), classes))} GFLOP, ${formatSignificant(gigabytes)} GB of affinities) takes ${formatSignificant(factor * step.mean)} s by the rate measured on ${measured.width} × ${measured.height}${really ? `, and took ${formatSignificant(really.mean)} s` : ''}; its affinities take ${formatSignificant(factor * affinities.mean)} s by theirs.`,
  ];
}

function remarkOnMemory(params: TimingParams): string {
  const { height, width, classes, radius } = params;
  const options = { ...gridOf(height, width, radius), classes, channels: 3 };
  const megabytes = (bytes: number) => `${formatSignificant(bytes / 1e6)} MB`;
  const solvers = timedSolvers.map(
    (solver) => `${megabytes(solverBytes(options, solver))} (${solver.replace('-', ' ')})`,
  );
  return `Beside the picture, f and ŷ, a step at R = ${radius} keeps ${megabytes(stepBytes(options))}, and the walk to its limit ${solvers.join(', ')}.`;
}
