/** The folders that a deployment uploads: one a Lambda, and one that the training image is built from. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type LambdaStage, lambdaStages } from '../lib/pipeline/stages.ts';

export interface DeployableCode {
  readonly stageDirectories: Readonly<Record<LambdaStage, string>>;
  /** Of the Lambdas that are no stage of the pipeline, by the name of their entry; read it with `functionDirectory`. */
  readonly functionDirectories: Readonly<Record<string, string>>;
  readonly imageDirectory: string;
}

export const projectRoot = join(fileURLToPath(import.meta.url), '..', '..');

/** Every `functions/NAME.lambda.ts` that is no stage of the pipeline: a new function is deployable by being there. */
export function standaloneFunctions(): readonly string[] {
  const suffix = '.lambda.ts';
  return readdirSync(join(projectRoot, 'functions'))
    .filter((file) => file.endsWith(suffix))
    .map((file) => file.slice(0, -suffix.length))
    .filter((name) => !(lambdaStages as readonly string[]).includes(name))
    .sort();
}

/** Throws where there is no `functions/NAME.lambda.ts`. */
export function functionDirectory({ functionDirectories }: DeployableCode, name: string): string {
  const directory = functionDirectories[name];
  if (directory === undefined) throw new Error(`There is no functions/${name}.lambda.ts that could be deployed.`);
  return directory;
}

/** The sources in place of bundles: for whoever wants the template (the local engine, tests) and deploys nothing. */
export function unbundledCode(): DeployableCode {
  const directory = join(projectRoot, 'functions');
  const everywhere = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, directory]));
  return {
    stageDirectories: everywhere(lambdaStages) as Record<LambdaStage, string>,
    functionDirectories: everywhere(standaloneFunctions()),
    imageDirectory: directory,
  };
}
