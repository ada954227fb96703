/** The folders that a deployment uploads: one a Lambda, and one that the training image is built from. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type LambdaStage, lambdaStages } from '../lib/pipeline/stages.ts';

export interface DeployableCode {
  readonly stageDirectories: Readonly<Record<LambdaStage, string>>;
  readonly imageDirectory: string;
}

export const projectRoot = join(fileURLToPath(import.meta.url), '..', '..');

/** The sources in place of bundles: for whoever wants the template (the local engine, tests) and deploys nothing. */
export function unbundledCode(): DeployableCode {
  const directory = join(projectRoot, 'functions');
  const stageDirectories = Object.fromEntries(lambdaStages.map((stage) => [stage, directory]));
  return { stageDirectories: stageDirectories as Record<LambdaStage, string>, imageDirectory: directory };
}
