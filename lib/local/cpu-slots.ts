/** Shares out cores: first come, first served, so that a job that wants many is not passed by small ones for ever. */

export class CpuSlots {
  readonly total: number;
  #free: number;
  readonly #waiting: { readonly cpus: number; readonly grant: () => void }[] = [];

  constructor(total: number) {
    this.total = total;
    this.#free = total;
  }

  /**
   * Waits for `cpus` cores (at most all there are) and returns the function that gives them back, to be called once.
   * Rejects with the signal's reason where it aborts first.
   */
  async take(cpus: number, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    const wanted = Math.max(1, Math.min(cpus, this.total));
    const { promise: granted, resolve, reject } = Promise.withResolvers<void>();
    const waiter = { cpus: wanted, grant: resolve };
    const abort = () => {
      const at = this.#waiting.indexOf(waiter);
      if (at < 0) return;
      this.#waiting.splice(at, 1);
      reject(signal.reason);
      // The one that left may have stood before somebody who fits.
      this.#grantFirst();
    };
    this.#waiting.push(waiter);
    signal.addEventListener('abort', abort, { once: true });
    this.#grantFirst();
    await granted.finally(() => signal.removeEventListener('abort', abort));
    return () => {
      this.#free += wanted;
      this.#grantFirst();
    };
  }

  #grantFirst(): void {
    for (let first = this.#waiting[0]; first && first.cpus <= this.#free; first = this.#waiting[0]) {
      this.#waiting.shift();
      this.#free -= first.cpus;
      first.grant();
    }
  }
}
