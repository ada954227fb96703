/** S3's events once more, as EventBridge may deliver them: repeated and in another order. */
import { setTimeout as sleep } from 'node:timers/promises';
import { randomStream } from '../../../lib/numerics/random.ts';
import { callJson } from './aws-request.ts';
import type { EmulatedCloud } from './emulated-cloud.ts';

/** `count` keys: each as often as the others, in an order that no sender had. */
export function shuffledDuplicates(objectKeys: readonly string[], count: number): readonly string[] {
  const random = randomStream(1, 'duplicate events');
  return Array.from({ length: count }, (_, at) => ({ key: objectKeys[at % objectKeys.length]!, at: random.uniform() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ key }) => key);
}

/**
 * Tells the bus that these objects were created. AWS lets nobody but S3 say so; the emulator does. Resolves when all that
 * was told has been heard: `heard` counts the calls of whoever listens.
 */
export async function deliver(
  { endpoint, bucket }: EmulatedCloud,
  objectKeys: readonly string[],
  heard: () => number,
): Promise<void> {
  const before = heard();
  for (let start = 0; start < objectKeys.length; start += mostEntries) {
    const some = objectKeys.slice(start, start + mostEntries);
    const Entries = some.map((key) => ({
      Source: 'aws.s3',
      DetailType: 'Object Created',
      Detail: JSON.stringify({ version: '0', bucket: { name: bucket }, object: { key }, reason: 'PutObject' }),
    }));
    await callJson(endpoint, 'events', 'AWSEvents.PutEvents', { Entries });
    // The emulator starts a process for every call that waits.
    while (heard() - before < start + some.length) await sleep(5);
  }
}

/** Of PutEvents. */
const mostEntries = 10;
