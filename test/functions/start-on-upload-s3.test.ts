/** The starter as Lambda calls it, against servers that speak S3 and Step Functions and enforce their conditions. */

import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { CreateStateMachineCommand, ListExecutionsCommand, SFNClient } from '@aws-sdk/client-sfn';
import type { Context } from 'aws-lambda';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { listRuns, readRequest } from '../../lib/pipeline/run-records.ts';
import { addSubscription, checkSubscription } from '../../lib/pipeline/uploads/subscriptions.ts';
import { openStore } from '../../lib/storage/open-store.ts';
import { type MiniStack, s3ClientFor, startMiniStack } from '../services/ministack.ts';

const server: MiniStack | undefined = await startMiniStack();
const bucket = 'uploads';
let stepFunctions: SFNClient;
let stateMachineArn: string;

beforeAll(async () => {
  if (!server) return;
  for (const [name, value] of Object.entries({ ...server.environment, AWS_ENDPOINT_URL: server.endpoint })) {
    vi.stubEnv(name, value);
  }
  const s3 = s3ClientFor(server.endpoint);
  await s3.send(new CreateBucketCommand({ Bucket: bucket }));
  s3.destroy();
  stepFunctions = new SFNClient();
  const { stateMachineArn: arn } = await stepFunctions.send(
    new CreateStateMachineCommand({
      name: 'pipeline',
      definition: JSON.stringify({ StartAt: 'Done', States: { Done: { Type: 'Pass', End: true } } }),
      roleArn: 'arn:aws:iam::000000000000:role/pipeline',
    }),
  );
  stateMachineArn = arn!;
  vi.stubEnv('STEPWISE_STORE', `s3://${bucket}`);
  vi.stubEnv('STEPWISE_STATE_MACHINE', stateMachineArn);
  vi.stubEnv('POWERTOOLS_LOG_LEVEL', 'SILENT');
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await server?.stop();
});

test.skipIf(!server)('twenty deliveries at once of each of two versions are one execution each', async () => {
  const store = await openStore(`s3://${bucket}`);
  await addSubscription(store, checkSubscription({ dataset: 'mnist', experiment: 'a/b', preset: 'smoke' }));
  const { handler } = await import('../../functions/start-on-upload.lambda.ts');
  const deliver = (version: string) =>
    handler(
      {
        source: 'aws.s3',
        'detail-type': 'Object Created',
        detail: { bucket: { name: bucket }, object: { key: `datasets/mnist/${version}/_manifest.json` } },
      },
      { functionName: 'starter', awsRequestId: '1' } as Context,
    );
  const versions = ['0123456789abcdef', 'fedcba9876543210'];
  const outcomes = await Promise.all(Array.from({ length: 40 }, (_, index) => deliver(versions[index % 2]!)));
  const { executions } = await stepFunctions.send(new ListExecutionsCommand({ stateMachineArn }));
  const runs = await listRuns(store);
  expect(runs).toHaveLength(2);
  expect(executions!.map(({ name }) => name).sort()).toEqual(runs);
  expect(new Set(outcomes.map(({ runs }) => runs[0]!.run))).toEqual(new Set(runs));
  const pinned = await Promise.all(runs.map(async (run) => (await readRequest(store, run)).datasetVersions.mnist));
  expect(new Set(pinned)).toEqual(new Set(versions));
});
