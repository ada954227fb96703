/** RecordFailure: what failed, where, with the tail of the log, before the state machine fails. */
import { z } from 'zod';
import { redactSecrets } from '../redact.ts';
import { writeFailure } from './failures.ts';
import { runNamePattern } from './request.ts';
import type { StagePorts } from './stages.ts';

/** Step Functions puts what it caught under `error`; everything in it may be missing, cut off or not JSON. */
const inputSchema = z.looseObject({
  run: z.string(),
  error: z.looseObject({ Error: z.string().default('Unknown'), Cause: z.string().default('') }),
});

export interface RecordFailureOutput {
  readonly run: string;
  readonly error: string;
  /** One line for the execution's cause; Step Functions cuts causes at 32,768 characters. */
  readonly cause: string;
}

export async function recordFailure(input: unknown, ports: StagePorts): Promise<RecordFailureOutput> {
  const { run, error } = inputSchema.parse(input);
  const { message: told, logTail } = readCause(error.Cause);
  const message = redactSecrets(told);
  const failure = Object.assign(new Error(message), { name: error.Error });
  // A request that was refused may have been refused for the run's name; that must not become a key.
  if (runNamePattern.test(run)) await writeFailure(ports, run, 'run', failure, logTail);
  await ports.notify(`Run ${run} failed: ${error.Error}`, `${message}\n`);
  return { run, error: error.Error, cause: message.slice(0, 1_000) };
}

const lambdaCauseSchema = z.looseObject({ errorMessage: z.string(), trace: z.array(z.string()).optional() });
const batchCauseSchema = z.looseObject({
  StatusReason: z.string().optional(),
  LogTail: z.string().optional(),
  Container: z.looseObject({ Reason: z.string().optional(), ExitCode: z.number().optional() }).optional(),
});

/** A Lambda's cause and a Batch job's are JSON of different shapes; a map's is plain text. */
function readCause(cause: string): { readonly message: string; readonly logTail: string } {
  let value: unknown;
  try {
    value = JSON.parse(cause);
  } catch {
    return { message: cause, logTail: '' };
  }
  const lambda = lambdaCauseSchema.safeParse(value);
  if (lambda.success) return { message: lambda.data.errorMessage, logTail: (lambda.data.trace ?? []).join('\n') };
  const batch = batchCauseSchema.safeParse(value);
  if (!batch.success) return { message: cause, logTail: '' };
  const { StatusReason, Container, LogTail } = batch.data;
  const exit = Container?.ExitCode === undefined ? undefined : `exit code ${Container.ExitCode}`;
  const message = [StatusReason, Container?.Reason, exit].filter(Boolean).join('; ');
  return { message: message || cause, logTail: LogTail ?? '' };
}
