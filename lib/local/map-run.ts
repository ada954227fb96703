/**
 * One run of a Distributed Map: read the items, run the item processor for each with limited concurrency, write the
 * results, and fail where more failed than is tolerated. An item's failure is an outcome, not an exception.
 */
import { setMaxListeners } from 'node:events';
import type { ObjectStore } from '../storage/object-store.ts';
import { StateError } from './errors.ts';
import { evaluateTemplate } from './evaluate-template.ts';
import { type BoundTask, interpret, type Outcome } from './interpreter.ts';
import { readItems } from './item-reader.ts';
import type { LoweredMachine, MapTask } from './lowering.ts';
import { mapRunArn, ResultWriter } from './result-writer.ts';
import type { Json, JsonObject } from './template-resources.ts';

export interface MapRunOptions {
  readonly store: ObjectStore;
  /** Unique among the map runs of an execution, and the same when the execution is repeated. */
  readonly mapRun: string;
  /**
   * Items begun at once, where the definition allows more: AWS starts thousands, one machine only queues them, and a
   * queued item would use up its state's timeout and hold memory.
   */
  readonly mostAtOnce: number;
  /** The execution's context object. */
  readonly context: JsonObject;
  readonly signal: AbortSignal;
  /** Wall clock, milliseconds since the epoch. */
  now(): number;
  /** What the item processor's tasks do for this item: the line as it was read, before ItemSelector. */
  bindTasks(processor: LoweredMachine, item: Json, context: JsonObject): ReadonlyMap<string, BoundTask>;
  /** Called once, when every item is known to be readable and before the first is begun. */
  onStart(summary: { readonly items: number; readonly weight: number }): void;
  /** How much of the progress an item stands for. */
  weigh(item: Json): number;
}

interface Settings {
  readonly Key: string;
  readonly Prefix: string;
  readonly MaxConcurrency: number;
  readonly ToleratedFailurePercentage: number;
  readonly ToleratedFailureCount: number;
}

/** Returns what AWS returns, the place of the manifest. Throws StateError. */
export async function runMap(map: MapTask, input: Json, options: MapRunOptions): Promise<Json> {
  const { store, mapRun, mostAtOnce, signal } = options;
  const settings = readSettings(await evaluateTemplate(map.settings, input, options.context), map);
  const summary = await countItems(settings.Key, options);
  options.onStart(summary);
  const writer = new ResultWriter({ store, bucket: map.resultBucket, prefix: settings.Prefix, mapRun });
  const tally = new FailureTally(map, settings, summary.items);
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  const abort = () => stop.abort();
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });

  const items = readItems(store, settings.Key);
  let started = 0;
  /** Takes items from the one reader until there are none. */
  const work = async () => {
    while (!stop.signal.aborted) {
      const { value: item, done } = await items.next();
      if (done || stop.signal.aborted) return;
      const index = started++;
      const startedAt = options.now();
      const outcome = await runItem(map, item, index, input, stop.signal, options);
      const result = { name: String(index), input: item, outcome, startedAt, stoppedAt: options.now() };
      await writer.add(result);
      if (tally.add(index, outcome)) abort();
    }
  };
  const workers = Math.min(settings.MaxConcurrency || mostAtOnce, mostAtOnce, summary.items);
  try {
    await allOrFirstError(Array.from({ length: workers }, work), abort);
  } finally {
    signal.removeEventListener('abort', abort);
    await items.return(null);
  }
  signal.throwIfAborted();
  const manifestKey = await writeResults(writer);
  tally.throwIfExceeded();
  return { MapRunArn: mapRunArn(mapRun), ResultWriterDetails: { Bucket: map.resultBucket, Key: manifestKey } };
}

async function runItem(
  map: MapTask,
  item: Json,
  index: number,
  mapInput: Json,
  signal: AbortSignal,
  options: MapRunOptions,
): Promise<Outcome> {
  const context = childContext(options, index);
  let input = item;
  if (map.itemSelector) {
    const selecting = { ...options.context, Map: { Item: { Index: index, Value: item } } };
    try {
      input = await evaluateTemplate(map.itemSelector, mapInput, selecting);
    } catch (error) {
      const known = error as Error;
      return { status: 'failed', error: known.name, cause: known.message };
    }
  }
  const tasks = options.bindTasks(map.processor, item, context);
  return interpret(map.processor.definition, input, { tasks, context, signal });
}

/** On AWS every item is an execution of its own, with a name of its own. */
function childContext(options: MapRunOptions, index: number): JsonObject {
  const name = `${options.mapRun}:${index}`;
  return { ...options.context, Execution: { Id: `local:execution:${name}`, Name: name } };
}

/** The first pass over the file: a bad line ends the map before the first item has cost anything. */
async function countItems(key: string, { store, weigh }: MapRunOptions): Promise<{ items: number; weight: number }> {
  let items = 0;
  let weight = 0;
  for await (const item of readItems(store, key)) {
    items++;
    weight += weigh(item);
  }
  // What Step Functions makes of a file without items is nowhere written down, so nobody may rely on it.
  if (items === 0) {
    throw new StateError('States.ItemReaderFailed', `${key} has no items. Lead past the map with a Choice state.`);
  }
  return { items, weight };
}

async function allOrFirstError(workers: readonly Promise<void>[], abort: () => void): Promise<void> {
  const failures: unknown[] = [];
  await Promise.all(
    workers.map((worker) =>
      worker.catch((error: unknown) => {
        failures.push(error);
        abort();
      }),
    ),
  );
  if (failures.length > 0) throw failures[0];
}

async function writeResults(writer: ResultWriter): Promise<string> {
  try {
    return await writer.close();
  } catch (error) {
    throw new StateError('States.ResultWriterFailed', error instanceof Error ? error.message : String(error));
  }
}

/** Counts failures against the thresholds that the definition gives; without any, none is tolerated. */
class FailureTally {
  readonly #items: number;
  readonly #tolerated: number;
  #failed = 0;
  #first = '';

  constructor(map: MapTask, settings: Settings, items: number) {
    const given = (field: string) => Object.keys(map.settings).some((key) => key === field || key === `${field}.$`);
    const share = given('ToleratedFailurePercentage') ? (settings.ToleratedFailurePercentage / 100) * items : Infinity;
    const count = given('ToleratedFailureCount') ? settings.ToleratedFailureCount : Infinity;
    const tolerated = Math.min(share, count);
    this.#items = items;
    this.#tolerated = tolerated === Infinity ? 0 : tolerated;
  }

  /** True where more have failed than may. */
  add(index: number, outcome: Outcome): boolean {
    if (outcome.status === 'failed') {
      this.#failed++;
      this.#first ||= `item ${index} with ${outcome.error}: ${outcome.cause}`;
    }
    return this.#failed > this.#tolerated;
  }

  throwIfExceeded(): void {
    if (this.#failed <= this.#tolerated) return;
    throw new StateError(
      'States.ExceedToleratedFailureThreshold',
      `The specified tolerated failure threshold was exceeded: ${this.#failed} of ${this.#items} items failed, ${Math.floor(this.#tolerated)} may. The first was ${this.#first}`,
    );
  }
}

function readSettings(value: Json, map: MapTask): Settings {
  const given = value as Record<string, unknown>;
  const text = (field: string) => {
    const found = given[field];
    if (typeof found === 'string') return found;
    throw badSetting(map, field, 'a text', found);
  };
  const number = (field: string, most: number) => {
    const found = given[field] ?? 0;
    if (typeof found === 'number' && found >= 0 && found <= most) return found;
    throw badSetting(map, field, `a number from 0 to ${most}`, found);
  };
  return {
    Key: text('Key'),
    Prefix: text('Prefix'),
    MaxConcurrency: number('MaxConcurrency', Number.MAX_SAFE_INTEGER),
    ToleratedFailurePercentage: number('ToleratedFailurePercentage', 100),
    ToleratedFailureCount: number('ToleratedFailureCount', Number.MAX_SAFE_INTEGER),
  };
}

function badSetting(map: MapTask, field: string, expected: string, found: unknown): StateError {
  const cause = `${field} of the map ${map.label} must be ${expected}, and is ${JSON.stringify(found)}.`;
  return new StateError('States.Runtime', cause, { terminal: true });
}
