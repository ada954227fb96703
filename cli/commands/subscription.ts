/** `stepwise subscription add|list|remove`: which experiments run when a dataset is uploaded. */
import { experiments } from '../../lib/experiments.ts';
import { checkRequest, requiredDatasets } from '../../lib/pipeline/resolve.ts';
import {
  checkSubscription,
  addSubscription as keepSubscription,
  listSubscriptions,
  readSubscriptions,
  removeSubscriptions,
  type Subscription,
} from '../../lib/pipeline/uploads/subscriptions.ts';
import { requestFor } from '../../lib/pipeline/uploads/uploads.ts';
import { formatDollars } from '../../lib/report/format-numbers.ts';
import { openStore } from '../../lib/storage/open-store.ts';
import { InvalidUsage } from '../errors.ts';
import type { ExitCode } from '../exit-code.ts';
import { type RequestOptions, readOverrides, readPreset } from '../request-options.ts';
import type { Terminal } from '../terminal.ts';
import { renderTextTable } from '../text-table.ts';

interface StoreOptions {
  readonly store: string;
}

export interface AddSubscriptionOptions extends StoreOptions, RequestOptions {
  readonly budget?: number;
}

export async function addSubscription(
  dataset: string,
  experimentName: string,
  options: AddSubscriptionOptions,
  terminal: Terminal,
): Promise<ExitCode> {
  const preset = readPreset(options.preset);
  const subscription = checkSubscription({
    dataset,
    experiment: experimentName,
    preset,
    overrides: readOverrides(options.set),
    ...(options.seeds !== undefined && { seeds: options.seeds }),
    ...(options.budget !== undefined && { budgetUsDollars: options.budget }),
  });
  // Refused now rather than after an upload of hours.
  const version = '0'.repeat(16);
  const { experiment } = checkRequest(requestFor({ dataset, version }, subscription, 'subscription'), experiments);
  const needed = requiredDatasets(experiment, preset);
  if (!needed.includes(dataset)) {
    throw new InvalidUsage(
      `${experimentName} (${preset}) does not read '${dataset}', so an upload of it changes nothing there. It reads: ${needed.join(', ') || 'no dataset'}.`,
    );
  }
  await keepSubscription(await openStore(options.store), subscription);
  terminal.print(`Each new version of ${dataset} starts ${describe(subscription)}`);
  return 0;
}

export async function list(
  dataset: string | undefined,
  options: StoreOptions & { readonly json?: boolean },
  terminal: Terminal,
): Promise<ExitCode> {
  const store = await openStore(options.store);
  const subscriptions = await (dataset === undefined ? listSubscriptions(store) : readSubscriptions(store, dataset));
  if (options.json) {
    terminal.print(JSON.stringify(subscriptions, null, 2));
    return 0;
  }
  if (subscriptions.length === 0) {
    terminal.print("There are no subscriptions. 'stepwise subscription add --help' says how to make one.");
    return 0;
  }
  const columns = ['dataset', 'experiment', 'preset', 'parameters', 'seeds', 'budget'].map((label) => ({ label }));
  const rows = subscriptions.map(({ dataset, experiment, preset, overrides, seeds, budgetUsDollars }) => [
    dataset,
    experiment,
    preset,
    describeOverrides(overrides) || '–',
    seeds === undefined ? '–' : String(seeds),
    budgetUsDollars === undefined ? '–' : formatDollars(budgetUsDollars),
  ]);
  terminal.print(renderTextTable(columns, rows));
  return 0;
}

export async function remove(
  dataset: string,
  experiment: string,
  options: StoreOptions & { readonly preset?: string },
  terminal: Terminal,
): Promise<ExitCode> {
  const preset = options.preset === undefined ? undefined : readPreset(options.preset);
  const removed = await removeSubscriptions(await openStore(options.store), dataset, experiment, preset);
  terminal.print(`Uploads of ${dataset} start ${experiment} (${removed.join(', ')}) no longer; its runs stay`);
  return 0;
}

function describe({ experiment, preset, overrides, seeds, budgetUsDollars }: Subscription): string {
  const details = [
    preset,
    describeOverrides(overrides),
    seeds !== undefined && `${seeds} seeds`,
    budgetUsDollars !== undefined && `for ${formatDollars(budgetUsDollars)} at most`,
  ];
  return `${experiment} (${details.filter(Boolean).join(', ')})`;
}

function describeOverrides(overrides: Subscription['overrides']): string {
  return Object.entries(overrides)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(', ');
}
