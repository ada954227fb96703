/** Starts an execution of a state machine under a name that can be used once: that is what makes a repeated event harmless. */
import { ExecutionAlreadyExists, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';

let client: SFNClient | undefined;

/** False where an execution of this name exists, whatever became of it. */
export async function startExecution(execution: {
  readonly stateMachineArn: string;
  readonly name: string;
  readonly input: string;
}): Promise<boolean> {
  client ??= new SFNClient();
  try {
    await client.send(new StartExecutionCommand(execution));
    return true;
  } catch (error) {
    if (error instanceof ExecutionAlreadyExists) return false;
    throw error;
  }
}
