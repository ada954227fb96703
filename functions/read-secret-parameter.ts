/** Reads a SecureString of Systems Manager with the SDK that Lambda's runtime brings: one call is not worth a bundled client. */
import { createRequire } from 'node:module';

interface SsmModule {
  readonly SSMClient: new () => { send(command: object): Promise<{ Parameter?: { Value?: string } }> };
  readonly GetParameterCommand: new (input: { Name: string; WithDecryption: boolean }) => object;
}

/** Empty where the parameter is. */
export async function readSecretParameter(name: string): Promise<string> {
  // Outside the bundle, and not among our packages: a name that the compiler and the bundler do not look up. Required, for
  // the runtime says by NODE_PATH where it is, and `import` need not look there.
  const runtimePackage = '@aws-sdk/client-ssm';
  const { SSMClient, GetParameterCommand }: SsmModule = createRequire(import.meta.url)(runtimePackage);
  const { Parameter } = await new SSMClient().send(new GetParameterCommand({ Name: name, WithDecryption: true }));
  return Parameter?.Value ?? '';
}
