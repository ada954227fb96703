/** `npm run synth [-- --output DIR]`: the cloud assembly, in cdk.out by default. Needs neither Docker nor an account. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { withBundledCode } from './bundle.ts';
import { createApp, stackName } from './create-app.ts';

const { values } = parseArgs({ options: { output: { type: 'string', default: 'cdk.out' } } });
await withBundledCode(async (code) => {
  const assembly = createApp({ code, outputDirectory: resolve(values.output) }).synth();
  console.log(assembly.getStackByName(stackName).templateFullPath);
});
