/**
 * The whole cloud on loopback: the synthesised template in MiniStack, its functions' zips under Lambda's own runtime
 * emulator, its jobs as processes. docs/testing-the-cloud.md says what of it is real and what is replaced.
 */
import { chmod, copyFile, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import {
  DescribeExecutionCommand,
  DescribeStateMachineCommand,
  SFNClient,
  StartExecutionCommand,
  UpdateStateMachineCommand,
} from '@aws-sdk/client-sfn';
import { bundleCode } from '../../../infra/bundle.ts';
import { type DeployableCode, projectRoot } from '../../../infra/deployable-code.ts';
import { type SynthesizedTemplate, synthesizeTemplate } from '../../../infra/synthesize.ts';
import type { RunRequest } from '../../../lib/pipeline/request.ts';
import { credentials, findProgram, type MiniStack, region, s3ClientFor, startMiniStack } from '../ministack.ts';
import { readFunctionConfiguration } from './aws-request.ts';
import { type BatchServer, startBatchServer } from './batch-server.ts';
import { assetBucket, createAssetBucket, deployStack, resolveReferences } from './deployed-stack.ts';
import { emulateTemplate } from './emulated-template.ts';
import { type Inbox, openInbox } from './inbox.ts';
import type { JobDefinition } from './job-definition.ts';
import { type LambdaPool, type PooledFunction, startLambdaPool } from './lambda-pool.ts';
import { unzip, zipFolder } from './zip.ts';

export interface EmulatedCloud {
  readonly endpoint: string;
  /** What the environment of a program must say so that its AWS is this one. */
  readonly environment: Readonly<Record<string, string>>;
  readonly bucket: string;
  readonly stateMachineArn: string;
  readonly topicArn: string;
  readonly functions: LambdaPool;
  readonly jobs: BatchServer;
  readonly stepFunctions: SFNClient;
  /** Starts an execution and waits for its end. */
  run(request: RunRequest): Promise<ExecutionEnd>;
  /** An execution's name can be used once: a run that is started again needs a suffix to its own. */
  start(request: RunRequest, suffix?: string): Promise<string>;
  wait(executionArn: string): Promise<ExecutionEnd>;
  /** The logical id of a function, by its entry in `functions/`. */
  functionId(name: string): string;
  /** What is told from now on to whoever has subscribed to the topic. */
  subscribeToTopic(): Promise<Inbox>;
  stop(): Promise<void>;
}

export interface ExecutionEnd {
  readonly status: string;
  readonly error?: string | undefined;
  readonly cause?: string | undefined;
}

const forwarderKey = 'forwarder.zip';
/** Every build of TensorFlow.js's kernels that the stages use runs anywhere; the GPU's does not. */
const backend = 'wasm-relaxed';
/** Retries wait this share of what the definition says. */
const waitScale = '0.01';

/** Undefined, with a line on stderr, where an emulator is not installed; `test/services/install.sh` installs them. */
export async function startEmulatedCloud(): Promise<EmulatedCloud | undefined> {
  const emulator = findProgram('aws-lambda-rie');
  if (!emulator) {
    console.warn("Skipped: the cloud's tests need Lambda's runtime emulator; test/services/install.sh installs it.");
    return undefined;
  }
  const ministack = await startMiniStack({ SFN_WAIT_SCALE: waitScale });
  if (!ministack) return undefined;
  const folder = await mkdtemp(join(tmpdir(), 'stepwise-cloud-'));
  try {
    return await deploy(ministack, emulator, folder);
  } catch (error) {
    await ministack.stop();
    throw error;
  }
}

async function deploy(ministack: MiniStack, emulator: string, folder: string): Promise<EmulatedCloud> {
  const { endpoint } = ministack;
  const code = await bundleCode(join(folder, 'bundles'));
  const synthesized = await synthesizeTemplate({ code });

  const s3 = s3ClientFor(endpoint);
  await createAssetBucket(s3);
  await Promise.all([uploadBundles(s3, folder, code, synthesized), uploadForwarder(s3, folder)]);
  const functions = await startLambdaPool(emulator);
  const environment = { ...ministack.environment, AWS_ENDPOINT_URL: endpoint };
  const stepFunctions = new SFNClient({ endpoint, region, credentials });
  const end = async (executionArn: string): Promise<ExecutionEnd> => {
    const { status, error, cause } = await stepFunctions.send(new DescribeExecutionCommand({ executionArn }));
    return { status: status!, error, cause };
  };

  const jobs = await startBatchServer({
    imageDirectory: await unpackImage(code.imageDirectory, folder),
    environment: { ...environment, STEPWISE_BACKEND: backend, STEPWISE_CHECKPOINT_SECONDS: '0' },
    executionStatus: async (execution) => (await end(execution)).status,
    room: 2,
    graceSeconds: 5,
  });
  const { template } = emulateTemplate(synthesized, {
    code: { bucket: assetBucket, key: forwarderKey },
    functionUrl: functions.url,
    jobsUrl: jobs.url,
    toleratedFailurePercentage: 0,
    trainingBackend: backend,
  });
  const physical = await deployStack(endpoint, s3, template);
  functions.serve(await unpackFunctions({ endpoint, s3, folder, synthesized, physical, environment }));

  const [, definition] = findResource(synthesized, 'AWS::Batch::JobDefinition');
  jobs.define(resolveReferences(definition, physical) as JobDefinition);
  const [bucketId] = findResource(synthesized, 'AWS::S3::Bucket', 'BucketData');
  const stateMachineArn = physical.get(findResource(synthesized, 'AWS::StepFunctions::StateMachine')[0])!;
  /** On AWS the definition takes it from the execution's input. */
  const tolerateFailures = async (percentage: number) => {
    const { definition } = await stepFunctions.send(new DescribeStateMachineCommand({ stateMachineArn }));
    const changed = definition!.replaceAll(
      /"ToleratedFailurePercentage":\s*\d+/g,
      `"ToleratedFailurePercentage":${percentage}`,
    );
    await stepFunctions.send(new UpdateStateMachineCommand({ stateMachineArn, definition: changed }));
  };
  const cloud: EmulatedCloud = {
    ...{ endpoint, environment, functions, jobs, stepFunctions, stateMachineArn },
    bucket: physical.get(bucketId)!,
    topicArn: physical.get(findResource(synthesized, 'AWS::SNS::Topic')[0])!,
    async start(request, suffix) {
      await tolerateFailures(request.toleratedFailurePercentage);
      const name = suffix === undefined ? request.run : `${request.run}-${suffix}`;
      const input = { stateMachineArn, name, input: JSON.stringify(request) };
      return (await stepFunctions.send(new StartExecutionCommand(input))).executionArn!;
    },
    async wait(executionArn) {
      for (;;) {
        const state = await end(executionArn);
        if (state.status !== 'RUNNING') return state;
        await new Promise((done) => setTimeout(done, 100));
      }
    },
    functionId: (name) => functionsOf(synthesized).find(([, , entry]) => entry === name)![0],
    subscribeToTopic: () => openInbox(endpoint, cloud.topicArn),
    run: async (request) => cloud.wait(await cloud.start(request)),
    async stop() {
      await ministack.stop();
      await Promise.all([functions.stop(), jobs.stop()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
  return cloud;
}

/** Where the template's functions look for their code, as `cdk deploy` uploads it. */
async function uploadBundles(s3: S3Client, folder: string, code: DeployableCode, template: SynthesizedTemplate) {
  for (const [, { S3Key }, name] of functionsOf(template)) {
    const archive = join(folder, `${name}.zip`);
    const bundles: Readonly<Record<string, string>> = { ...code.stageDirectories, ...code.functionDirectories };
    await zipFolder(bundles[name]!, archive);
    await s3.send(new PutObjectCommand({ Bucket: assetBucket, Key: S3Key, Body: await readFile(archive) }));
  }
}

/** What every function of the emulated template consists of. */
async function uploadForwarder(s3: S3Client, folder: string): Promise<void> {
  const source = join(folder, 'forwarder');
  await mkdir(source);
  await copyFile(join(import.meta.dirname, 'forwarder.mjs'), join(source, 'forwarder.mjs'));
  const bootstrap = join(source, 'bootstrap');
  await writeFile(bootstrap, '#!/bin/sh\nexec "$FORWARDER_NODE" forwarder.mjs\n');
  await chmod(bootstrap, 0o755);
  await zipFolder(source, join(folder, forwarderKey));
  const Body = await readFile(join(folder, forwarderKey));
  await s3.send(new PutObjectCommand({ Bucket: assetBucket, Key: forwarderKey, Body }));
}

/** The image's Dockerfile copies this folder and installs its packages. */
async function unpackImage(source: string, folder: string): Promise<string> {
  const image = join(folder, 'image');
  await cp(source, image, { recursive: true });
  await symlink(join(projectRoot, 'node_modules'), join(image, 'node_modules'));
  return image;
}

/** Every function as Lambda would start it: its zip from the bucket, its deployed environment, memory and timeout. */
async function unpackFunctions(about: {
  readonly endpoint: string;
  readonly s3: S3Client;
  readonly folder: string;
  readonly synthesized: SynthesizedTemplate;
  readonly physical: ReadonlyMap<string, string>;
  readonly environment: Readonly<Record<string, string>>;
}): Promise<readonly PooledFunction[]> {
  const { endpoint, s3, synthesized, physical, environment } = about;
  const task = join(about.folder, 'task');
  await mkdir(join(task, 'node_modules/@aws-sdk'), { recursive: true });
  await cp(join(import.meta.dirname, 'lambda-sdk'), join(task, 'node_modules/@aws-sdk'), { recursive: true });
  return Promise.all(
    functionsOf(synthesized).map(async ([id, { S3Key }, name]): Promise<PooledFunction> => {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: assetBucket, Key: S3Key }));
      const archive = join(about.folder, `${name}.downloaded.zip`);
      await writeFile(archive, await Body!.transformToByteArray());
      await unzip(archive, join(task, name));
      const deployed = await readFunctionConfiguration(endpoint, physical.get(id)!);
      return {
        name: id,
        folder: join(task, name),
        environment: { ...deployed.Environment.Variables, ...environment },
        memoryMegabytes: deployed.MemorySize,
        timeoutSeconds: deployed.Timeout,
      };
    }),
  );
}

/** Logical id, code, and the name of its entry in `functions/`. */
function functionsOf(
  template: SynthesizedTemplate,
): readonly (readonly [id: string, code: { readonly S3Key: string }, name: string])[] {
  return Object.entries(template.Resources).flatMap(([id, { Type, Properties }]) => {
    if (Type !== 'AWS::Lambda::Function') return [];
    const name: string = Properties!.Environment.Variables.POWERTOOLS_SERVICE_NAME.replace('stepwise-', '');
    return [[id, Properties!.Code, name] as const];
  });
}

function findResource(template: SynthesizedTemplate, type: string, prefix = '') {
  const found = Object.entries(template.Resources).find(([id, { Type }]) => Type === type && id.startsWith(prefix));
  if (!found) throw new Error(`The template has no ${type} ${prefix}`);
  return [found[0], found[1].Properties!] as const;
}
