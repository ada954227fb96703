import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { postRecords } from '../../functions/post-to-webhook.ts';

const address = 'https://hooks.example.org/services/T000/B000/secret-in-the-path';

/** As SNS calls a function, down to the members that nobody reads. */
function event(...messages: readonly (readonly [subject: string | null, text: string])[]) {
  return {
    Records: messages.map(([Subject, Message]) => ({
      EventSource: 'aws:sns',
      EventVersion: '1.0',
      EventSubscriptionArn: 'arn:aws:sns:eu-west-1:111122223333:topic:1',
      Sns: {
        Type: 'Notification',
        MessageId: '1',
        TopicArn: 'arn',
        Subject,
        Message,
        Timestamp: '2026-11-25T00:00:00Z',
      },
    })),
  };
}

/** A chat that answers in turn, and what it was sent. */
function chat(...answers: readonly (number | Error)[]) {
  const sent: { url: string; init: RequestInit }[] = [];
  const left = [...answers];
  const send = (async (url: URL, init: RequestInit) => {
    sent.push({ url: String(url), init });
    const answer = left.shift() ?? 200;
    if (answer instanceof Error) throw answer;
    return new Response('no_text for this channel', { status: answer });
  }) as typeof fetch;
  return { sent, send, texts: () => sent.map(({ init }) => JSON.parse(init.body as string).text as string) };
}

const post = (input: unknown, { send }: { send: typeof fetch }, secret = address) =>
  postRecords(input, async () => secret, send);

test('each record becomes one message', async () => {
  const { sent, send, texts } = chat();
  await post(event(['layer-norm/draw: the same', 'Run x ended.'], [null, 'An alarm.']), { send }, ` ${address}\n`);
  expect(texts()).toEqual(['*layer-norm/draw: the same*\nRun x ended.', '*Stepwise*\nAn alarm.']);
  expect(sent[0]).toMatchObject({
    url: address,
    init: { method: 'POST', headers: { 'content-type': 'application/json' }, redirect: 'error' },
  });
  expect(sent[0]!.init.signal).toBeInstanceOf(AbortSignal);
});

test('a message calls nobody together, and is no longer than chats take', async () => {
  const { send, texts } = chat();
  await post(event(['failed', `<!channel> <https://example.org|x> @all ${'a'.repeat(10_000)}`]), { send });
  const [text] = texts();
  expect(text).toMatch(/^\*failed\*\n‹!channel› ‹https:\/\/example\.org\|x› @\u200ball a+$/);
  expect(text).toHaveLength(3_500);
});

describe('the address is in no error', () => {
  const refused = Object.assign(new TypeError('fetch failed'), {
    cause: new Error(`connect ECONNREFUSED ${address}`),
  });
  test.each([
    ['a chat that refuses', chat(404), address, /it answered 404/],
    ['a chat that is unwell', chat(503), address, /it answered 503/],
    ['nobody there', chat(refused), address, /no answer \(TypeError\)/],
    [
      'nobody there in time',
      chat(new DOMException(`timed out: ${address}`, 'TimeoutError')),
      address,
      /no answer \(TimeoutError\)/,
    ],
    ['what is not HTTPS', chat(), address.replace('https', 'http'), /must begin with https/],
    ['what is no address', chat(), 'secret-in-the-path', /must begin with https/],
    ['a file', chat(), 'file:///secret-in-the-path', /must begin with https/],
    ['nothing in the parameter', chat(), '', /must begin with https/],
  ])('%s', async (_, world, secret, message) => {
    const error = await post(event(['s', 't']), world, secret).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'WebhookFailed', message: expect.stringMatching(message) });
    // All that a logger could find, causes included.
    expect(inspect(error, { depth: 20, showHidden: true })).not.toMatch(/secret-in-the-path|hooks\.example/);
  });
});

test('a failure is thrown, so that Lambda tries again and then keeps the message', async () => {
  const world = chat(200, 500);
  await expect(post(event(['1', 'a'], ['2', 'b'], ['3', 'c']), world)).rejects.toThrow(/it answered 500/);
  expect(world.sent).toHaveLength(2);
});

test.each([null, {}, { Records: [] }, { Records: [{ Sns: {} }] }, { Records: 'x' }])(
  '%j is no event of SNS',
  async (input) => {
    const world = chat();
    await expect(post(input, world)).rejects.toThrow(/^An SNS event was expected/);
    expect(world.sent).toEqual([]);
  },
);
