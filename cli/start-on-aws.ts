/** `--engine aws`: starts the deployed state machine and waits for it. Only here does the command line speak to AWS other than through the store. */
import type { RunRequest } from '../lib/pipeline/request.ts';
import { ExecutionFailed, InvalidUsage } from './errors.ts';

/** What is needed of `@aws-sdk/client-sfn`, so that a test can stand in for it. */
export interface StateMachineClient {
  start(execution: {
    readonly stateMachineArn: string;
    readonly name: string;
    readonly input: string;
  }): Promise<string>;
  describe(
    executionArn: string,
  ): Promise<{ readonly status: string; readonly error?: string; readonly cause?: string }>;
}

export interface AwsStart {
  readonly request: RunRequest;
  readonly stateMachineArn: string;
  readonly client: StateMachineClient;
  /** Ends the waiting, never the execution. */
  readonly signal: AbortSignal;
  readonly pollSeconds: number;
  onStarted(executionArn: string): Promise<void> | void;
  onPoll(status: string): Promise<void> | void;
  /** Set where the run had been started before: an execution's name can be used only once. */
  readonly suffix?: string;
  /** An execution that goes on already: it is followed, and none is started. */
  readonly executionArn?: string;
}

/** Throws InvalidUsage where either is missing: the state machine writes into its own bucket and nowhere else. */
export function checkAwsOptions(store: string, stateMachine: string | undefined): string {
  if (!store.startsWith('s3://')) {
    throw new InvalidUsage(`--engine aws needs --store s3://BUCKET, the deployment's bucket, and got '${store}'.`);
  }
  if (!stateMachine || !/^arn:[\w-]+:states:[\w-]+:\d{12}:stateMachine:[\w-]+$/.test(stateMachine)) {
    throw new InvalidUsage(
      `--engine aws needs --state-machine ARN, an output of the deployed stack, and got ${stateMachine ? `'${stateMachine}'` : 'none'}.`,
    );
  }
  return stateMachine;
}

/** `interrupted`: nobody waits any longer, and the execution goes on. Throws ExecutionFailed. */
export async function startOnAws(options: AwsStart): Promise<'succeeded' | 'interrupted'> {
  const { request, stateMachineArn, client, signal } = options;
  const name = options.suffix
    ? `${request.run.slice(0, 80 - options.suffix.length - 1)}-${options.suffix}`
    : request.run;
  const executionArn =
    options.executionArn ?? (await client.start({ stateMachineArn, name, input: JSON.stringify(request) }));
  await options.onStarted(executionArn);
  while (!signal.aborted) {
    const { status, error, cause } = await client.describe(executionArn);
    await options.onPoll(status);
    if (status === 'SUCCEEDED') return 'succeeded';
    if (status !== 'RUNNING' && status !== 'PENDING_REDRIVE') {
      throw new ExecutionFailed(
        `The execution ended as ${status}${error ? `, ${error}` : ''}${cause ? `: ${cause}` : ''}.`,
      );
    }
    await wait(options.pollSeconds, signal);
  }
  return 'interrupted';
}

function wait(seconds: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(finish, seconds * 1000);
  function finish() {
    clearTimeout(timer);
    signal.removeEventListener('abort', finish);
    resolve();
  }
  signal.addEventListener('abort', finish, { once: true });
  if (signal.aborted) finish();
  return promise;
}
