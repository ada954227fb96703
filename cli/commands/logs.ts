/** `stepwise logs`: every failure that a run has recorded, with the end of its log; on AWS also where the whole logs are. */
import { keys } from '../../lib/pipeline/keys.ts';
import { failureRecordSchema, requireRecord } from '../../lib/pipeline/records.ts';
import { findRun, readRequest } from '../../lib/pipeline/run-records.ts';
import { openStore } from '../../lib/storage/open-store.ts';
import { type ExecutionClient, findExecution, openExecutionClient, stateMachineOf } from '../execution-on-aws.ts';
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

export async function logs(
  name: string,
  options: LogsOptions,
  terminal: Terminal,
  client?: ExecutionClient,
): Promise<ExitCode> {
  const store = await openStore(options.store);
  const { run } = await readRequest(store, await findRun(store, name));
  const failures = [];
  for await (const { key } of store.list(keys.failuresPrefix(run))) {
    failures.push(await requireRecord(store, key, failureRecordSchema));
  }
  const places =
    options.engine === 'aws'
      ? await findLogs(findExecution(run, await readRunState(store, run), options), client)
      : undefined;
  if (options.json) {
    terminal.print(JSON.stringify(places === undefined ? failures : { failures, ...places }, null, 2));
    return 0;
  }
  const texts = failures.map(
    ({ where, error, message, at, logTail }) => `${at} ${where}: ${error}: ${message}\n\n${logTail.trimEnd()}`,
  );
  if (failures.length === 0) texts.push(`Run ${run} has recorded no failure.`);
  if (places) texts.push(describe(run, places));
  terminal.print(texts.join('\n\n'));
  return 0;
}

interface Places {
  readonly execution: {
    readonly arn: string;
    readonly status: string;
    readonly error: string | null;
    readonly cause: string | null;
  };
  /** Of the state machine; null where it does not log. */
  readonly logGroup: string | null;
  /** How the log groups of the functions and of the training jobs begin. */
  readonly logGroupPrefix: string | null;
}

async function findLogs(executionArn: string, given: ExecutionClient | undefined): Promise<Places> {
  const client = given ?? (await openExecutionClient());
  const { status, error, cause } = await client.describe(executionArn);
  const logGroup = (await client.logGroup(stateMachineOf(executionArn))) ?? null;
  // infra/pipeline.ts names this group after the stack; CloudFormation names the others so.
  const stack = /^\/aws\/vendedlogs\/states\/(.+)-pipeline$/.exec(logGroup ?? '')?.[1];
  return {
    execution: { arn: executionArn, status, error: error ?? null, cause: cause ?? null },
    logGroup,
    logGroupPrefix: stack === undefined ? null : `${stack}-`,
  };
}

function describe(run: string, { execution, logGroup, logGroupPrefix }: Places): string {
  const ended = [execution.error, execution.cause].filter(Boolean).map((text) => oneLine(text!));
  return [
    `execution ${execution.arn}: ${execution.status}${ended.length > 0 ? `, ${ended.join(': ')}` : ''}`,
    ...(logGroup === null
      ? []
      : [
          'The state machine’s log:',
          `  aws logs filter-log-events --log-group-name ${logGroup} --filter-pattern '"${run}"'`,
        ]),
    ...(logGroupPrefix === null
      ? []
      : [
          'The logs of the functions and jobs, whose lines name the run:',
          `  aws logs describe-log-groups --log-group-name-prefix ${logGroupPrefix}`,
        ]),
  ].join('\n');
}
