/**
 * `Object Created` of a dataset's manifest becomes the runs that are subscribed to it. EventBridge delivers at least once
 * and in any order; `lib/pipeline/uploads/uploads.ts` makes one run of it.
 */
import { z } from 'zod';
import { checkSubscription, readSubscriptions, type Subscription } from '../lib/pipeline/uploads/subscriptions.ts';
import {
  parseManifestKey,
  type StartedRun,
  startForUpload,
  type UploadedVersion,
} from '../lib/pipeline/uploads/uploads.ts';
import { InvalidEvent } from './errors.ts';
import type { StarterPorts } from './starter-handler.ts';

/** What is read of EventBridge's envelope. S3's *notifications* spell a key as an address does; its events do not. */
const eventSchema = z.looseObject({
  source: z.literal('aws.s3'),
  'detail-type': z.literal('Object Created'),
  detail: z.looseObject({
    bucket: z.looseObject({ name: z.string() }),
    object: z.looseObject({ key: z.string() }),
  }),
});

export interface UploadPorts extends StarterPorts {
  /** Those that came with the deployment; the store's come on top, and first where both name the same. */
  readonly deployed: readonly Subscription[];
  now(): Date;
}

export interface UploadOutcome {
  /** Null where the key is no manifest's. */
  readonly uploaded: UploadedVersion | null;
  readonly runs: readonly StartedRun[];
}

/**
 * Throws InvalidEvent, and, once every subscription had its turn, the first error that one of them met: a delivery that
 * comes again goes on with what is missing.
 */
export async function startOnUpload(event: unknown, ports: UploadPorts): Promise<UploadOutcome> {
  const { store, start, log } = ports;
  const uploaded = parseManifestKey(readKey(event, store.location));
  if (!uploaded) {
    log('ignored: no manifest of a dataset version', {});
    return { uploaded: null, runs: [] };
  }
  const results = await Promise.allSettled(
    (await subscriptionsOf(uploaded, ports)).map((subscription) =>
      startForUpload(uploaded, subscription, {
        store,
        now: ports.now,
        start: async (request) =>
          (await start({ name: request.run, input: JSON.stringify(request) })) ? 'started' : 'started before',
      }),
    ),
  );
  const runs = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  log('uploaded', { ...uploaded, runs });
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
  return { uploaded, runs };
}

/** From the environment: a list as JSON, as `infra/upload-trigger.ts` writes it. Throws InvalidSubscription. */
export function readDeployedSubscriptions(text: string | undefined): readonly Subscription[] {
  if (!text) return [];
  return (JSON.parse(text) as unknown[]).map(checkSubscription);
}

function readKey(event: unknown, location: string): string {
  const parsed = eventSchema.safeParse(event);
  if (!parsed.success) {
    throw new InvalidEvent(`must be EventBridge's 'Object Created': ${z.prettifyError(parsed.error)}`);
  }
  const { bucket, object } = parsed.data.detail;
  // Whoever may call the function could name any bucket; it knows one.
  if (`s3://${bucket.name}` !== location) {
    throw new InvalidEvent(
      `must be about ${location}, and is about the bucket ${JSON.stringify(bucket.name.slice(0, 80))}`,
    );
  }
  return object.key;
}

async function subscriptionsOf(
  { dataset }: UploadedVersion,
  { store, deployed }: UploadPorts,
): Promise<readonly Subscription[]> {
  const kept = await readSubscriptions(store, dataset);
  const isKept = ({ experiment, preset }: Subscription) =>
    kept.some((other) => other.experiment === experiment && other.preset === preset);
  return [...kept, ...deployed.filter((other) => other.dataset === dataset && !isKept(other))];
}
