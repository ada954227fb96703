/**
 * How far results on tfjs-node may be from those on WASM, as a share of a metric's scale. Both compute in float32, and add in
 * another order; every training step carries on what the one before rounded differently.
 */
export const tolerance = 1e-3;
