/** What an uploaded dataset starts: one run for each version and subscription, whoever tells of the upload and how often. */
import { z } from 'zod';
import { datasetNamePattern, datasetVersionPattern } from '../../datasets/dataset.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import { digestJson } from '../digest.ts';
import { InvalidRequest } from '../errors.ts';
import { keys } from '../keys.ts';
import { type RunRequest, runRequestSchema } from '../request.ts';
import { newRunName } from '../run-names.ts';
import { claimStart, keepRequest, markStarted, type StartClaim } from './starts.ts';
import type { Subscription } from './subscriptions.ts';

export interface UploadedVersion {
  readonly dataset: string;
  readonly version: string;
}

/** What a manifest's key says; undefined for every other key. The key as S3 has it, not as an address spells it. */
export function parseManifestKey(key: string): UploadedVersion | undefined {
  const [, dataset, version, ...rest] = key.split('/');
  if (dataset === undefined || version === undefined || rest.length !== 1) return undefined;
  if (!datasetNamePattern.test(dataset) || !datasetVersionPattern.test(version)) return undefined;
  return key === keys.datasetManifest(dataset, version) ? { dataset, version } : undefined;
}

export interface StartingPorts {
  readonly store: ObjectStore;
  now(): Date;
  /** Starts the run under its name. It may be called again for the same run: after a crash, and by others at the same time. */
  start(request: RunRequest, claim: StartClaim): Promise<StartOutcome>;
}

/** `claimed by another`: who may still die before it is started. */
export type StartOutcome = 'started' | 'started before' | 'claimed by another';

export interface StartedRun {
  readonly experiment: string;
  readonly preset: string;
  readonly run: string;
  readonly outcome: StartOutcome;
}

/** Throws InvalidRequest, InvalidRecord, and what the ports throw: then it can be tried again. */
export async function startForUpload(
  uploaded: UploadedVersion,
  subscription: Subscription,
  { store, now, start }: StartingPorts,
): Promise<StartedRun> {
  const { experiment, preset } = subscription;
  // The settings are left out: whoever changes them while an event is under way must not get a second run.
  const digest = digestJson({
    kind: 'upload',
    manifest: `${store.location}/${keys.datasetManifest(uploaded.dataset, uploaded.version)}`,
    experiment,
    preset,
  });
  const claim = await claimStart(store, digest, newRunName(experiment, preset, now(), digest.slice(0, 8)), now());
  const { run } = claim;
  if (claim.startedAt !== undefined) return { experiment, preset, run, outcome: 'started before' };
  const request = await keepRequest(store, requestFor(uploaded, subscription, run));
  const outcome = await start(request, claim);
  if (outcome !== 'claimed by another') await markStarted(store, claim, now());
  return { experiment, preset, run, outcome };
}

/** Throws InvalidRequest. */
export function requestFor(
  { dataset, version }: UploadedVersion,
  { experiment, preset, overrides, seeds, budgetUsDollars }: Subscription,
  run: string,
): RunRequest {
  const parsed = runRequestSchema.safeParse({
    run,
    experiment,
    preset,
    overrides,
    datasetVersions: { [dataset]: version },
    trigger: { kind: 'upload', name: dataset },
    ...(seeds !== undefined && { seeds }),
    ...(budgetUsDollars !== undefined && { budgetUsDollars }),
  });
  if (!parsed.success) throw new InvalidRequest(z.prettifyError(parsed.error));
  return parsed.data;
}
