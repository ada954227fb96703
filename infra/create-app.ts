/** The CDK app, for the three that need it: the command-line tool (`app.ts`), `npm run synth`, and `synthesize.ts`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { type DeployableCode, projectRoot } from './deployable-code.ts';
import { StepwiseStack } from './stepwise-stack.ts';

export interface CreateAppOptions {
  readonly code: DeployableCode;
  readonly outputDirectory?: string | undefined;
  readonly context?: Readonly<Record<string, unknown>>;
  /** cdk-nag's findings are errors of the synthesis. Off only where the template is wanted fast, and is not deployed. */
  readonly checked?: boolean;
}

export const stackName = 'Stepwise';

export function createApp({ code, outputDirectory, context = {}, checked = true }: CreateAppOptions): App {
  const app = new App({
    // The feature flags; without them constructs fall back to the defaults of 2021, and the result writer is dropped.
    context: { ...readContext(), ...context },
    ...(outputDirectory === undefined ? {} : { outdir: outputDirectory }),
    analyticsReporting: false,
  });
  if (checked) Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  new StepwiseStack(app, stackName, {
    stackName,
    description: 'Stepwise: experiments of machine-learning papers as a serverless pipeline',
    code,
    monthlyBudgetUsDollars: positiveNumber(app, 'stepwise:monthlyBudgetUsDollars') ?? 100,
    destroyData: yesOrNo(app, 'stepwise:destroyData'),
    maxVcpus: positiveNumber(app, 'stepwise:maxVcpus'),
    notificationEmail: app.node.tryGetContext('stepwise:notificationEmail'),
    webhookParameter: app.node.tryGetContext('stepwise:notificationWebhookParameter'),
    endpointConcurrency: wholeNumber(app, 'stepwise:endpointConcurrency') ?? 5,
    schedules: app.node.tryGetContext('stepwise:schedules'),
    subscriptions: app.node.tryGetContext('stepwise:subscriptions'),
  });
  return app;
}

function readContext(): Record<string, unknown> {
  return JSON.parse(readFileSync(join(projectRoot, 'cdk.json'), 'utf8')).context;
}

/** A slip must not delete anything: nothing but these two is understood. */
function yesOrNo(app: App, key: string): boolean | undefined {
  const value = app.node.tryGetContext(key);
  if (value === undefined) return undefined;
  if (!['true', 'false'].includes(String(value)))
    throw new Error(`The context ${key} must be true or false, and is ${JSON.stringify(value)}.`);
  return String(value) === 'true';
}

/** `--context` on the command line arrives as text. */
function positiveNumber(app: App, key: string): number | undefined {
  const value = app.node.tryGetContext(key);
  if (value === undefined) return undefined;
  if (!(Number(value) > 0))
    throw new Error(`The context ${key} must be a number above 0, and is ${JSON.stringify(value)}.`);
  return Number(value);
}

function wholeNumber(app: App, key: string): number | undefined {
  const value = app.node.tryGetContext(key);
  if (value === undefined) return undefined;
  if (!/^\d{1,4}$/.test(String(value)))
    throw new Error(`The context ${key} must be a whole number, 0 or more, and is ${JSON.stringify(value)}.`);
  return Number(value);
}
