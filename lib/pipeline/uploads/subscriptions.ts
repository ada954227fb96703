/**
 * Subscriptions: which experiments run when a dataset is uploaded, as `subscriptions/{dataset}.json`. Everything in one is
 * hostile until this schema accepted it.
 */
import { z } from 'zod';
import { datasetNamePattern } from '../../datasets/dataset.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import { updateObject } from '../../storage/update-object.ts';
import { InvalidSubscription, SubscriptionExists, UnknownSubscription } from '../errors.ts';
import { type PresetName, presetNames } from '../experiment.ts';
import { keys } from '../keys.ts';
import { formatRecord, parseRecord, readRecord } from '../records.ts';

/** An upload that started more would be somebody's mistake, and an expensive one. */
export const mostSubscriptions = 50;
const mostOverridesCharacters = 10_000;

export const subscriptionSchema = z.strictObject({
  dataset: z
    .string()
    .regex(datasetNamePattern, 'a dataset is named by lower-case letters, digits and hyphens, 64 at most'),
  experiment: z.string().max(100),
  preset: z.enum(presetNames).default('laptop'),
  overrides: z
    .record(z.string().max(100), z.json())
    .default({})
    .refine((overrides) => JSON.stringify(overrides).length <= mostOverridesCharacters, {
      message: `its parameters have ${mostOverridesCharacters} characters at most`,
    }),
  seeds: z.number().int().min(1).max(10_000).optional(),
  /** Passed on in each run's request. */
  budgetUsDollars: z.number().positive().max(1_000_000).optional(),
});
/** One experiment at one preset: a dataset has no two of these, so that each upload starts it once. */
export type Subscription = z.infer<typeof subscriptionSchema>;

const subscriptionsSchema = z.strictObject({
  formatVersion: z.literal(1),
  subscriptions: z.array(subscriptionSchema).max(mostSubscriptions),
});

/** Throws InvalidSubscription. */
export function checkSubscription(input: unknown): Subscription {
  const parsed = subscriptionSchema.safeParse(input);
  if (!parsed.success) throw new InvalidSubscription(z.prettifyError(parsed.error).replaceAll('\n', ' '));
  return parsed.data;
}

/** None where the name could be no dataset's. Throws InvalidRecord. */
export async function readSubscriptions(store: ObjectStore, dataset: string): Promise<readonly Subscription[]> {
  if (!datasetNamePattern.test(dataset)) return [];
  return (await readRecord(store, keys.subscriptions(dataset), subscriptionsSchema))?.subscriptions ?? [];
}

/** By dataset, each one's in the order in which they were added. Throws InvalidRecord. */
export async function listSubscriptions(store: ObjectStore): Promise<readonly Subscription[]> {
  const all: Subscription[] = [];
  for await (const { key } of store.list(keys.subscriptionsPrefix())) {
    all.push(...((await readRecord(store, key, subscriptionsSchema))?.subscriptions ?? []));
  }
  return all;
}

/** Throws SubscriptionExists, InvalidSubscription where there are too many. */
export async function addSubscription(store: ObjectStore, subscription: Subscription): Promise<void> {
  const { dataset, experiment, preset } = subscription;
  await updateSubscriptions(store, dataset, (current) => {
    if (current.some((other) => isAbout(other, experiment, preset)))
      throw new SubscriptionExists(dataset, experiment, preset);
    if (current.length >= mostSubscriptions) {
      throw new InvalidSubscription(`'${dataset}' has ${mostSubscriptions} already, and that is the most`);
    }
    return [...current, subscription];
  });
}

/** At every preset where none is named; says at which. Throws UnknownSubscription. */
export async function removeSubscriptions(
  store: ObjectStore,
  dataset: string,
  experiment: string,
  preset?: PresetName,
): Promise<readonly PresetName[]> {
  // A name that is no dataset's is no key either.
  if ((await readSubscriptions(store, dataset)).length === 0) {
    throw new UnknownSubscription(dataset, experiment, store.location);
  }
  let removed: readonly PresetName[] = [];
  await updateSubscriptions(store, dataset, (current) => {
    const gone = current.filter((other) => isAbout(other, experiment, preset));
    if (gone.length === 0) throw new UnknownSubscription(dataset, experiment, store.location);
    removed = gone.map((subscription) => subscription.preset);
    return current.filter((other) => !gone.includes(other));
  });
  return removed;
}

function isAbout(subscription: Subscription, experiment: string, preset: PresetName | undefined): boolean {
  return subscription.experiment === experiment && (preset === undefined || subscription.preset === preset);
}

async function updateSubscriptions(
  store: ObjectStore,
  dataset: string,
  change: (current: readonly Subscription[]) => readonly Subscription[],
): Promise<void> {
  const key = keys.subscriptions(dataset);
  await updateObject(store, key, (current) => {
    const before = current
      ? parseRecord(key, new TextDecoder().decode(current), subscriptionsSchema).subscriptions
      : ([] as const);
    return formatRecord({ formatVersion: 1, subscriptions: change(before) });
  });
}
