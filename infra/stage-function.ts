/** A stage of the pipeline as a Lambda function. */
import type { Construct } from 'constructs';
import type { LambdaStage } from '../lib/pipeline/stages.ts';
import { HardenedFunction, type HardenedFunctionProps } from './hardened-function.ts';

export interface StageFunctionProps extends Omit<HardenedFunctionProps, 'name'> {
  readonly stage: LambdaStage;
}

export class StageFunction extends HardenedFunction {
  constructor(scope: Construct, id: string, { stage, environment, ...props }: StageFunctionProps) {
    // The local engine recognises the stage by it.
    super(scope, id, { ...props, name: stage, environment: { ...environment, STEPWISE_STAGE: stage } });
  }
}
