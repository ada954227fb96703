/** A page in a real Chromium, with a reader's hands: DevTools' protocol over its WebSocket, which Node has itself. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { onTestFinished } from 'vitest';
import { newTemporaryFolder } from '../temporary-folder.ts';

/** The command, undefined where the machine has none. */
export const browser = ['chromium', 'chromium-browser', 'google-chrome'].find(
  (command) => spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0,
);

/** For tests' names: a skipped one says why. */
export const browserNote = browser ? '' : ' (skipped: no Chromium or Chrome here)';

// biome-ignore lint/suspicious/noExplicitAny: the protocol's answers, each of its own shape.
type Answer = any;

export interface Page {
  /** A command of DevTools' protocol. */
  send(method: string, parameters?: Readonly<Record<string, unknown>>): Promise<Answer>;
  /** The value of an expression in the page. */
  evaluate<T>(expression: string): Promise<T>;
  press(key: string): Promise<void>;
  /** From one place to another with the button down. */
  drag(from: readonly [x: number, y: number], to: readonly [x: number, y: number]): Promise<void>;
  /** What the console was told: errors of scripts, violations of the page's policy. */
  readonly messages: readonly string[];
}

/** Opens a file. The browser ends with the test. */
export async function openPage(file: string, { withScripts = true } = {}): Promise<Page> {
  const profile = await newTemporaryFolder();
  const quiet = ['--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
  const child = spawn(
    browser!,
    [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      ...quiet,
      '--window-size=1000,900',
      '--remote-debugging-port=0',
      `--user-data-dir=${profile}`,
      'about:blank',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  onTestFinished(async () => {
    const ended = once(child, 'exit');
    child.kill();
    await ended;
  });
  const socket = new WebSocket(await findAddress(child.stderr));
  await once(socket, 'open');
  onTestFinished(() => socket.close());

  const messages: string[] = [];
  const waiting = new Map<number, { resolve(answer: Answer): void; reject(error: Error): void }>();
  const events = new EventTarget();
  socket.addEventListener('message', ({ data }) => {
    const { id, result, error, method, params } = JSON.parse(String(data));
    if (method === 'Log.entryAdded') messages.push(params.entry.text);
    if (method === 'Runtime.exceptionThrown') messages.push(params.exceptionDetails.text);
    if (method) events.dispatchEvent(new Event(method));
    if (error) waiting.get(id)?.reject(new Error(error.message));
    else waiting.get(id)?.resolve(result);
    waiting.delete(id);
  });
  let count = 0;
  let sessionId: string | undefined;
  const send: Page['send'] = (method, params = {}) =>
    new Promise((resolve, reject) => {
      waiting.set(++count, { resolve, reject });
      socket.send(JSON.stringify({ id: count, method, params, sessionId }));
    });
  const { targetInfos } = await send('Target.getTargets');
  const { targetId } = targetInfos.find(({ type }: { type: string }) => type === 'page');
  ({ sessionId } = await send('Target.attachToTarget', { targetId, flatten: true }));
  for (const domain of ['Page', 'Log', 'Runtime', 'Accessibility']) await send(`${domain}.enable`);
  await send('Emulation.setScriptExecutionDisabled', { value: !withScripts });
  const loaded = once(events, 'Page.loadEventFired');
  await send('Page.navigate', { url: pathToFileURL(file).href });
  await loaded;

  const mouse = (type: string, [x, y]: readonly [number, number], buttons: number) =>
    send('Input.dispatchMouseEvent', { type, x, y, button: 'left', buttons, clickCount: 1 });
  return {
    send,
    messages,
    async evaluate(expression) {
      const { result, exceptionDetails } = await send('Runtime.evaluate', { expression, returnByValue: true });
      if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
      return result.value;
    },
    async press(key) {
      const about = { key, code: key, windowsVirtualKeyCode: virtualKeyCodes[key] };
      await send('Input.dispatchKeyEvent', { type: 'rawKeyDown', ...about });
      await send('Input.dispatchKeyEvent', { type: 'keyUp', ...about });
    },
    async drag(from, to) {
      await mouse('mousePressed', from, 1);
      for (const share of [0.25, 0.5, 0.75, 1]) {
        await mouse('mouseMoved', [from[0] + share * (to[0] - from[0]), from[1] + share * (to[1] - from[1])], 1);
      }
      await mouse('mouseReleased', to, 0);
    },
  };
}

/** The protocol takes keys by what Windows calls them. */
const virtualKeyCodes: Readonly<Record<string, number>> = {
  Tab: 9,
  End: 35,
  Home: 36,
  ArrowLeft: 37,
  ArrowUp: 38,
  ArrowRight: 39,
  ArrowDown: 40,
};

/** Chromium says on its error output where it listens. */
async function findAddress(errorOutput: NodeJS.ReadableStream): Promise<string> {
  const said: string[] = [];
  for await (const line of createInterface({ input: errorOutput })) {
    const address = line.match(/DevTools listening on (ws:\S+)/)?.[1];
    if (address) return address;
    said.push(line);
  }
  throw new Error(`Chromium ended without listening: ${said.join(' ')}`);
}
