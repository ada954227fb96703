/** A subscriber of a topic: a queue in which the test finds what people would be told. */
import { callJson, callQuery } from './aws-request.ts';

export interface Inbox {
  /** Waits for a message. */
  receive(): Promise<string>;
}

export async function openInbox(endpoint: string, topicArn: string): Promise<Inbox> {
  const call = <Output>(action: string, input: Readonly<Record<string, unknown>>) =>
    callJson<Output>(endpoint, 'sqs', `AmazonSQS.${action}`, input);
  const { QueueUrl } = await call<{ QueueUrl: string }>('CreateQueue', { QueueName: 'inbox' });
  const { Attributes } = await call<{ Attributes: { QueueArn: string } }>('GetQueueAttributes', {
    QueueUrl,
    AttributeNames: ['QueueArn'],
  });
  const subscription = { TopicArn: topicArn, Protocol: 'sqs', Endpoint: Attributes.QueueArn };
  await callQuery(endpoint, 'sns', 'Subscribe', subscription);
  return {
    async receive() {
      for (;;) {
        const { Messages = [] } = await call<{ Messages?: { Body: string }[] }>('ReceiveMessage', {
          QueueUrl,
          WaitTimeSeconds: 1,
        });
        if (Messages[0]) return Messages[0].Body;
      }
    },
  };
}
