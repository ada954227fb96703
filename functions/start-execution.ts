/** Starts an execution of a state machine under a name that can be used once: that is what makes a repeated event harmless. */
import type { SFNClient } from '@aws-sdk/client-sfn';

let client: Promise<SFNClient> | undefined;

/** False where an execution of this name exists, whatever became of it. */
export async function startExecution(execution: {
  readonly stateMachineArn: string;
  readonly name: string;
  readonly input: string;
}): Promise<boolean> {
  const { ExecutionAlreadyExists, SFNClient, StartExecutionCommand } = await import('@aws-sdk/client-sfn');
  client ??= Promise.resolve(new SFNClient());
  try {
    await (await client).send(new StartExecutionCommand(execution));
    return true;
  } catch (error) {
    if (error instanceof ExecutionAlreadyExists) return false;
    throw error;
  }
}
