/**
 * The real command line on S3 and Step Functions as MiniStack plays them: an engine that is not ours, under the SDK as it is.
 * It has no redrive and a thin history, which the tests with stand-ins are for.
 */
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { CreateStateMachineCommand, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { writeRequest } from '../../lib/pipeline/run-records.ts';
import { openStore } from '../../lib/storage/open-store.ts';
import { type MiniStack, s3ClientFor, startMiniStack } from '../services/ministack.ts';
import { startStepwise } from './command-line.ts';

const run = 'on-aws';
const bucket = 'stepwise-operate';
let ministack: MiniStack | undefined;
let stateMachineArn = '';

beforeAll(async () => {
  ministack = await startMiniStack();
  if (!ministack) return;
  Object.assign(process.env, ministack.environment, { AWS_ENDPOINT_URL_SFN: ministack.endpoint });
  await s3ClientFor(ministack.endpoint).send(new CreateBucketCommand({ Bucket: bucket }));
  await writeRequest(await openStore(`s3://${bucket}`), {
    ...{ run, experiment: 'learned-optimizers/quadratics', preset: 'smoke', overrides: {}, datasetVersions: {} },
    toleratedFailurePercentage: 0,
  });
  const sfn = new SFNClient();
  const waiting = { StartAt: 'Train', States: { Train: { Type: 'Wait', Seconds: 3600, End: true } } };
  const created = await sfn.send(
    new CreateStateMachineCommand({
      name: 'Stepwise',
      definition: JSON.stringify(waiting),
      roleArn: 'arn:aws:iam::000000000000:role/any',
    }),
  );
  stateMachineArn = created.stateMachineArn!;
  await sfn.send(new StartExecutionCommand({ stateMachineArn, name: run, input: '{}' }));
});
afterAll(() => ministack?.stop());

const ask = (...args: string[]) => startStepwise([...args, '--store', `s3://${bucket}`]).ended;

it('sees a run go, stops it, and says how to go on', async ({ skip }) => {
  if (!ministack) return skip('MiniStack is not installed');
  const where = ['--engine', 'aws', '--state-machine', stateMachineArn];
  const going = await ask('status', run, ...where, '--json');
  expect(going, going.stderr).toMatchObject({ code: 0 });
  expect(JSON.parse(going.stdout)).toMatchObject({
    ...{ run, status: 'running', maps: [] },
    execution: { status: 'RUNNING', arn: `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${run}` },
  });

  const stopped = await ask('stop', run, '--state-machine', stateMachineArn);
  expect(stopped, stopped.stderr).toMatchObject({ code: 0 });
  expect(stopped.stderr).toContain(`stepwise redrive ${run} --engine aws --store s3://${bucket}`);

  // The run has written its execution down: nobody need name the state machine again.
  const after = await ask('status', run, '--engine', 'aws');
  expect(after.stdout).toMatch(/on-aws: learned-optimizers\/quadratics, interrupted\n.*: aborted/s);
  const logs = JSON.parse((await ask('logs', run, '--engine', 'aws', '--json')).stdout);
  expect(logs).toMatchObject({ failures: [], execution: { status: 'ABORTED', error: 'Stopped' } });
  expect((await ask('stop', run)).stderr).toContain('its execution has ended as ABORTED');
});

it('names an execution that nobody knows, and credentials that are missing', async ({ skip }) => {
  if (!ministack) return skip('MiniStack is not installed');
  const other = stateMachineArn.replace(/Stepwise$/, 'Other');
  await writeRequest(await openStore(`s3://${bucket}`), {
    ...{ run: 'unknown', experiment: 'learned-optimizers/quadratics', preset: 'smoke', overrides: {} },
    ...{ datasetVersions: {}, toleratedFailurePercentage: 0 },
  });
  const unknown = await ask('status', 'unknown', '--engine', 'aws', '--state-machine', other);
  expect(unknown.code).toBe(2);
  expect(unknown.stderr).toContain('Step Functions knows no execution of this run here');

  const nobody = {
    AWS_ACCESS_KEY_ID: '',
    AWS_SECRET_ACCESS_KEY: '',
    AWS_EC2_METADATA_DISABLED: 'true',
    HOME: '/nowhere',
  };
  const refused = await startStepwise(['status', run, '--engine', 'aws', '--store', `s3://${bucket}`], nobody).ended;
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('AWS does not accept the credentials, or there are none');
  expect(refused.stderr).not.toMatch(/^\s+at /m);
});
