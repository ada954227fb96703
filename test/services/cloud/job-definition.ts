/** When AWS Batch tries a job again: our reading of a job definition's retry strategy. */

/** What is read of `AWS::Batch::JobDefinition`, its references resolved. */
export interface JobDefinition {
  readonly ContainerProperties: {
    readonly Environment: readonly { readonly Name: string; readonly Value: string }[];
  };
  readonly RetryStrategy: { readonly Attempts: number; readonly EvaluateOnExit: readonly ExitRule[] };
  readonly Timeout: { readonly AttemptDurationSeconds: number };
}

interface ExitRule {
  readonly Action: string;
  readonly OnStatusReason?: string;
  readonly OnReason?: string;
  readonly OnExitCode?: string;
}

export interface JobEnd {
  /** Undefined where the container did not get to exit. */
  readonly exitCode?: number;
  readonly statusReason: string;
  /** What happened to the container, where something did. */
  readonly reason?: string;
  /** False where Batch or Step Functions ended it themselves. */
  readonly retryable?: boolean;
}

/** The first rule whose conditions all match decides; where none does, Batch retries. */
export function retries({ RetryStrategy }: JobDefinition, attempts: readonly JobEnd[]): boolean {
  const last = attempts.at(-1)!;
  if (last.exitCode === 0 || last.retryable === false || attempts.length >= RetryStrategy.Attempts) return false;
  const rule = RetryStrategy.EvaluateOnExit.find(
    ({ OnStatusReason, OnReason, OnExitCode }) =>
      matches(OnStatusReason, last.statusReason) &&
      matches(OnReason, last.reason ?? '') &&
      matches(OnExitCode, last.exitCode === undefined ? '' : String(last.exitCode)),
  );
  return rule?.Action.toUpperCase() !== 'EXIT';
}

/** A pattern may end in `*`, and matches without regard to case. */
function matches(pattern: string | undefined, text: string): boolean {
  if (pattern === undefined) return true;
  const [expected, actual] = [pattern.toLowerCase(), text.toLowerCase()];
  return expected.endsWith('*') ? actual.startsWith(expected.slice(0, -1)) : actual === expected;
}
