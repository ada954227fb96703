/**
 * The numeric backend a result was computed on. It is part of an artifact's digest, because results are bit-equal only
 * on the same backend: a fused multiply-add rounds once where a multiplication and an addition round twice.
 */
export const numericBackends = ['wasm-relaxed', 'wasm-plain', 'node-cpu', 'node-gpu'] as const;
export type NumericBackend = (typeof numericBackends)[number];
