/**
 * `stepwise logs`: every failure that a run has recorded, with the end of its log. On AWS also what Step Functions saw
 * fail, which is all there is of a run that was stopped or timed out, and where the whole logs are.
 */
import { keys } from '../../lib/pipeline/keys.ts';
import { type FailureRecord, failureRecordSchema, requireRecord } from '../../lib/pipeline/records.ts';
import { findRun, readRequest } from '../../lib/pipeline/run-records.ts';
import { redactingReplacer, redactSecrets } from '../../lib/redact.ts';
import type { ObjectStore } from '../../lib/storage/object-store.ts';
import { openStore } from '../../lib/storage/open-store.ts';
import { openExecutionClient } from '../execution-client.ts';
import { type ExecutionClient, type ExecutionFailure, findExecution, stateMachineOf } from '../execution-on-aws.ts';
import type { ExitCode } from '../exit-code.ts';
import { readRunState } from '../run-state.ts';
import type { Terminal } from '../terminal.ts';
import { oneLine } from '../text-table.ts';

export interface LogsOptions {
  readonly store: string;
  readonly engine?: 'local' | 'aws';
  readonly stateMachine?: string;
  readonly json?: boolean;
}

/** Failures of an execution that are fetched: those of one run mostly are alike. */
const mostExecutionFailures = 50;

export async function logs(
  name: string,
  options: LogsOptions,
  terminal: Terminal,
  client?: ExecutionClient,
): Promise<ExitCode> {
  const store = await openStore(options.store);
  const { run } = await readRequest(store, await findRun(store, name));
  const failures = await readRecordedFailures(store, run);
  const onAws =
    options.engine === 'aws'
      ? await readLogsOnAws(findExecution(run, await readRunState(store, run), options), client)
      : undefined;
  if (options.json) {
    terminal.print(JSON.stringify(onAws === undefined ? failures : { failures, ...onAws }, redactingReplacer, 2));
    return 0;
  }
  const texts = failures.map(
    ({ where, error, message, at, logTail }) => `${at} ${where}: ${error}: ${message}\n\n${logTail.trimEnd()}`,
  );
  if (failures.length === 0) texts.push(`Run ${run} has recorded no failure.`);
  if (onAws) texts.push(...describe(run, onAws));
  terminal.print(texts.join('\n\n'));
  return 0;
}

async function readRecordedFailures(store: ObjectStore, run: string): Promise<readonly FailureRecord[]> {
  const failures = [];
  for await (const { key } of store.list(keys.failuresPrefix(run))) {
    failures.push(await requireRecord(store, key, failureRecordSchema));
  }
  return failures;
}

interface LogsOnAws {
  readonly execution: {
    readonly arn: string;
    readonly status: string;
    readonly error: string | null;
    readonly cause: string | null;
    readonly failures: readonly ExecutionFailure[];
  };
  /** Of the state machine; null where it does not log. */
  readonly logGroup: string | null;
  /** How the log groups of the functions and of the training jobs begin. */
  readonly logGroupPrefix: string | null;
}

async function readLogsOnAws(executionArn: string, given: ExecutionClient | undefined): Promise<LogsOnAws> {
  const client = given ?? (await openExecutionClient());
  const [{ status, error, cause }, failures, logGroup] = await Promise.all([
    client.describe(executionArn),
    client.failures(executionArn, mostExecutionFailures),
    client.logGroup(stateMachineOf(executionArn)),
  ]);
  // infra/pipeline.ts names this group after the stack; CloudFormation names the others so.
  const stack = /^\/aws\/vendedlogs\/states\/(.+)-pipeline$/.exec(logGroup ?? '')?.[1];
  return {
    execution: { arn: executionArn, status, error: error ?? null, cause: cause ?? null, failures },
    logGroup: logGroup ?? null,
    logGroupPrefix: stack === undefined ? null : `${stack}-`,
  };
}

function describe(run: string, { execution, logGroup, logGroupPrefix }: LogsOnAws): readonly string[] {
  const ended = [execution.error, execution.cause].filter(Boolean).map((text) => oneLine(redactSecrets(text!)));
  const { failures } = execution;
  const more = failures.length === mostExecutionFailures ? ' There may be more.' : '';
  return [
    `execution ${execution.arn}: ${execution.status}${ended.length > 0 ? `, ${ended.join(': ')}` : ''}`,
    ...(failures.length === 0
      ? []
      : [`What Step Functions saw fail (${failures.length}).${more}\n${failures.map(describeFailure).join('\n')}`]),
    ...(logGroup === null
      ? []
      : [
          `The state machine’s log:\n  aws logs filter-log-events --log-group-name ${logGroup} --filter-pattern '"${run}"'`,
        ]),
    ...(logGroupPrefix === null
      ? []
      : [
          `The logs of the functions and jobs, whose lines name the run:\n  aws logs describe-log-groups --log-group-name-prefix ${logGroupPrefix}`,
        ]),
  ];
}

function describeFailure({ where, at, error, cause, logStream }: ExecutionFailure): string {
  const when = at === undefined ? '' : `${at} `;
  const why = cause === '' ? '' : `: ${oneLine(redactSecrets(cause))}`;
  return `  ${when}${where}: ${oneLine(error)}${why}${logStream === undefined ? '' : ` (log stream ${logStream})`}`;
}
