/** `stepwise estimate`: what a run would take, before anybody starts it. */
import { availableParallelism } from 'node:os';
import { experiments } from '../../lib/experiments.ts';
import { estimateCost, totalCost } from '../../lib/pipeline/cost.ts';
import { resolveParams } from '../../lib/pipeline/resolve.ts';
import { formatDollars, formatSeconds } from '../../lib/report/format-numbers.ts';
import { pairs } from '../describe-run.ts';
import type { ExitCode } from '../exit-code.ts';
import { type RequestOptions, readOverrides, readPreset } from '../request-options.ts';
import type { Terminal } from '../terminal.ts';

export async function estimate(
  name: string,
  options: RequestOptions & { readonly json?: boolean },
  terminal: Terminal,
): Promise<ExitCode> {
  const experiment = experiments.find(name);
  const preset = readPreset(options.preset);
  const overrides = { ...readOverrides(options.set), ...(options.seeds !== undefined && { seeds: options.seeds }) };
  const params = resolveParams(experiment, preset, overrides);
  const trials = experiment.plan(params).length;
  const evaluations = experiment.evaluations(params, experiment.plan(params)).length;
  const work = experiment.work(params);
  const cost = estimateCost(work, trials + evaluations);
  const cores = availableParallelism();
  const secondsHere = (work.trainingCoreSeconds + work.evaluationCoreSeconds) / cores;
  if (options.json) {
    const costs = { ...cost, total: totalCost(cost) };
    terminal.print(
      JSON.stringify(
        { experiment: name, preset, params, trials, evaluations, work, secondsHere, cost: costs },
        null,
        2,
      ),
    );
    return 0;
  }
  terminal.print(
    `${pairs([
      ['experiment', `${name} (${preset})`],
      ['trials', `${trials}, and ${evaluations} evaluations`],
      [
        'work',
        `${formatSeconds(work.trainingCoreSeconds)} of training and ${formatSeconds(work.evaluationCoreSeconds)} of evaluation on one core`,
      ],
      ['here', `about ${formatSeconds(secondsHere)} on ${cores} core${cores === 1 ? '' : 's'}, if all of them help`],
      [
        'on AWS',
        `about ${formatDollars(totalCost(cost))} (training ${formatDollars(cost.train)}, evaluation ${formatDollars(cost.evaluate)}, orchestration ${formatDollars(cost.orchestration)})`,
      ],
    ])}\n\nNothing cached, on-demand prices, and a GPU machine no faster than one core of a laptop: the real bill should be lower.`,
  );
  return 0;
}
