/**
 * A chat's incoming webhook as a subscriber of the topic. The address is a secret: it lies in a SecureString parameter of
 * Systems Manager that somebody with the right to do so made, and neither the template nor a log has it.
 */
import { Duration, Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { LambdaSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { type DeployableCode, functionDirectory } from './deployable-code.ts';
import { HardenedFunction } from './hardened-function.ts';
import { UndeliveredQueue } from './undelivered-queue.ts';

export interface WebhookProps {
  readonly code: DeployableCode;
  readonly topic: ITopic;
  /** The parameter's name, with its slash: `/stepwise/webhook`. */
  readonly parameterName: string;
}

export class Webhook extends Construct {
  readonly function: IFunction;
  readonly undelivered: IQueue;

  constructor(scope: Construct, id: string, { code, topic, parameterName }: WebhookProps) {
    super(scope, id);
    if (!/^\/[\w.-]+(\/[\w.-]+)*$/.test(parameterName)) {
      throw new Error(
        // What came may be the address itself, which must not be repeated.
        "The context stepwise:notificationWebhookParameter must be the name of a parameter, such as '/stepwise/webhook', and never the webhook's address.",
      );
    }
    const post = new HardenedFunction(this, 'Post', {
      name: 'post-to-webhook',
      codeDirectory: functionDirectory(code, 'post-to-webhook'),
      description: 'Tells a chat what the topic tells',
      environment: { STEPWISE_WEBHOOK_PARAMETER: parameterName },
      memoryMegabytes: 256,
      timeout: Duration.seconds(30),
    });
    this.function = post.function;
    // The key that AWS manages for the service lets whoever may read the parameter decrypt it.
    const parameter = Stack.of(this).formatArn({
      service: 'ssm',
      resource: 'parameter',
      resourceName: parameterName.slice(1),
    });
    post.role.addToPolicy(new PolicyStatement({ actions: ['ssm:GetParameter'], resources: [parameter] }));
    const undelivered = new UndeliveredQueue(this, 'Undelivered', {
      topic,
      alarm: 'A message did not reach the chat; it is in the queue',
    });
    this.undelivered = undelivered.queue;
    undelivered.keepFailuresOf(post);
    topic.addSubscription(new LambdaSubscription(post.function, { deadLetterQueue: undelivered.queue }));
  }
}
