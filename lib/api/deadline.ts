/** The time that a request has. JavaScript that computes cannot be interrupted, so it asks from time to time. */
import { setImmediate } from 'node:timers/promises';
import { ClientGone, DeadlineExceeded } from './errors.ts';

export class Deadline {
  readonly #endsAt: number;
  readonly #milliseconds: number;
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #client: AbortSignal | undefined;
  readonly #onClientGone = () => this.#stop(new ClientGone());

  /** @param client aborted where the caller goes away before the answer */
  constructor(milliseconds: number, client?: AbortSignal) {
    this.#milliseconds = milliseconds;
    this.#endsAt = performance.now() + milliseconds;
    this.#timer = setTimeout(() => this.#controller.abort(new DeadlineExceeded(milliseconds)), milliseconds);
    this.#timer.unref();
    this.#client = client;
    client?.addEventListener('abort', this.#onClientGone, { once: true });
  }

  /** Aborted with DeadlineExceeded when the time is over or the request has been answered, with ClientGone when nobody waits. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Resolves after other requests had their turn. Throws what `check` throws. Call it every few milliseconds of computing. */
  readonly breathe = async (): Promise<void> => {
    this.check();
    await setImmediate();
  };

  /** Throws DeadlineExceeded, ClientGone. */
  check(): void {
    this.signal.throwIfAborted();
    if (performance.now() > this.#endsAt) throw new DeadlineExceeded(this.#milliseconds);
  }

  /** What `work` gives, or what `check` throws where that comes first; the work is not waited for then. */
  async race<T>(work: Promise<T>): Promise<T> {
    const { promise, reject } = Promise.withResolvers<never>();
    const onAbort = () => reject(this.signal.reason);
    this.signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await Promise.race([work, promise]);
    } finally {
      this.signal.removeEventListener('abort', onAbort);
    }
  }

  /** The request is answered: what still computes for it stops at its next breath. */
  end(): void {
    this.#stop(new DeadlineExceeded(this.#milliseconds));
  }

  #stop(reason: DeadlineExceeded | ClientGone): void {
    clearTimeout(this.#timer);
    // Node keeps a request's signal, and with it the request, for as long as somebody listens to it.
    this.#client?.removeEventListener('abort', this.#onClientGone);
    this.#controller.abort(reason);
  }
}
