import { afterEach, expect, test, vi } from 'vitest';
import { detectWasmBackend } from '../../lib/numerics/backend.ts';

const engine = (globalThis as unknown as { readonly WebAssembly: { validate(bytes: Uint8Array): boolean } })
  .WebAssembly;

afterEach(() => vi.unstubAllGlobals());

/** An engine that knows relaxed SIMD, or does not, and computes its multiply-add by `f`. */
function stubEngine(validates: boolean, f: (a: number, b: number, c: number) => number): void {
  class Module {}
  class Instance {
    readonly exports = { f };
  }
  vi.stubGlobal('WebAssembly', { validate: () => validates, Module, Instance });
}
/** In float64 the product is exact, so this rounds once; with Math.fround it rounds twice. */
const fused = (a: number, b: number, c: number) => Math.fround(a * b + c);
const rounded = (a: number, b: number, c: number) => Math.fround(Math.fround(a * b) + c);

test('relaxed where the engine rounds once, plain where it rounds twice or knows nothing of it', () => {
  stubEngine(true, fused);
  expect(detectWasmBackend()).toBe('wasm-relaxed');
  stubEngine(true, rounded);
  expect(detectWasmBackend()).toBe('wasm-plain');
  stubEngine(false, fused);
  expect(detectWasmBackend()).toBe('wasm-plain');
});

test('the probe is a module that this engine accepts', () => {
  const validate = vi.spyOn(engine, 'validate');
  detectWasmBackend();
  expect(validate.mock.results[0]).toEqual({ type: 'return', value: true });
});
