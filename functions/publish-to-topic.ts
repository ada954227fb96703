/** Publishes to an SNS topic. */
import { requireRuntimePackage } from './runtime-package.ts';

interface SnsModule {
  readonly SNSClient: new () => { send(command: object): Promise<unknown> };
  readonly PublishCommand: new (input: { TopicArn: string; Subject: string; Message: string }) => object;
}

/** Does nothing where there is no topic. */
export async function publishToTopic(topicArn: string | undefined, subject: string, text: string): Promise<void> {
  if (!topicArn) return;
  const { SNSClient, PublishCommand } = requireRuntimePackage<SnsModule>('@aws-sdk/client-sns');
  await new SNSClient().send(
    new PublishCommand({ TopicArn: topicArn, Subject: formatSubject(subject), Message: text.slice(0, 200_000) }),
  );
}

/** SNS takes one line of up to 100 printable ASCII characters. */
export function formatSubject(subject: string): string {
  return (
    subject
      // Of a verdict that flipped.
      .replaceAll('→', '->')
      .replaceAll(/[^\x21-\x7e]+/g, ' ')
      .trim()
      .slice(0, 100) || 'Stepwise'
  );
}
