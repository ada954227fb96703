/** Reads a SecureString of Systems Manager. */
import { requireRuntimePackage } from './runtime-package.ts';

interface SsmModule {
  readonly SSMClient: new () => { send(command: object): Promise<{ Parameter?: { Value?: string } }> };
  readonly GetParameterCommand: new (input: { Name: string; WithDecryption: boolean }) => object;
}

/** Empty where the parameter is. */
export async function readSecretParameter(name: string): Promise<string> {
  const { SSMClient, GetParameterCommand } = requireRuntimePackage<SsmModule>('@aws-sdk/client-ssm');
  const { Parameter } = await new SSMClient().send(new GetParameterCommand({ Name: name, WithDecryption: true }));
  return Parameter?.Value ?? '';
}
