/** The command line's calls of Step Functions, over its SDK, which is loaded only where it is needed. */
import type { HistoryEvent, SFNClient, SFNClientConfig } from '@aws-sdk/client-sfn';
import { translateAwsErrors } from './aws-errors.ts';
import { InvalidUsage } from './errors.ts';
import type { ExecutionClient, ExecutionDescription, ExecutionFailure, MapRun } from './execution-on-aws.ts';

/** Most of the batches that are still there to ask about have the same cause. */
const mostPages = 20;

/** `settings` are for tests; region and credentials come from the environment. */
export async function openExecutionClient(settings: SFNClientConfig = {}): Promise<ExecutionClient> {
  const sfn = await import('@aws-sdk/client-sfn');
  const client = new sfn.SFNClient(settings);
  const ask = <T>(work: () => Promise<T>) => translateAwsErrors('Step Functions', () => knowing(work));
  return {
    start: (execution) =>
      ask(async () => {
        const { executionArn } = await client.send(new sfn.StartExecutionCommand(execution));
        return executionArn!;
      }),
    describe: (executionArn) =>
      ask(async () => describeExecution(await client.send(new sfn.DescribeExecutionCommand({ executionArn })))),
    mapRuns: (executionArn) => ask(() => readMapRuns(client, executionArn)),
    failures: (executionArn, most) => ask(() => readFailures(client, executionArn, most)),
    redrive: (executionArn) =>
      ask(async () => {
        await client.send(new sfn.RedriveExecutionCommand({ executionArn }));
      }),
    stop: (executionArn, cause) =>
      ask(async () => {
        await client.send(new sfn.StopExecutionCommand({ executionArn, error: 'Stopped', cause }));
      }),
    logGroup: (stateMachineArn) =>
      ask(async () => {
        const { loggingConfiguration } = await client.send(new sfn.DescribeStateMachineCommand({ stateMachineArn }));
        const arn = loggingConfiguration?.destinations?.[0]?.cloudWatchLogsLogGroup?.logGroupArn;
        return arn === undefined ? undefined : /:log-group:([^:]+)/.exec(arn)?.[1];
      }),
  };
}

/** What the caller named and Step Functions does not know. Throws InvalidUsage. */
async function knowing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { name, message } = error as Error;
    if (name === 'ExecutionDoesNotExist')
      throw new InvalidUsage(
        `Step Functions knows no execution of this run here: ${message}. It keeps them for 90 days; AWS_REGION and --state-machine say where to look.`,
        { cause: error },
      );
    if (name === 'StateMachineDoesNotExist' || name === 'InvalidArn')
      throw new InvalidUsage(
        `--state-machine names none that is there: ${message}. It is an output of the deployed stack; is AWS_REGION the deployment's?`,
        { cause: error },
      );
    throw error;
  }
}

interface DescribedExecution {
  readonly status?: string | undefined;
  readonly startDate?: Date | undefined;
  readonly stopDate?: Date | undefined;
  readonly error?: string | undefined;
  readonly cause?: string | undefined;
  readonly redriveCount?: number | undefined;
  readonly redriveStatus?: string | undefined;
  readonly redriveStatusReason?: string | undefined;
}

function describeExecution(found: DescribedExecution): ExecutionDescription {
  return {
    status: found.status!,
    ...(found.startDate && { startedAt: found.startDate.toISOString() }),
    ...(found.stopDate && { stoppedAt: found.stopDate.toISOString() }),
    ...(found.error !== undefined && { error: found.error }),
    ...(found.cause !== undefined && { cause: found.cause }),
    redrives: found.redriveCount ?? 0,
    ...(found.redriveStatus === 'NOT_REDRIVABLE' && {
      notRedrivable: found.redriveStatusReason ?? 'Step Functions says that it cannot be redriven',
    }),
  };
}

async function readMapRuns(client: SFNClient, executionArn: string): Promise<readonly MapRun[]> {
  const { DescribeMapRunCommand } = await import('@aws-sdk/client-sfn');
  const runs: MapRun[] = [];
  for (const { mapRunArn, startDate } of await listMapRuns(client, executionArn)) {
    const { status, itemCounts } = await client.send(new DescribeMapRunCommand({ mapRunArn }));
    runs.push({
      map: mapLabel(mapRunArn!),
      status: status!,
      ...(startDate && { startedAt: startDate.toISOString() }),
      total: itemCounts?.total ?? 0,
      succeeded: itemCounts?.succeeded ?? 0,
      failed: (itemCounts?.failed ?? 0) + (itemCounts?.timedOut ?? 0) + (itemCounts?.aborted ?? 0),
      running: itemCounts?.running ?? 0,
    });
  }
  return runs;
}

/** Oldest first. */
async function listMapRuns(client: SFNClient, executionArn: string) {
  const { paginateListMapRuns } = await import('@aws-sdk/client-sfn');
  const found = [];
  for await (const { mapRuns } of paginateListMapRuns({ client }, { executionArn })) found.push(...(mapRuns ?? []));
  return found.reverse();
}

/** `arn:…:mapRun:Stepwise/train:0f2c…` → `train` */
export function mapLabel(mapRunArn: string): string {
  return /:mapRun:[^/]+\/([^:]+):/.exec(mapRunArn)?.[1] ?? mapRunArn;
}

/** Of the execution itself from its history; of the Train map from its children. Those of Evaluate are Express and cannot be listed. */
async function readFailures(
  client: SFNClient,
  executionArn: string,
  most: number,
): Promise<readonly ExecutionFailure[]> {
  const { paginateGetExecutionHistory, DescribeExecutionCommand, ListExecutionsCommand } = await import(
    '@aws-sdk/client-sfn'
  );
  const failures: ExecutionFailure[] = [];
  let state = '';
  let pages = 0;
  for await (const { events = [] } of paginateGetExecutionHistory({ client }, { executionArn })) {
    for (const event of events) {
      state = event.stateEnteredEventDetails?.name ?? state;
      const failure = failureOf(event, state);
      if (failure) failures.push(failure);
    }
    if (++pages === mostPages) break;
  }
  for (const { mapRunArn } of await listMapRuns(client, executionArn)) {
    if (mapLabel(mapRunArn!) !== 'train' || failures.length >= most) continue;
    const maxResults = Math.min(most - failures.length, 100);
    const { executions = [] } = await client.send(
      new ListExecutionsCommand({ mapRunArn, statusFilter: 'FAILED', maxResults }),
    );
    for (const child of executions) {
      const found = await client.send(new DescribeExecutionCommand({ executionArn: child.executionArn }));
      failures.push(failureOfBatch(found));
    }
  }
  return failures.slice(0, most);
}

function failureOf(event: HistoryEvent, state: string): ExecutionFailure | undefined {
  const details =
    event.taskFailedEventDetails ??
    event.taskTimedOutEventDetails ??
    event.lambdaFunctionFailedEventDetails ??
    event.lambdaFunctionTimedOutEventDetails ??
    event.mapRunFailedEventDetails ??
    event.executionAbortedEventDetails ??
    event.executionTimedOutEventDetails;
  if (!details) return undefined;
  return {
    where: event.type?.startsWith('Execution') ? 'the execution' : state,
    ...(event.timestamp && { at: event.timestamp.toISOString() }),
    error: details.error ?? event.type ?? 'Unknown',
    cause: details.cause ?? '',
  };
}

/** A child's input is `{ run, batch }`; its cause what Batch says of the job, as JSON, cut off where it is long. */
function failureOfBatch(child: DescribedExecution & { readonly input?: string | undefined }): ExecutionFailure {
  const batch = /"batch"\s*:\s*(\d+)/.exec(child.input ?? '')?.[1];
  const cause = child.cause ?? '';
  const reason = /"StatusReason"\s*:\s*"((?:[^"\\]|\\.)*)"/.exec(cause)?.[1];
  const logStream = /"LogStreamName"\s*:\s*"([^"\\]+)"/.exec(cause)?.[1];
  return {
    where: batch === undefined ? 'Train' : `Train, batch ${batch}`,
    ...(child.stopDate && { at: child.stopDate.toISOString() }),
    error: child.error ?? 'Unknown',
    cause: reason?.replaceAll(/\\(["\\/])/g, '$1') ?? cause,
    ...(logStream !== undefined && { logStream }),
  };
}
