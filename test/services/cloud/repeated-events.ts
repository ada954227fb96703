/** S3's events once more: repeated, and in an order that no sender had. */
import { setTimeout as sleep } from 'node:timers/promises';
import { CopyObjectCommand } from '@aws-sdk/client-s3';
import { randomStream } from '../../../lib/numerics/random.ts';
import { s3ClientFor } from '../ministack.ts';
import type { EmulatedCloud } from './emulated-cloud.ts';

/** `count` keys: each as often as the others, shuffled. */
export function shuffledDuplicates(objectKeys: readonly string[], count: number): readonly string[] {
  const random = randomStream(1, 'duplicate events');
  return Array.from({ length: count }, (_, at) => ({ key: objectKeys[at % objectKeys.length]!, at: random.uniform() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ key }) => key);
}

/**
 * Makes S3 tell of these objects again, by writing each as it is; nobody but S3 may send its events, here as on AWS.
 * Resolves when all has been heard: `heard` counts the calls of whoever listens.
 */
export async function repeatEvents(
  { endpoint, bucket }: EmulatedCloud,
  objectKeys: readonly string[],
  heard: () => number,
): Promise<void> {
  const s3 = s3ClientFor(endpoint);
  const before = heard();
  for (const [index, key] of objectKeys.entries()) {
    // The emulator starts a process for every call that is under way.
    while (index - (heard() - before) >= mostUnderWay) await sleep(2);
    const copy = { Bucket: bucket, Key: key, CopySource: `${bucket}/${key}`, MetadataDirective: 'REPLACE' } as const;
    await s3.send(new CopyObjectCommand(copy));
  }
  while (heard() - before < objectKeys.length) await sleep(2);
}

const mostUnderWay = 8;
