/** `stepwise estimate`: what a run would take, before anybody starts it. */
import { availableParallelism } from 'node:os';
import { experiments } from '../../lib/experiments.ts';
import { costOf } from '../../lib/pipeline/cost/cost.ts';
import { costedStages } from '../../lib/pipeline/cost/costed-stages.ts';
import { defaultPrices } from '../../lib/pipeline/cost/prices.ts';
import { expectedRunWork, resolveParams } from '../../lib/pipeline/resolve.ts';
import { formatDollars, formatSeconds } from '../../lib/report/format-numbers.ts';
import { pairs } from '../describe-run.ts';
import type { ExitCode } from '../exit-code.ts';
import { readPriceTable } from '../read-price-table.ts';
import { type RequestOptions, readOverrides, readPreset } from '../request-options.ts';
import type { Terminal } from '../terminal.ts';
import { renderTextTable } from '../text-table.ts';

export async function estimate(
  name: string,
  options: RequestOptions & { readonly json?: boolean; readonly prices?: string },
  terminal: Terminal,
): Promise<ExitCode> {
  const experiment = experiments.find(name);
  const preset = readPreset(options.preset);
  const overrides = { ...readOverrides(options.set), ...(options.seeds !== undefined && { seeds: options.seeds }) };
  const params = resolveParams(experiment, preset, overrides);
  const prices = (await readPriceTable(options)) ?? defaultPrices;
  const work = experiment.work(params);
  const billed = expectedRunWork(experiment, params);
  const { trials, evaluations } = billed;
  const cost = costOf(billed, prices);
  const spot = costOf(billed, prices, 'spot');
  const cores = availableParallelism();
  const secondsHere = (work.trainingCoreSeconds + work.evaluationCoreSeconds) / cores;
  if (options.json) {
    const document = {
      ...{ experiment: name, preset, params, trials, evaluations, work, secondsHere },
      cost: { currency: prices.currency, pricesAsOf: prices.asOf, gpu: 'on demand', ...cost },
      costOnSpot: { currency: prices.currency, pricesAsOf: prices.asOf, gpu: 'spot', ...spot },
      prices,
    };
    terminal.print(JSON.stringify(document, null, 2));
    return 0;
  }
  const columns = [{ label: 'on AWS' }, { label: 'on demand', number: true }, { label: 'spot', number: true }];
  const rows = [...costedStages, 'total' as const].map((stage) => [
    stage === 'total' ? 'all' : stage,
    formatDollars(cost[stage]),
    formatDollars(spot[stage]),
  ]);
  terminal.print(
    `${pairs([
      ['experiment', `${name} (${preset})`],
      ['trials', `${trials}, and ${evaluations} evaluations`],
      [
        'work',
        `${formatSeconds(work.trainingCoreSeconds)} of training and ${formatSeconds(work.evaluationCoreSeconds)} of evaluation on one core`,
      ],
      ['here', `about ${formatSeconds(secondsHere)} on ${cores} core${cores === 1 ? '' : 's'}, if all of them help`],
      ['on AWS', `from ${formatDollars(spot.total)} to ${formatDollars(cost.total)}`],
    ])}\n\n${renderTextTable(columns, rows)}\n\nPrices of ${prices.region} as of ${prices.asOf}. Nothing cached, and a GPU machine no faster than one core of a laptop: the real bill should be lower. Machines that boot, disks, logs and what is stored are not in it.`,
  );
  return 0;
}
