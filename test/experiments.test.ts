import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';

it('listing, planning and summarizing every experiment loads no TensorFlow.js: a Lambda would pay for it at each cold start', () => {
  const script = `
    import { registerHooks } from 'node:module';
    const loaded = [];
    registerHooks({
      resolve(specifier, context, next) {
        if (specifier.startsWith('@tensorflow/')) loaded.push(specifier + ' from ' + context.parentURL);
        return next(specifier, context);
      },
    });
    const { experiments } = await import('${new URL('../lib/experiments.ts', import.meta.url)}');
    for (const experiment of experiments.all()) {
      const params = experiment.presets.smoke;
      experiment.evaluations(params, experiment.plan(params));
      experiment.summarize([], params);
    }
    console.log(JSON.stringify({ experiments: experiments.all().length, loaded }));
  `;
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' });
  const { experiments, loaded } = JSON.parse(output);
  expect(experiments).toBeGreaterThan(0);
  expect(loaded).toEqual([]);
});
