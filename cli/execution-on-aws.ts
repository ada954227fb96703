/** A run's execution on Step Functions, for the commands that look at it, go on with it or stop it. */
import { CannotRedrive, InvalidUsage } from './errors.ts';
import type { RunState } from './run-state.ts';
import { checkAwsOptions, type StateMachineClient } from './start-on-aws.ts';

export interface ExecutionDescription {
  /** RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED, PENDING_REDRIVE */
  readonly status: string;
  readonly startedAt?: string;
  readonly stoppedAt?: string;
  readonly error?: string;
  readonly cause?: string;
  readonly redrives: number;
  /** Why Step Functions would not redrive it; absent where it would. */
  readonly notRedrivable?: string;
}

/** One pass of a Distributed Map over its batches. */
export interface MapRun {
  readonly map: string;
  readonly status: string;
  readonly startedAt?: string;
  readonly total: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly running: number;
}

/** What is needed of `@aws-sdk/client-sfn`, so that a test can stand in for it. */
export interface ExecutionClient extends StateMachineClient {
  describe(executionArn: string): Promise<ExecutionDescription>;
  mapRuns(executionArn: string): Promise<readonly MapRun[]>;
  redrive(executionArn: string): Promise<void>;
  stop(executionArn: string, cause: string): Promise<void>;
  /** Where the state machine logs to; undefined where it does not. */
  logGroup(stateMachineArn: string): Promise<string | undefined>;
}

/** Redrive reaches back so far, and no further: a limit of Step Functions. */
export const redriveDays = 14;

/**
 * The execution of a run: as the run has written it down, or, where it was started otherwise, by the run's name. Throws
 * InvalidUsage where neither the run nor the caller names a state machine.
 */
export function findExecution(
  run: string,
  state: RunState | undefined,
  options: { readonly store: string; readonly stateMachine?: string },
): string {
  if (state?.execution !== undefined) return state.execution;
  const stateMachine = options.stateMachine ?? process.env.STEPWISE_STATE_MACHINE;
  if (state?.engine === 'local' && stateMachine === undefined)
    throw new InvalidUsage(`Run ${run} went on a machine of its own, not on AWS: leave --engine aws out.`);
  return `${checkAwsOptions(options.store, stateMachine).replace(':stateMachine:', ':execution:')}:${run}`;
}

export function stateMachineOf(executionArn: string): string {
  return executionArn.replace(':execution:', ':stateMachine:').replace(/:[^:]+$/, '');
}

/**
 * Whether an execution can go on from where it stopped. Throws CannotRedrive, which says what to do instead.
 *
 * @param caught whether the run has recorded its failure: then the execution ended in its state Failed, by way of a Catch,
 *   and a redrive would enter just that state again
 */
export function checkRedrivable(
  run: string,
  { status, stoppedAt, notRedrivable }: ExecutionDescription,
  caught: boolean,
  now: number,
): void {
  const instead = `'stepwise resume ${run}' starts a new execution, which trains only what has no artifact.`;
  if (status === 'SUCCEEDED') throw new CannotRedrive(run, 'it succeeded', `'stepwise show ${run}' shows it.`);
  if (status === 'RUNNING' || status === 'PENDING_REDRIVE')
    throw new CannotRedrive(run, 'it is running', `'stepwise status ${run} --engine aws' shows how far it is.`);
  if (stoppedAt !== undefined && now - Date.parse(stoppedAt) > redriveDays * 86_400_000)
    throw new CannotRedrive(run, `it ended more than ${redriveDays} days ago`, instead);
  if (status === 'FAILED' && caught)
    throw new CannotRedrive(
      run,
      'its failure was caught and recorded, and a redrive would only enter the state Failed again',
      instead,
    );
  if (notRedrivable !== undefined) throw new CannotRedrive(run, notRedrivable, instead);
}

/** What is left of a map at its pace so far, in seconds; undefined where nothing says how fast it is. */
export function secondsLeft({ status, startedAt, total, succeeded, failed }: MapRun, now: number): number | undefined {
  const done = succeeded + failed;
  if (status !== 'RUNNING' || startedAt === undefined || done === 0) return undefined;
  return (((now - Date.parse(startedAt)) / 1000) * (total - done)) / done;
}

export async function openExecutionClient(): Promise<ExecutionClient> {
  const sfn = await import('@aws-sdk/client-sfn');
  const { openStateMachineClient } = await import('./start-on-aws.ts');
  const client = new sfn.SFNClient();
  const { start } = await openStateMachineClient();
  return {
    start,
    async describe(executionArn) {
      const found = await client.send(new sfn.DescribeExecutionCommand({ executionArn })).catch((error: Error) => {
        if (error.name !== 'ExecutionDoesNotExist') throw error;
        throw new InvalidUsage(`Step Functions knows no execution ${executionArn}. It keeps them for 90 days.`, {
          cause: error,
        });
      });
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
    },
    async mapRuns(executionArn) {
      const runs: MapRun[] = [];
      for await (const page of sfn.paginateListMapRuns({ client }, { executionArn })) {
        for (const { mapRunArn, startDate } of page.mapRuns ?? []) {
          const { status, itemCounts } = await client.send(new sfn.DescribeMapRunCommand({ mapRunArn }));
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
      }
      // The newest come first.
      return runs.reverse();
    },
    async redrive(executionArn) {
      await client.send(new sfn.RedriveExecutionCommand({ executionArn }));
    },
    async stop(executionArn, cause) {
      await client.send(new sfn.StopExecutionCommand({ executionArn, error: 'Stopped', cause }));
    },
    async logGroup(stateMachineArn) {
      const { loggingConfiguration } = await client.send(new sfn.DescribeStateMachineCommand({ stateMachineArn }));
      const arn = loggingConfiguration?.destinations?.[0]?.cloudWatchLogsLogGroup?.logGroupArn;
      return arn === undefined ? undefined : /:log-group:([^:]+)/.exec(arn)?.[1];
    },
  };
}

/** `arn:…:mapRun:Stepwise/train:0f2c…` → `train` */
export function mapLabel(mapRunArn: string): string {
  return /:mapRun:[^/]+\/([^:]+):/.exec(mapRunArn)?.[1] ?? mapRunArn;
}
