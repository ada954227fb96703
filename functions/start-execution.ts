/** Executions of a state machine. Each is started under a name that can be used once: that is what makes a repeated event harmless. */
import {
  DescribeExecutionCommand,
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';

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

/** False also where there is no execution of this name. */
export async function isExecutionRunning(stateMachineArn: string, name: string): Promise<boolean> {
  client ??= new SFNClient();
  const executionArn = `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${name}`;
  try {
    return (await client.send(new DescribeExecutionCommand({ executionArn }))).status === 'RUNNING';
  } catch (error) {
    if (error instanceof ExecutionDoesNotExist) return false;
    throw error;
  }
}
