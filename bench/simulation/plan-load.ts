/** What a plan asks of a store and of the state machine, counted by running its stages over work that does nothing. */
import { aggregate } from '../../lib/pipeline/aggregate.ts';
import { evaluate } from '../../lib/pipeline/evaluate.ts';
import { keys } from '../../lib/pipeline/keys.ts';
import { plan } from '../../lib/pipeline/plan.ts';
import { formatRecord } from '../../lib/pipeline/records.ts';
import { runRequestSchema } from '../../lib/pipeline/request.ts';
import { resolve } from '../../lib/pipeline/resolve.ts';
import type { PlanOutput, StagePorts } from '../../lib/pipeline/stages.ts';
import { train } from '../../lib/pipeline/train.ts';
import type { ObjectStore } from '../../lib/storage/object-store.ts';
import { openStubPorts } from '../../test/scale/stub-ports.ts';

/** Requests of one kind of stage, all its batches together. */
export interface Requests {
  /** GET, HEAD and LIST. */
  readonly reads: number;
  /** PUT and DELETE. */
  readonly writes: number;
}

export interface PlanLoad {
  readonly trials: number;
  readonly trainBatches: number;
  readonly evaluationBatches: number;
  readonly requests: Readonly<Record<'plan' | 'train' | 'evaluate' | 'aggregate', Requests>>;
  /** Of what Plan hands on, which is a state's output and the next one's input. */
  readonly stateBytes: number;
  /** Of the lists that the maps read. */
  readonly listBytes: number;
}

/** @param store empty, and left full */
export async function measurePlanLoad(
  store: string,
  { trials, trialsAJob }: { readonly trials: number; readonly trialsAJob: number },
): Promise<PlanLoad> {
  const opened = await openStubPorts(store);
  const counts = { reads: 0, writes: 0 };
  const ports: StagePorts = { ...opened, store: counting(opened.store, counts) };
  const counted = async <T>(work: () => Promise<T>): Promise<[T, Requests]> => {
    const before = { ...counts };
    const output = await work();
    return [output, { reads: counts.reads - before.reads, writes: counts.writes - before.writes }];
  };
  const request = runRequestSchema.parse({
    run: 'load',
    experiment: 'scale/stub',
    preset: 'smoke',
    overrides: { trials, trialsAJob },
  });
  await putRequest(opened.store, request);
  const resolved = await resolve(request, ports);
  const [planned, ofPlan] = await counted(() => plan(resolved, ports));
  const { trainBatches, evaluationBatches } = planned;
  const [, ofTrain] = await counted(() => each(trainBatches, (batch) => train({ run: request.run, batch }, ports)));
  const [, ofEvaluate] = await counted(() =>
    each(evaluationBatches, (batch) => evaluate({ run: request.run, batch }, ports)),
  );
  const [, ofAggregate] = await counted(() => aggregate(planned, ports));
  return {
    trials,
    trainBatches,
    evaluationBatches,
    requests: { plan: ofPlan, train: ofTrain, evaluate: ofEvaluate, aggregate: ofAggregate },
    stateBytes: JSON.stringify(planned).length,
    listBytes: await sizeOfLists(opened.store, planned),
  };
}

/** The load of more trials, as many to a job: all that grows with them grows in proportion, from two plans that were measured. */
export function extrapolate(smaller: PlanLoad, larger: PlanLoad, trials: number): PlanLoad {
  const at = (of: (load: PlanLoad) => number) => {
    const slope = (of(larger) - of(smaller)) / (larger.trials - smaller.trials);
    return Math.ceil(of(larger) + slope * (trials - larger.trials));
  };
  const requests = (stage: keyof PlanLoad['requests']): Requests => ({
    reads: at((load) => load.requests[stage].reads),
    writes: at((load) => load.requests[stage].writes),
  });
  return {
    trials,
    trainBatches: at((load) => load.trainBatches),
    evaluationBatches: at((load) => load.evaluationBatches),
    requests: {
      plan: requests('plan'),
      train: requests('train'),
      evaluate: requests('evaluate'),
      aggregate: requests('aggregate'),
    },
    // Counts in it have more digits.
    stateBytes: larger.stateBytes + 4 * Math.ceil(Math.log10(trials / larger.trials)),
    listBytes: at((load) => load.listBytes),
  };
}

function putRequest(store: ObjectStore, request: { readonly run: string }): Promise<unknown> {
  return store.put(keys.request(request.run), formatRecord(request));
}

async function each(count: number, work: (batch: number) => Promise<unknown>): Promise<void> {
  for (let batch = 1; batch <= count; batch++) await work(batch);
}

async function sizeOfLists(store: ObjectStore, { trainKey, evaluationKey }: PlanOutput): Promise<number> {
  const heads = await Promise.all([trainKey, evaluationKey].map((key) => store.head(key)));
  return Math.max(...heads.map((head) => head?.size ?? 0));
}

/** A list is a request for each thousand objects. */
function counting(store: ObjectStore, counts: { reads: number; writes: number }): ObjectStore {
  return {
    location: store.location,
    get: (key) => {
      counts.reads++;
      return store.get(key);
    },
    getStream: (key) => {
      counts.reads++;
      return store.getStream(key);
    },
    head: (key) => {
      counts.reads++;
      return store.head(key);
    },
    put: (key, body, condition) => {
      counts.writes++;
      return store.put(key, body, condition);
    },
    putStream: (...given) => {
      counts.writes++;
      return store.putStream(...given);
    },
    async *list(prefix) {
      let listed = 0;
      for await (const head of store.list(prefix)) {
        if (listed++ % 1000 === 0) counts.reads++;
        yield head;
      }
    },
    delete: (key) => {
      counts.writes++;
      return store.delete(key);
    },
  };
}
