/**
 * Stands for the part of AWS's SDK that Lambda's Node runtime brings and our bundles rely on: publishing to a topic.
 */
const { env } = process;

export class PublishCommand {
  constructor(input) {
    this.input = input;
  }
}

export class SNSClient {
  async send({ input }) {
    const scope = `test/20260101/${env.AWS_REGION}/sns/aws4_request`;
    const response = await fetch(env.AWS_ENDPOINT_URL, {
      method: 'POST',
      body: new URLSearchParams({ Action: 'Publish', ...input }),
      headers: { authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=none` },
    });
    if (!response.ok) throw new Error(`SNS answers ${response.status}: ${await response.text()}`);
    return {};
  }
}
