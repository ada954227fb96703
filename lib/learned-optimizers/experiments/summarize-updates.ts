/** Figures 10 to 13 and appendix B's statements, from what was measured; pure. */
import type { Measurement, Summary, Verdict } from '../../pipeline/experiment.ts';
import { chartHistory, chartSweeps } from './chart-updates.ts';
import {
  correlationMetric,
  magnitudeMetric,
  risingMetric,
  shownHistories,
  shownSweeps,
  stepLikeMetric,
  type UpdateSubject,
} from './evaluate-updates.ts';
import { describeValues, type Statistics } from './summarize-comparison.ts';
import { stepLikeShare } from './update-statistics.ts';

interface Scale {
  readonly side: number;
  readonly horizonSteps: number;
  readonly sweptSteps: number;
  readonly sweepRange: number;
}

const names = { lstm: 'LSTM', adam: 'ADAM', sgd: 'SGD' } as const;
const fewestSeeds = 5;

export function summarizeUpdates(measurements: readonly Measurement[], params: Scale): Summary {
  const statistics = (metric: string, subject: UpdateSubject) =>
    cells(describeValues([...valuesOf(measurements, metric, subject).values()]));
  const histories = Array.from({ length: shownHistories }, (_, index) => chartHistory(measurements, index + 1));
  const sweeps = Array.from({ length: shownSweeps }, (_, index) => chartSweeps(measurements, index + 1, params));
  return {
    verdict: judge(measurements, params),
    tables: [
      {
        title: 'Updates of traced coordinates over whole trajectories: mean and standard deviation over contents',
        columns: ['method', 'mean |update|', 's.d.', 'correlation of neighbours', 's.d.', 'contents'].map((label) => ({
          label,
        })),
        rows: (['lstm', 'adam', 'sgd'] as const).map((subject) => [
          names[subject],
          ...statistics(magnitudeMetric, subject).slice(0, 2),
          ...statistics(correlationMetric, subject),
        ]),
      },
      {
        title: `The update as a function of the gradient, steps 1 to ${params.sweptSteps}`,
        columns: ['method', 'step-like', 's.d.', 'rising', 's.d.', 'contents'].map((label) => ({ label })),
        rows: (['lstm', 'adam'] as const).map((subject) => [
          names[subject],
          ...statistics(stepLikeMetric, subject).slice(0, 2),
          ...statistics(risingMetric, subject),
        ]),
      },
    ],
    charts: [...histories, ...sweeps].filter((chart) => chart !== undefined),
    remarks: [
      `Step-like: at least ${stepLikeShare * 100} % of the change between both ends of the sweep lies within its middle tenth. Rising: the update is larger at the greatest gradient than at the least, against the direction of descent.`,
      'The correlation of neighbouring updates is Σ g_t g_{t+1} / √(Σ g_t² Σ g_{t+1}²); SGD’s is that of the gradients themselves.',
      'The history is the learned optimizer’s for all methods: they see the gradients of its iterates.',
    ],
  };
}

function cells({ mean, standardDeviation, count }: Statistics): (number | undefined)[] {
  return count > 0 ? [mean, standardDeviation, count] : [undefined, undefined, 0];
}

/** A metric of one subject, by seed: the mean over steps where there are several. */
function valuesOf(rows: readonly Measurement[], metric: string, subject: UpdateSubject): ReadonlyMap<number, number> {
  const own = rows.filter((row) => row.metric === metric && row.subject === subject);
  const bySeed = Map.groupBy(own, ({ seed }) => seed);
  return new Map([...bySeed].map(([seed, some]) => [seed, describeValues(some.map(({ value }) => value)).mean]));
}

/** Appendix B's four statements, each with the numbers that decide it. Differences are paired by content. */
function judge(rows: readonly Measurement[], { side, horizonSteps, sweptSteps, sweepRange }: Scale): Verdict {
  const seeds = [...valuesOf(rows, magnitudeMetric, 'lstm').keys()];
  if (seeds.length === 0) return { outcome: 'inconclusive', reason: 'The updates were not measured.' };
  const difference = (metric: string, other: 'adam' | 'sgd') => {
    const [one, two] = [valuesOf(rows, metric, 'lstm'), valuesOf(rows, metric, other)];
    return describeValues(seeds.map((seed) => (one.get(seed) ?? Number.NaN) - (two.get(seed) ?? Number.NaN)));
  };
  const isAbove = ({ mean, standardError }: Statistics) => mean > 2 * standardError;
  const isBelow = ({ mean, standardError }: Statistics) => mean < -2 * standardError;
  const meanOf = (metric: string, subject: UpdateSubject) =>
    describeValues([...valuesOf(rows, metric, subject).values()]).mean;
  const steps = meanOf(stepLikeMetric, 'lstm');
  const rises = meanOf(risingMetric, 'lstm');
  const statements = [
    {
      holds: isAbove(difference(magnitudeMetric, 'adam')) && isAbove(difference(magnitudeMetric, 'sgd')),
      text: `bigger updates than ADAM and SGD (mean |update| ${three(meanOf(magnitudeMetric, 'lstm'))} against ${three(meanOf(magnitudeMetric, 'adam'))} and ${three(meanOf(magnitudeMetric, 'sgd'))})`,
    },
    {
      holds: isAbove(difference(correlationMetric, 'sgd')) && isBelow(difference(correlationMetric, 'adam')),
      text: `momentum of a shorter time scale than ADAM's (neighbouring updates correlate by ${three(meanOf(correlationMetric, 'lstm'))}, ADAM's by ${three(meanOf(correlationMetric, 'adam'))}, gradients by ${three(meanOf(correlationMetric, 'sgd'))})`,
    },
    { holds: steps >= 0.5, text: `often step-like (${percent(steps)} of the sweeps)` },
    { holds: rises > 0, text: `sometimes in the opposite direction (${percent(rises)} of the sweeps)` },
  ];
  const reason = statements.map(({ holds, text }) => `${holds ? 'Yes' : 'No'}: ${text}.`).join(' ');
  const inconclusive = (why: string): Verdict => ({ outcome: 'inconclusive', reason: `${why} ${reason}` });
  if (side !== 64 || horizonSteps !== 128 || sweptSteps !== 32 || sweepRange !== 400) {
    return inconclusive(
      `Wrong scale: the paper looks at 64 × 64 pixels over 128 steps, and sweeps ±400 at 32 of them; this run at ${side} × ${side} over ${horizonSteps}, ±${sweepRange} at ${sweptSteps}.`,
    );
  }
  if (seeds.length < fewestSeeds) {
    return inconclusive(`Too few seeds: ${seeds.length}, at least ${fewestSeeds} are needed.`);
  }
  return { outcome: statements.every(({ holds }) => holds) ? 'holds' : 'does not hold', reason };
}

function three(value: number): string {
  return String(Number(value.toPrecision(3)));
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}
