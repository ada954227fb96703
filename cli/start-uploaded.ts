/** `stepwise upload --start`: what EventBridge and the starter do in a deployment, by the local engine. */

import { importDataset } from '../lib/datasets/import-dataset.ts';
import { StepwiseError } from '../lib/errors.ts';
import { experiments } from '../lib/experiments.ts';
import type { NumericBackend } from '../lib/numerics/backend.ts';
import { mayBeMadeFor, requiredDatasets } from '../lib/pipeline/resolve.ts';
import { type StartClaim, takeOverClaim } from '../lib/pipeline/uploads/starts.ts';
import { readSubscriptions, type Subscription } from '../lib/pipeline/uploads/subscriptions.ts';
import { type StartOutcome, startForUpload, type UploadedVersion } from '../lib/pipeline/uploads/uploads.ts';
import type { ObjectStore } from '../lib/storage/object-store.ts';
import { executeLocally } from './execute-run.ts';
import type { ExitCode } from './exit-code.ts';
import { readRun } from './read-run.ts';
import { isSilent, readRunState, silenceSeconds } from './run-state.ts';
import type { Terminal } from './terminal.ts';

export interface StartOptions {
  readonly store: string;
  readonly threads?: number;
  readonly chosenBackend: NumericBackend;
  readonly dataFolder: string | undefined;
}

export interface LocalStart {
  readonly experiment: string;
  readonly preset: string;
  /** Null where it could not be given one. */
  readonly run: string | null;
  readonly outcome: StartOutcome | 'not started';
  readonly status: string;
  readonly verdict: string | null;
  readonly error?: string;
}

/** One run after the other: each uses the whole machine. An error of one does not keep the others from running. */
export async function startUploaded(
  uploaded: UploadedVersion,
  options: StartOptions,
  world: { readonly store: ObjectStore; readonly terminal: Terminal; readonly signal: AbortSignal },
): Promise<{ readonly starts: readonly LocalStart[]; readonly code: ExitCode }> {
  const starts: LocalStart[] = [];
  const codes: ExitCode[] = [];
  for (const subscription of await readSubscriptions(world.store, uploaded.dataset)) {
    if (world.signal.aborted) break;
    try {
      starts.push(await startOne(uploaded, subscription, options, world, (code) => codes.push(code)));
    } catch (error) {
      if (!(error instanceof StepwiseError)) throw error;
      const { experiment, preset } = subscription;
      world.terminal.tell(`error: ${experiment} (${preset}): ${error.message}`);
      codes.push(error.exitCode);
      const failed = { run: null, outcome: 'not started', status: 'failed', verdict: null } as const;
      starts.push({ experiment, preset, ...failed, error: error.message });
    }
  }
  if (world.signal.aborted) return { starts, code: 130 };
  return { starts, code: codes.find((code) => code === 1) ?? codes.find((code) => code === 2) ?? 0 };
}

async function startOne(
  uploaded: UploadedVersion,
  subscription: Subscription,
  { dataFolder, ...options }: StartOptions,
  { store, terminal, signal }: Parameters<typeof startUploaded>[2],
  ended: (code: ExitCode) => void,
): Promise<LocalStart> {
  await importOtherDatasets(store, uploaded, subscription, dataFolder);
  const { run, outcome, experiment, preset } = await startForUpload(uploaded, subscription, {
    store,
    now: () => new Date(),
    start: async (request, claim) => {
      const taken = await findOther(store, claim);
      if (taken) return taken;
      ended(await executeLocally(request, { ...options, engine: 'local', priceTable: undefined }, terminal, signal));
      return 'started';
    },
  });
  const { status, verdict, failure } = await readRun(store, run);
  return {
    experiment,
    preset,
    run,
    outcome,
    status: status === 'running' && !(await isAlive(store, run)) ? 'interrupted' : status,
    verdict: verdict?.outcome ?? null,
    ...(failure && { error: failure.message }),
  };
}

/** Whether another process runs it, or ran it: an execution's name is what says so on AWS, and there is none here. */
async function findOther(store: ObjectStore, claim: StartClaim): Promise<StartOutcome | undefined> {
  if (claim.isNew) return undefined;
  if (await readRunState(store, claim.run)) return 'started before';
  // It may be just before its first sign of life. Where that does not come, it was killed there.
  const isOld = Date.now() - Date.parse(claim.claimedAt) >= silenceSeconds * 1000;
  return isOld && (await takeOverClaim(store, claim, new Date())) ? undefined : 'claimed by another';
}

async function isAlive(store: ObjectStore, run: string): Promise<boolean> {
  const state = await readRunState(store, run);
  return state === undefined || (state.status === 'running' && !isSilent(state, Date.now()));
}

/** On AWS they are in the bucket, or the run fails and says which is not. */
async function importOtherDatasets(
  store: ObjectStore,
  uploaded: UploadedVersion,
  subscription: Subscription,
  dataFolder: string | undefined,
): Promise<void> {
  const experiment = experiments.find(subscription.experiment);
  for (const name of requiredDatasets(experiment, subscription.preset)) {
    if (name === uploaded.dataset) continue;
    const mayBeMade = mayBeMadeFor(experiment, name, subscription.preset);
    await importDataset({ name, store, mayBeMade, ...(dataFolder !== undefined && { source: { dataFolder } }) });
  }
}
