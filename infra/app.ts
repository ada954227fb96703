/** What `cdk deploy` runs, through cdk.json. */
import { withBundledCode } from './bundle.ts';
import { createApp } from './create-app.ts';

await withBundledCode(async (code) => {
  createApp({ code }).synth();
});
