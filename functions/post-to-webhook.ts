/** What the topic tells, to a chat: the webhook's address is a secret that only this function may read. */
import { z } from 'zod';
import { InvalidRequest } from '../lib/pipeline/errors.ts';
import { postToWebhook } from '../lib/pipeline/webhook.ts';

const eventSchema = z.looseObject({
  Records: z
    .array(z.looseObject({ Sns: z.looseObject({ Subject: z.string().nullish(), Message: z.string() }) }))
    .min(1)
    .max(100),
});

/** Throws InvalidRequest, WebhookFailed; Lambda then tries twice more. */
export async function postRecords(
  event: unknown,
  readAddress: () => Promise<string>,
  send: typeof fetch = fetch,
): Promise<void> {
  const parsed = eventSchema.safeParse(event);
  if (!parsed.success) throw new InvalidRequest(`An SNS event was expected: ${z.prettifyError(parsed.error)}`);
  const address = await readAddress();
  for (const { Sns } of parsed.data.Records) await postToWebhook(address, Sns.Subject ?? 'Stepwise', Sns.Message, send);
}
