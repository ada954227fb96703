/**
 * Resolve: from what a user asked for to what the run is. Checks the request before anything costs money, fills in the
 * preset's parameters, pins the version of every dataset, estimates the cost.
 */
import { z } from 'zod';
import { checkStoredFiles } from '../datasets/check-stored-files.ts';
import { pinDataset } from '../datasets/pinned-dataset.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { type BilledWork, costOf, expectedWork } from './cost/cost.ts';
import { readPrices } from './cost/prices.ts';
import { InvalidRequest } from './errors.ts';
import { type AnyExperiment, type BaseParams, type BaseTrial, type PresetName, presetNames } from './experiment.ts';
import { keys } from './keys.ts';
import { nearestName } from './nearest-name.ts';
import { evaluationsABatch, groupTrials } from './plan-batches.ts';
import { formatRecord, type ResolvedRun, readRecord, resolvedRunSchema } from './records.ts';
import { type RunRequest, runRequestSchema } from './request.ts';
import type { ExperimentRegistry, ResolveOutput, StagePorts } from './stages.ts';

/** Throws InvalidRequest, UnknownExperiment, DatasetMissing, InvalidDataset, InvalidPrices. */
export async function resolve(input: unknown, ports: StagePorts): Promise<ResolveOutput> {
  const began = ports.now();
  const { request, experiment, params } = checkRequest(input, ports.experiments);
  const datasets = await pinDatasets(ports.store, experiment, request);
  await forgetFailures(ports.store, request.run);
  const prices = ports.prices ?? (await readPrices(ports.store));
  const earlier = await readRecord(ports.store, keys.resolved(request.run), resolvedRunSchema);
  const resolved: ResolvedRun = {
    formatVersion: 1,
    run: request.run,
    experiment: experiment.name,
    preset: request.preset,
    params: z.record(z.string(), z.json()).parse(params),
    datasets,
    toleratedFailurePercentage: request.toleratedFailurePercentage,
    estimatedCost: costOf(expectedRunWork(experiment, params), prices).total,
    // A resumed run began when it first did.
    startedAt: earlier?.startedAt ?? new Date(began).toISOString(),
    resolveSeconds: (ports.now() - began) / 1000,
    prices,
    ...(request.budgetUsDollars !== undefined && { budgetUsDollars: request.budgetUsDollars }),
    ...(request.notify !== undefined && { notify: request.notify }),
  };
  await ports.store.put(keys.resolved(request.run), formatRecord(resolved));
  const { run, toleratedFailurePercentage } = resolved;
  return { run, experiment: experiment.name, toleratedFailurePercentage };
}

/** The pure part, which the command line asks before it starts anything. Throws InvalidRequest, UnknownExperiment. */
export function checkRequest(
  input: unknown,
  experiments: ExperimentRegistry,
): { readonly request: RunRequest; readonly experiment: AnyExperiment; readonly params: BaseParams } {
  const parsed = runRequestSchema.safeParse(input);
  if (!parsed.success) throw new InvalidRequest(describe(parsed.error));
  const request = parsed.data;
  const experiment = experiments.find(request.experiment);
  const params = resolveParams(experiment, request.preset, {
    ...request.overrides,
    ...(request.seeds === undefined ? {} : { seeds: request.seeds }),
  });
  return { request, experiment, params };
}

/** The preset's parameters with the overrides, as the experiment's schema accepts them. Throws InvalidRequest. */
export function resolveParams(
  experiment: AnyExperiment,
  preset: PresetName,
  overrides: Readonly<Record<string, unknown>>,
): BaseParams {
  const base = experiment.presets[preset] as Readonly<Record<string, unknown>>;
  for (const name of Object.keys(overrides)) {
    if (Object.hasOwn(base, name)) continue;
    const nearest = nearestName(name, Object.keys(base));
    throw new InvalidRequest(
      `${experiment.name} has no parameter '${name}'.${nearest ? ` Did you mean '${nearest}'?` : ''} It has: ${Object.keys(base).join(', ')}.`,
    );
  }
  const parsed = experiment.params.safeParse({ ...base, ...overrides });
  if (!parsed.success) throw new InvalidRequest(`Parameters of ${experiment.name}: ${describe(parsed.error)}`);
  return parsed.data;
}

/** Datasets that the experiment needs under this preset. */
export function requiredDatasets(experiment: AnyExperiment, preset: PresetName): readonly string[] {
  return experiment.datasets.filter(({ presets }) => (presets ?? presetNames).includes(preset)).map(({ name }) => name);
}

/** Whether a stand-in made in code will do where nobody has the dataset. */
export function mayBeMadeFor(experiment: AnyExperiment, dataset: string, preset: PresetName): boolean {
  const required = experiment.datasets.find(({ name }) => name === dataset);
  return preset === 'smoke' || (required?.mayBeMadeFor?.includes(preset) ?? false);
}

async function pinDatasets(store: ObjectStore, experiment: AnyExperiment, request: RunRequest) {
  const names = requiredDatasets(experiment, request.preset);
  return Promise.all(
    names.map(async (name) => {
      const manifest = await pinDataset(store, name, request.datasetVersions[name]);
      // Contents are checked where they are read; this finds half an upload before anything costs money.
      await checkStoredFiles(store, manifest);
      const { version, origin, description } = manifest;
      return { name, version, origin, description };
    }),
  );
}

/** A resumed run starts with a clean slate: what failed in an earlier attempt may succeed in this one. */
async function forgetFailures(store: ObjectStore, run: string): Promise<void> {
  for await (const { key } of store.list(keys.failuresPrefix(run))) await store.delete(key);
}

/** All of a run's work, with nothing cached. Pure. */
export function expectedRunWork(experiment: AnyExperiment, params: BaseParams): BilledWork {
  const trials: readonly BaseTrial[] = experiment.plan(params);
  const evaluations = experiment.evaluations(params, trials).length;
  return expectedWork(experiment.work(params), {
    trials: trials.length,
    trainBatches: groupTrials(trials, (trial) => trial).length,
    evaluations,
    evaluationBatches: Math.ceil(evaluations / evaluationsABatch),
  });
}

function describe(error: z.ZodError): string {
  return error.issues
    .map(({ path, message }) => (path.length > 0 ? `${path.join('.')}: ${message}` : message))
    .join('; ');
}
