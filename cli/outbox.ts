/** What a scheduled run has to tell: to a chat's webhook where one is named, and kept for stdout. */
import { WebhookFailed } from '../lib/pipeline/errors.ts';
import { postToWebhook } from '../lib/pipeline/webhook.ts';
import { InvalidUsage } from './errors.ts';
import type { Terminal } from './terminal.ts';

export interface Outbox {
  readonly messages: readonly string[];
  /** How many of the messages the webhook took. */
  readonly sent: number;
  /** Never fails for the webhook's sake: the result is there whether or not a chat takes the message. */
  send(subject: string, text: string): Promise<void>;
}

export function openOutbox(webhook: string | undefined, terminal: Terminal): Outbox {
  const messages: string[] = [];
  let sent = 0;
  return {
    messages,
    get sent() {
      return sent;
    },
    async send(subject, text) {
      messages.push(`${subject}\n${text}`);
      if (webhook === undefined) return;
      try {
        await postToWebhook(webhook, subject, text);
        sent++;
      } catch (error) {
        if (!(error instanceof WebhookFailed)) throw error;
        terminal.tell(`error: ${error.message}`);
      }
    },
  };
}

/** The address in an environment variable. Throws InvalidUsage, which names the variable and never what is in it. */
export function readWebhook(variable: string | undefined): string | undefined {
  if (variable === undefined) return undefined;
  const address = process.env[variable];
  if (address && URL.parse(address.trim())?.protocol === 'https:') return address;
  // Somebody may have given the address itself.
  const name = /^\w{1,60}$/.test(variable) ? variable : 'that one';
  throw new InvalidUsage(
    `--webhook-url-env names a variable that holds an address with https://, and ${name} ${address ? 'holds something else' : 'is not set'}.`,
  );
}
