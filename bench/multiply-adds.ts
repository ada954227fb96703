/** Multiply-adds that depend on nothing, for machine-peaks.ts; as a worker, until it is ended. */
import { isMainThread, workerData } from 'node:worker_threads';

/** Twelve chains of four lanes, a multiplication and an addition each. */
const operationsOfRound = 12 * 4 * 2;
/** Short calls: V8 exchanges a function for its optimized one between calls, not within one. */
const roundsOfCall = 10_000;
const warmUpMilliseconds = 400;
const measuredMilliseconds = 100;

interface WebAssemblyInterface {
  readonly Memory: new (size: { readonly initial: number }) => object;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (
    module: object,
    imports: object,
  ) => { readonly exports: { readonly multiplyAdd: (rounds: number, factor: number, term: number) => number } };
}
const { Memory, Module, Instance } = (globalThis as unknown as { readonly WebAssembly: WebAssemblyInterface })
  .WebAssembly;

/** Operations a nanosecond, once it is compiled well. */
export function multiplyAddsForWhile(bytes: Uint8Array): number {
  const env = { memory: new Memory({ initial: 1 }), abort: () => {} };
  const { multiplyAdd } = new Instance(new Module(bytes), { env }).exports;
  let rate = 0;
  for (const milliseconds of [warmUpMilliseconds, measuredMilliseconds]) {
    const start = performance.now();
    let calls = 0;
    for (; performance.now() - start < milliseconds; calls++) multiplyAdd(roundsOfCall, 0.999999, 1e-6);
    rate = (calls * roundsOfCall * operationsOfRound) / (1e6 * (performance.now() - start));
  }
  return rate;
}

if (!isMainThread) while (true) multiplyAddsForWhile(workerData);
