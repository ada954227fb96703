/** Multiply-adds that depend on nothing, for machine-peaks.ts; as a worker, until it is ended. */
import { isMainThread, workerData } from 'node:worker_threads';
import { loadNativeKernels, type NativeCode } from '../lib/kernels/native-kernels.ts';

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

/** A WebAssembly module's bytes, or the kernels that were compiled for this processor. */
export type MultiplyAdds = Uint8Array | NativeCode;

/** Operations a nanosecond, once it is compiled well. */
export function multiplyAddsForWhile(code: MultiplyAdds): number {
  const call = 'nativeFile' in code ? callNative(code) : callWebAssembly(code);
  let rate = 0;
  for (const milliseconds of [warmUpMilliseconds, measuredMilliseconds]) {
    const start = performance.now();
    let operations = 0;
    while (performance.now() - start < milliseconds) operations += call();
    rate = operations / (1e6 * (performance.now() - start));
  }
  return rate;
}

function callNative(code: NativeCode): () => number {
  const { multiplyAdds } = loadNativeKernels(code);
  return () => multiplyAdds(roundsOfCall);
}

function callWebAssembly(bytes: Uint8Array): () => number {
  const env = { memory: new Memory({ initial: 1 }), abort: () => {} };
  const { multiplyAdd } = new Instance(new Module(bytes), { env }).exports;
  return () => {
    multiplyAdd(roundsOfCall, 0.999999, 1e-6);
    return roundsOfCall * operationsOfRound;
  };
}

if (!isMainThread) while (true) multiplyAddsForWhile(workerData);
