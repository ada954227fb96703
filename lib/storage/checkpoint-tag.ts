/**
 * How checkpoints are told apart in S3: a lifecycle rule cannot name `artifacts/{digest}/checkpoint/…` by its prefix,
 * so the S3 store tags what it writes there, and the bucket's rule expires what has the tag.
 */
export const checkpointTag = { 'stepwise-content': 'checkpoint' } as const;

/** Whether a key is a checkpoint's: it has a `checkpoint` folder in it. */
export function isCheckpointKey(key: string): boolean {
  return key.includes('/checkpoint/');
}
