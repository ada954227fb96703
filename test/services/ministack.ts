/** MiniStack, a server that speaks S3 and enforces its conditions: started for a test, on loopback, and stopped after it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { S3Client } from '@aws-sdk/client-s3';

export interface MiniStack {
  /** `http://127.0.0.1:PORT` */
  readonly endpoint: string;
  /** What the SDK's environment must say to reach it. */
  readonly environment: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

export const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
export const region = 'eu-central-1';

/** Undefined, with a line on stderr, where it is not installed; `test/services/install.sh` installs it. */
export async function startMiniStack(settings: Readonly<Record<string, string>> = {}): Promise<MiniStack | undefined> {
  const program = findProgram('ministack');
  if (!program) {
    console.warn(
      'Skipped: the tests against S3 need MiniStack; test/services/install.sh installs it (Python 3.10 or later).',
    );
    return undefined;
  }
  // Between finding a free port and listening on it, another process may take it.
  for (let attempt = 1; attempt <= 3; attempt++) {
    const started = await tryStart(program, await findFreePort(), settings);
    if (started) return started;
  }
  throw new Error(`${program} ends as soon as it is started`);
}

/** The path of a program that `test/services/install.sh` installed, or that is on the PATH. */
export function findProgram(name: string): string | undefined {
  const folders = [
    resolve(import.meta.dirname, '../../.cache/services/bin'),
    ...(process.env.PATH ?? '').split(delimiter),
  ];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

export function s3ClientFor(endpoint: string): S3Client {
  return new S3Client({ endpoint, region, credentials, forcePathStyle: true });
}

async function tryStart(
  program: string,
  port: number,
  settings: Readonly<Record<string, string>>,
): Promise<MiniStack | undefined> {
  const child = spawn(program, {
    // Its own default is to listen on every interface.
    env: { ...process.env, BIND_HOST: '127.0.0.1', GATEWAY_PORT: String(port), LAMBDA_EXECUTOR: 'local', ...settings },
    stdio: process.env.STEPWISE_SHOW_SERVICE_LOGS ? 'inherit' : 'ignore',
  });
  const killWithTest = () => child.kill('SIGKILL');
  process.once('exit', killWithTest);
  const endpoint = `http://127.0.0.1:${port}`;
  while (!(await isReady(endpoint))) {
    if (hasEnded(child)) {
      process.off('exit', killWithTest);
      return undefined;
    }
    await sleep(50);
  }
  return {
    endpoint,
    environment: {
      AWS_ENDPOINT_URL_S3: endpoint,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    },
    async stop() {
      process.off('exit', killWithTest);
      if (hasEnded(child)) return;
      // It holds nothing worth an orderly end.
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

async function isReady(endpoint: string): Promise<boolean> {
  return fetch(endpoint).then(
    () => true,
    () => false,
  );
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
