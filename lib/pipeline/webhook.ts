/**
 * A message to a chat's incoming webhook. Whoever has its address can post, so the address is a secret: it is in no
 * message, no error and no log.
 */
import { WebhookFailed } from './errors.ts';

const timeoutMilliseconds = 10_000;
/** Chats cut longer ones, or refuse them. */
const mostCharacters = 3_500;

/**
 * Posts `{ "text": … }`, which Slack, Mattermost, Rocket.Chat, Google Chat and Zulip's Slack-compatible endpoint take.
 * Throws WebhookFailed.
 */
export async function postToWebhook(
  address: string,
  subject: string,
  text: string,
  send: typeof fetch = fetch,
): Promise<void> {
  const url = URL.parse(address.trim());
  if (url?.protocol !== 'https:') throw new WebhookFailed('its address must begin with https://');
  let response: Response;
  try {
    response = await send(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ text: `*${quiet(subject)}*\n${quiet(text)}`.slice(0, mostCharacters) }),
      // A redirect would hand the message to somebody else.
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMilliseconds),
    });
  } catch (error) {
    // The cause names the host, and with some hosts the secret; its class says enough.
    throw new WebhookFailed(`no answer (${error instanceof Error ? error.name : 'unknown'})`);
  }
  await response.body?.cancel();
  if (!response.ok) throw new WebhookFailed(`it answered ${response.status}`);
}

/** A failure may quote what somebody uploaded, and `<!channel>` or `@all` in it would call everybody together. */
function quiet(text: string): string {
  return text.replaceAll('<', '‹').replaceAll('>', '›').replaceAll('@', '@\u200b');
}
