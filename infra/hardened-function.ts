/** A Lambda function as all of ours are: the one place that fixes runtime, architecture, tracing and log retention. */
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Code, Function as LambdaFunction, Runtime, Tracing } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { acknowledgeWildcards } from './acknowledge.ts';

export interface HardenedFunctionProps {
  /** As the entry is named: `functions/NAME.lambda.ts`. */
  readonly name: string;
  /** A folder that holds `index.mjs` and what it reads; `bundle.ts` makes it. */
  readonly codeDirectory: string;
  readonly description: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Lambda gives one core for 1,769 MB. */
  readonly memoryMegabytes?: number;
  readonly timeout?: Duration;
  /** Calls at one time at most, taken from the account's own; the account's limit where absent. */
  readonly reservedConcurrency?: number;
}

export class HardenedFunction extends Construct {
  readonly function: LambdaFunction;
  readonly role: Role;

  constructor(scope: Construct, id: string, props: HardenedFunctionProps) {
    super(scope, id);
    const logGroup = new LogGroup(this, 'Log', {
      retention: RetentionDays.THREE_MONTHS,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    // The construct's own role carries AWSLambdaBasicExecutionRole, which may write every log group of the account.
    this.role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    logGroup.grantWrite(this.role);
    this.function = new LambdaFunction(this, 'Function', {
      description: props.description,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: 'index.handler',
      code: Code.fromAsset(props.codeDirectory),
      role: this.role,
      logGroup,
      tracing: Tracing.ACTIVE,
      memorySize: props.memoryMegabytes ?? 512,
      timeout: props.timeout ?? Duration.seconds(60),
      ...(props.reservedConcurrency === undefined ? {} : { reservedConcurrentExecutions: props.reservedConcurrency }),
      environment: {
        ...props.environment,
        NODE_OPTIONS: '--enable-source-maps',
        POWERTOOLS_SERVICE_NAME: `stepwise-${props.name}`,
      },
    });
    acknowledgeWildcards(this.role, { 'Resource::*': 'xray:PutTraceSegments knows no resources.' });
  }
}
