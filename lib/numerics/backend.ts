/**
 * The numeric backend a result was computed on. It is part of an artifact's digest, because results are bit-equal only
 * on the same backend: a fused multiply-add rounds once where a multiplication and an addition round twice.
 *
 * `native` is WebAssembly with the kernels that lib/kernels/native has compiled for this processor; like those of `node-…`,
 * its bits are those of one kind of processor.
 */
export const numericBackends = ['wasm-relaxed', 'wasm-plain', 'native', 'node-cpu', 'node-gpu'] as const;
export type NumericBackend = (typeof numericBackends)[number];

/**
 * `(a, b, c) → lane 0 of f32x4.relaxed_madd(a, b, c)`, by hand: one type, one function, exported as "f".
 */
const relaxedMultiplyAdd = Uint8Array.of(
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
  ...[0x01, 0x08, 0x01, 0x60, 0x03, 0x7d, 0x7d, 0x7d, 0x01, 0x7d], // type (f32, f32, f32) → f32
  ...[0x03, 0x02, 0x01, 0x00, 0x07, 0x05, 0x01, 0x01, 0x66, 0x00, 0x00], // function 0, exported as "f"
  ...[0x0a, 0x16, 0x01, 0x14, 0x00], // its body, no locals
  ...[0x20, 0x00, 0xfd, 0x13, 0x20, 0x01, 0xfd, 0x13, 0x20, 0x02, 0xfd, 0x13], // splat each argument
  ...[0xfd, 0x85, 0x02, 0xfd, 0x1f, 0x00, 0x0b], // relaxed_madd, extract_lane 0
);

interface WebAssemblyInterface {
  validate(bytes: Uint8Array): boolean;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (
    module: object,
  ) => { readonly exports: { readonly f: (a: number, b: number, c: number) => number } };
}

/** The build of the WebAssembly kernels that a backend computes with, beside what it has of its own; undefined: none. */
export function wasmBuildOf(backend: NumericBackend): 'wasm-relaxed' | 'wasm-plain' | undefined {
  if (backend === 'native') return detectWasmBackend();
  return backend === 'wasm-relaxed' || backend === 'wasm-plain' ? backend : undefined;
}

/**
 * The best WebAssembly backend of this machine: relaxed where the engine knows relaxed SIMD *and* its multiply-add
 * really rounds once. Relaxed SIMD permits either, and on processors without the instruction it rounds twice, which is
 * what the plain build says it does.
 */
export function detectWasmBackend(): 'wasm-relaxed' | 'wasm-plain' {
  const { validate, Module, Instance } = (globalThis as unknown as { readonly WebAssembly: WebAssemblyInterface })
    .WebAssembly;
  if (!validate(relaxedMultiplyAdd)) return 'wasm-plain';
  const { f } = new Instance(new Module(relaxedMultiplyAdd)).exports;
  // (1 + 2⁻¹²)² = 1 + 2⁻¹¹ + 2⁻²⁴: the last term is lost where the product is rounded before the addition.
  return f(1 + 2 ** -12, 1 + 2 ** -12, -(1 + 2 ** -11)) === 2 ** -24 ? 'wasm-relaxed' : 'wasm-plain';
}
