/** Publishes to an SNS topic with the SDK that Lambda's runtime brings: one call is not worth a bundled client. */

interface SnsModule {
  readonly SNSClient: new () => { send(command: object): Promise<unknown> };
  readonly PublishCommand: new (input: { TopicArn: string; Subject: string; Message: string }) => object;
}

/** Does nothing where there is no topic. */
export async function publishToTopic(topicArn: string | undefined, subject: string, text: string): Promise<void> {
  if (!topicArn) return;
  // Outside the bundle, and not among our packages: a name that the compiler and the bundler do not look up.
  const runtimePackage = '@aws-sdk/client-sns';
  const { SNSClient, PublishCommand } = (await import(runtimePackage)) as SnsModule;
  await new SNSClient().send(
    new PublishCommand({ TopicArn: topicArn, Subject: formatSubject(subject), Message: text.slice(0, 200_000) }),
  );
}

/** SNS takes one line of up to 100 printable ASCII characters. */
export function formatSubject(subject: string): string {
  return (
    subject
      .replaceAll(/[^\x21-\x7e]+/g, ' ')
      .trim()
      .slice(0, 100) || 'Stepwise'
  );
}
