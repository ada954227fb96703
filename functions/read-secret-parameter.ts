/** Reads a SecureString of Systems Manager with the SDK that Lambda's runtime brings: one call is not worth a bundled client. */

interface SsmModule {
  readonly SSMClient: new () => { send(command: object): Promise<{ Parameter?: { Value?: string } }> };
  readonly GetParameterCommand: new (input: { Name: string; WithDecryption: boolean }) => object;
}

export async function readSecretParameter(name: string): Promise<string> {
  // Outside the bundle, and not among our packages: a name that the compiler and the bundler do not look up.
  const runtimePackage = '@aws-sdk/client-ssm';
  const { SSMClient, GetParameterCommand } = (await import(runtimePackage)) as SsmModule;
  const { Parameter } = await new SSMClient().send(new GetParameterCommand({ Name: name, WithDecryption: true }));
  return Parameter?.Value ?? '';
}
