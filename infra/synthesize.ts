/** The synthesised template as an object: what the local engine runs and what tests look at. No Docker, no account. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApp, stackName } from './create-app.ts';
import { type DeployableCode, unbundledCode } from './deployable-code.ts';

export interface SynthesizeOptions {
  /** Bundles to refer to; the sources' folder where absent, so the template cannot be deployed. */
  readonly code?: DeployableCode;
  /** Whether cdk-nag looks at it too; a finding throws. */
  readonly checked?: boolean;
  readonly context?: Readonly<Record<string, unknown>>;
}

/** A CloudFormation template, as far as its readers care; property values are any JSON. */
export interface SynthesizedTemplate {
  readonly Resources: Readonly<Record<string, SynthesizedResource>>;
  readonly Outputs: Readonly<Record<string, { readonly Value: unknown }>>;
  readonly Parameters: Readonly<Record<string, { readonly Type: string; readonly Default?: string }>>;
}

export interface SynthesizedResource {
  readonly Type: string;
  // biome-ignore lint/suspicious/noExplicitAny: a property is any JSON, and readers look for what they expect.
  readonly Properties?: Readonly<Record<string, any>>;
  readonly DependsOn?: readonly string[];
  readonly DeletionPolicy?: string;
  // biome-ignore lint/suspicious/noExplicitAny: so is what the resource says to tools.
  readonly Metadata?: Readonly<Record<string, any>>;
}

export async function synthesizeTemplate(options: SynthesizeOptions = {}): Promise<SynthesizedTemplate> {
  const { code = unbundledCode(), checked = false, context = {} } = options;
  const outputDirectory = await mkdtemp(join(tmpdir(), 'stepwise-synth-'));
  try {
    return createApp({ code, checked, context, outputDirectory }).synth().getStackByName(stackName).template;
  } finally {
    await rm(outputDirectory, { recursive: true, force: true });
  }
}
