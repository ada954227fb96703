import { CreateBucketCommand, ListMultipartUploadsCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, describe, expect, test } from 'vitest';
import { InvalidStoreLocation, PreconditionFailed, StoreUnreachable } from '../../lib/storage/errors.ts';
import { openStore } from '../../lib/storage/open-store.ts';
import { retryingConflicts } from '../../lib/storage/s3-errors.ts';
import { S3ObjectStore } from '../../lib/storage/s3-object-store.ts';
import { s3ClientFor, startMiniStack } from '../services/ministack.ts';
import { describeObjectStore, keysOf, textOf } from './object-store-contract.ts';

const service = await startMiniStack();
const bucket = 'stepwise-contract';
let stores = 0;

if (service) {
  const client = s3ClientFor(service.endpoint);
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  describeObjectStore('S3', async () => new S3ObjectStore(client, bucket, `store-${++stores}`));

  test('a failed upload leaves no parts behind', async () => {
    const store = new S3ObjectStore(client, bucket, 'parts');
    async function* failing() {
      yield Buffer.alloc(17 * 1024 * 1024);
      throw new Error('the source broke');
    }
    await expect(store.putStream('new', failing())).rejects.toThrow('the source broke');
    const { Uploads } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
    expect(Uploads ?? []).toEqual([]);
  });

  describe('openStore, with the environment that the SDK knows', () => {
    const before = { ...process.env };
    afterAll(() => {
      process.env = before;
    });

    test('reaches another server, and keeps to its prefix', async () => {
      Object.assign(process.env, service.environment);
      const store = await openStore(`s3://${bucket}/folder/inside`);
      await store.put('a/b', 'here');
      expect(store.location).toBe(`s3://${bucket}/folder/inside`);
      expect(await keysOf(store, 'a')).toEqual(['a/b']);
      const whole = await openStore(`s3://${bucket}`);
      expect(textOf((await whole.get('folder/inside/a/b'))!.body)).toBe('here');
    });

    test('says that the bucket is missing, or that nobody answers', async () => {
      Object.assign(process.env, service.environment);
      const store = await openStore('s3://stepwise-no-such-bucket');
      await expect(store.get('a')).rejects.toThrow(InvalidStoreLocation);
      await expect(store.put('a', '')).rejects.toThrow(InvalidStoreLocation);
      process.env.AWS_ENDPOINT_URL_S3 = 'http://127.0.0.1:9';
      process.env.AWS_MAX_ATTEMPTS = '1';
      await expect((await openStore(`s3://${bucket}`)).get('a')).rejects.toThrow(StoreUnreachable);
    });
  });

  afterAll(() => service.stop());
}

test('a location without a valid bucket, or with a prefix that leads out, is refused', async () => {
  for (const location of ['s3://', 's3://Bad_Bucket', 's3://bucket/../x', 'gs://bucket', '']) {
    await expect(openStore(location)).rejects.toThrow(/cannot be a (store|key)/);
  }
});

describe('409 ConditionalRequestConflict, which no server here answers', () => {
  const conflict = Object.assign(new Error('conflict'), {
    name: 'ConditionalRequestConflict',
    $metadata: { httpStatusCode: 409 },
  });

  test('is sent again, and succeeds once the other write is done', async () => {
    let calls = 0;
    const sent = retryingConflicts('k', async () => {
      if (++calls < 3) throw conflict;
      return 'written';
    });
    expect(await sent).toBe('written');
    expect(calls).toBe(3);
  });

  test('ends as PreconditionFailed where it goes on, through the store as well', async () => {
    const client = new S3Client({ region: 'eu-central-1', credentials: { accessKeyId: 'a', secretAccessKey: 'b' } });
    let calls = 0;
    client.middlewareStack.add(
      () => async () => {
        calls++;
        throw conflict;
      },
      { step: 'initialize' },
    );
    const store = new S3ObjectStore(client, bucket);
    await expect(store.put('k', 'x', { ifNoneMatch: '*' })).rejects.toThrow(PreconditionFailed);
    expect(calls).toBe(5);
  });
});
