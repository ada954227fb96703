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

/** Something that went wrong inside an execution: a state's attempt, or a batch of the Train map. */
export interface ExecutionFailure {
  /** `Plan`, `Train`; `Train, batch 3` where it is known. */
  readonly where: string;
  readonly at?: string;
  readonly error: string;
  readonly cause: string;
  /** Of the training job, in its own log group. */
  readonly logStream?: string;
}

/** What is needed of `@aws-sdk/client-sfn`, so that a test can stand in for it. */
export interface ExecutionClient extends StateMachineClient {
  describe(executionArn: string): Promise<ExecutionDescription>;
  mapRuns(executionArn: string): Promise<readonly MapRun[]>;
  /** Oldest first, no more than `most`, also those that were tried again and went well then. */
  failures(executionArn: string, most: number): Promise<readonly ExecutionFailure[]>;
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
 * Why Step Functions cannot go on with an execution from where it stopped, as the end of a sentence; undefined where it
 * can. Throws CannotRedrive where there is nothing to go on with.
 *
 * @param caught whether the run has recorded its failure: then the execution ended in its state Failed, by way of a Catch,
 *   and a redrive would enter just that state again
 */
export function whyNotRedrivable(
  run: string,
  { status, stoppedAt, notRedrivable }: ExecutionDescription,
  caught: boolean,
  now: number,
): string | undefined {
  if (status === 'SUCCEEDED') throw new CannotRedrive(run, 'it succeeded', `'stepwise show ${run}' shows it.`);
  if (status === 'RUNNING' || status === 'PENDING_REDRIVE')
    throw new CannotRedrive(run, 'it is running', `'stepwise status ${run} --engine aws' shows how far it is.`);
  if (stoppedAt !== undefined && now - Date.parse(stoppedAt) > redriveDays * 86_400_000)
    return `it ended more than ${redriveDays} days ago`;
  if (status === 'FAILED' && caught)
    return 'its failure was caught and recorded, and a redrive would only enter the state Failed again';
  return notRedrivable;
}

/** What is left of a map at its pace so far, in seconds; undefined where nothing says how fast it is. */
export function secondsLeft({ status, startedAt, total, succeeded, failed }: MapRun, now: number): number | undefined {
  const done = succeeded + failed;
  if (status !== 'RUNNING' || startedAt === undefined || done === 0) return undefined;
  return (((now - Date.parse(startedAt)) / 1000) * (total - done)) / done;
}
