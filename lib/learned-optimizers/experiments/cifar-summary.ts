/** Figure 7's three panels, a table and a verdict; pure functions of the measurements. */
import type { Chart, Measurement, Summary, Table, Verdict } from '../../pipeline/experiment.ts';
import { type BaselineName, baselineNames } from '../baselines.ts';
import { describeValues, number, type Statistics } from './summarize-comparison.ts';

/** The labels of each panel: airplane 0, automobile 1, bird 2, cat 3, deer 4, dog 5, frog 6, horse 7, ship 8, truck 9. */
export const panels = {
  'CIFAR-10': [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  'CIFAR-5': [0, 1, 2, 3, 4],
  'CIFAR-2': [0, 1],
} as const satisfies Record<string, readonly number[]> as Readonly<
  Record<'CIFAR-10' | 'CIFAR-5' | 'CIFAR-2', readonly number[]>
>;
export type PanelName = keyof typeof panels;
const panelNames = Object.keys(panels) as readonly PanelName[];

export type CifarSubject = 'lstm' | 'lstm-sub' | BaselineName;
const labels: Readonly<Record<CifarSubject, string>> = {
  lstm: 'LSTM',
  'lstm-sub': 'LSTM-sub',
  adam: 'ADAM',
  rmsprop: 'RMSprop',
  nag: 'NAG',
  sgd: 'SGD',
};
const subjects = Object.keys(labels) as readonly CifarSubject[];

/** Of the losses on a panel; a row's value is the mean over the steps since the row before, at step 0 the first loss. */
export function cifarMetric(panel: PanelName): string {
  return `loss on ${panel}`;
}

/** A row of this metric: the images were not CIFAR-10's. */
export const standInMetric = 'stand-in data';

/** The paper's figure shows so many steps. */
const paperSteps = 1000;
const fewestSeeds = 5;

/** One method on one panel, by seed. */
interface Run {
  /** Mean loss over all steps: how quickly it learned. */
  readonly overall: number;
  /** Mean loss over the last tenth of the steps. */
  readonly final: number;
}

function runsBySeed(rows: readonly Measurement[], panel: PanelName, subject: CifarSubject): ReadonlyMap<number, Run> {
  const traces = new Map<number, Measurement[]>();
  for (const row of rows) {
    if (row.metric !== cifarMetric(panel) || row.subject !== subject || row.step === 0) continue;
    const trace = traces.get(row.seed);
    if (trace) trace.push(row);
    else traces.set(row.seed, [row]);
  }
  return new Map(
    [...traces].map(([seed, trace]) => {
      const last = Math.max(...trace.map(({ step }) => step));
      const mean = (from: number) => {
        const values = trace.filter(({ step }) => step > from).map(({ value }) => value);
        return values.reduce((sum, value) => sum + value / values.length, 0);
      };
      return [seed, { overall: mean(0), final: mean(0.9 * last) }];
    }),
  );
}

type Part = keyof Run;

function describeRuns(runs: ReadonlyMap<number, Run>, part: Part): Statistics {
  return describeValues([...runs.values()].map((run) => run[part]));
}

interface PanelComparison {
  readonly panel: PanelName;
  readonly subject: 'lstm' | 'lstm-sub';
  readonly part: Part;
  readonly learned: Statistics;
  readonly best: BaselineName;
  readonly baseline: Statistics;
  /** Learned minus best baseline, seed by seed. */
  readonly difference: Statistics;
}

/** Against the baseline whose mean is the lowest in this part; undefined where either is missing. */
function compare(
  rows: readonly Measurement[],
  panel: PanelName,
  subject: 'lstm' | 'lstm-sub',
  part: Part,
): PanelComparison | undefined {
  const learned = runsBySeed(rows, panel, subject);
  const [best] = baselineNames
    .map((name) => ({ name, runs: runsBySeed(rows, panel, name) }))
    .filter(({ runs }) => runs.size > 0)
    .map(({ name, runs }) => ({ name, runs, statistics: describeRuns(runs, part) }))
    .sort((a, b) => a.statistics.mean - b.statistics.mean);
  if (learned.size === 0 || !best) return undefined;
  const differences = [...learned].flatMap(([seed, run]) => {
    const other = best.runs.get(seed);
    return other ? [run[part] - other[part]] : [];
  });
  const difference = describeValues(differences);
  return {
    panel,
    subject,
    part,
    learned: describeRuns(learned, part),
    best: best.name,
    baseline: best.statistics,
    difference,
  };
}

/** LSTM on all panels; LSTM-sub on those whose labels it never saw. */
const decisive: readonly (readonly [PanelName, 'lstm' | 'lstm-sub'])[] = [
  ...panelNames.map((panel) => [panel, 'lstm'] as const),
  ['CIFAR-5', 'lstm-sub'],
  ['CIFAR-2', 'lstm-sub'],
];

/**
 * Holds where on every panel the learned optimizers are below the best tuned baseline by more than two standard errors of
 * the paired difference, in the mean over all steps (speed) and over the last tenth of them (where they end).
 */
export function judgeCifar(rows: readonly Measurement[], evaluationSteps: number): Verdict {
  const comparisons = decisive.flatMap(([panel, subject]) =>
    (['overall', 'final'] as const).map((part) => compare(rows, panel, subject, part)),
  );
  const found = comparisons.filter((comparison) => comparison !== undefined);
  const missing = panelNames.flatMap((panel) =>
    subjects
      .filter((subject) => runsBySeed(rows, panel, subject).size === 0)
      .map((subject) => `${labels[subject]} on ${panel}`),
  );
  const isBelow = ({ difference }: PanelComparison) => difference.mean < -2 * difference.standardError;
  const verdict = (outcome: Verdict['outcome'], ...first: string[]): Verdict => ({
    outcome,
    reason: [...first, ...found.map(sentence)].map((text) => `${text}.`).join(' '),
  });
  if (rows.some(({ metric }) => metric === standInMetric)) {
    return verdict('inconclusive', 'Stand-in data: these images are not CIFAR-10’s');
  }
  if (missing.length > 0) return verdict('inconclusive', `Not measured: ${missing.join(', ')}`);
  if (evaluationSteps !== paperSteps) {
    return verdict(
      'inconclusive',
      `Wrong scale: the paper's figure shows ${paperSteps} steps, this run's ${evaluationSteps}`,
    );
  }
  const seeds = Math.min(...found.map(({ difference }) => difference.count));
  if (seeds < fewestSeeds) {
    return verdict('inconclusive', `Too few seeds: ${seeds}, at least ${fewestSeeds} are needed`);
  }
  const behind = found.filter((comparison) => !isBelow(comparison));
  if (behind.length === 0) return verdict('holds');
  return verdict('does not hold', `Not clearly ahead in ${behind.length} of ${found.length} comparisons`);
}

function sentence({ panel, subject, part, learned, best, baseline, difference }: PanelComparison): string {
  const where = part === 'overall' ? 'over all steps' : 'over the last tenth';
  return (
    `${panel}, ${where}: ${labels[subject]} ${number(learned.mean)} ± ${number(learned.standardDeviation)}, ` +
    `${labels[best]} ${number(baseline.mean)} ± ${number(baseline.standardDeviation)}, ` +
    `paired difference ${number(difference.mean)} with standard error ${number(difference.standardError)}`
  );
}

function tabulate(rows: readonly Measurement[]): Table {
  return {
    title: 'Mean loss over all steps and over the last tenth of them: mean and standard deviation over seeds',
    columns: [
      { label: 'panel' },
      { label: 'method' },
      { label: 'over all steps' },
      { label: 'standard deviation', digits: 2 },
      { label: 'over the last tenth' },
      { label: 'standard deviation', digits: 2 },
      { label: 'seeds' },
      { label: 'paper' },
      { label: 'tuned learning rate' },
    ],
    rows: panelNames.flatMap((panel) =>
      subjects.flatMap((subject) => {
        const runs = runsBySeed(rows, panel, subject);
        if (runs.size === 0) return [];
        const [overall, final] = [describeRuns(runs, 'overall'), describeRuns(runs, 'final')];
        const rate = rows.find((row) => row.metric === `learning rate, ${panel}` && row.subject === subject)?.value;
        const numbers = [overall.mean, overall.standardDeviation, final.mean, final.standardDeviation, runs.size];
        // The paper gives no numbers for Figure 7.
        return [[panel, labels[subject], ...numbers, undefined, rate]];
      }),
    ),
  };
}

/** Mean curves with a band of one standard deviation over seeds, log y; the learned optimizers solid, the others dashed. */
function chartPanel(rows: readonly Measurement[], panel: PanelName, seeds: number): Chart {
  const own = rows.filter(({ metric, step }) => metric === cifarMetric(panel) && step > 0);
  const steps = [...new Set(own.map(({ step }) => step))].sort((a, b) => a - b);
  const values = subjects.flatMap((subject) =>
    steps.flatMap((step) => {
      const losses = own.filter((row) => row.subject === subject && row.step === step).map(({ value }) => value);
      if (losses.length === 0) return [];
      const { mean, standardDeviation } = describeValues(losses);
      if (!Number.isFinite(mean)) return [];
      // A logarithmic axis has no place for what a symmetric band may hold below the smallest loss seen.
      const low = Math.max(mean - standardDeviation, Math.min(...losses));
      const [loss, below, above] = [mean, low, mean + standardDeviation].map((value) => Number(value.toPrecision(6)));
      return [{ method: labels[subject], step, loss, low: below, high: above }];
    }),
  );
  const domain = subjects.map((subject) => labels[subject]);
  const x = {
    field: 'step',
    type: 'quantitative',
    title: 'optimization step',
    scale: { domain: [0, steps.at(-1) ?? 1], nice: false },
  };
  const y = (field: string) => ({
    field,
    type: 'quantitative',
    title: 'loss (nats)',
    scale: { type: 'log', nice: false },
    axis: { format: '~g', tickCount: 8 },
  });
  // One legend for both layers: each names the same scale, and neither may take the legend away.
  const legend = { symbolType: 'stroke', symbolSize: 600 };
  const color = { field: 'method', type: 'nominal', title: null, scale: { domain }, legend };
  const range = subjects.map((subject) => (subject.startsWith('lstm') ? [1, 0] : [6, 3]));
  return {
    title: panel,
    caption: `Figure 7: mean loss over ${seeds} fresh initializations on ${panel}, test images that no learned optimizer was trained on, the band one standard deviation over them; learned optimizers solid, tuned baselines dashed.`,
    spec: {
      $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
      data: { values },
      layer: [
        {
          mark: { type: 'area', clip: true },
          encoding: { x, y: y('low'), y2: { field: 'high' }, color },
        },
        {
          mark: { type: 'line', clip: true },
          encoding: { x, y: y('loss'), color, strokeDash: { ...color, scale: { domain, range } } },
        },
      ],
    },
  };
}

export function summarizeCifar(
  rows: readonly Measurement[],
  { seeds, evaluationSteps }: { readonly seeds: number; readonly evaluationSteps: number },
): Summary {
  return {
    verdict: judgeCifar(rows, evaluationSteps),
    tables: [tabulate(rows)],
    charts: panelNames.map((panel) => chartPanel(rows, panel, seeds)),
    remarks: [
      'A point is the mean over the steps since the point before, of losses that the optimizer saw in its evaluations; NAG’s are those at its look-ahead points, as Torch7 reports them.',
      'Every method runs from the same initial point on the same minibatches of each seed, which is why differences are paired.',
      'LSTM-sub was trained on five labels: on CIFAR-5 and CIFAR-2 it meets none of them, on CIFAR-10 half are new to it.',
      'The paper gives no numbers for its Figure 7.',
    ],
  };
}
