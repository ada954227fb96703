/**
 * The layer-normalised GRU of the paper's supplement as a layer, in place of `tf.layers.gru`:
 *
 *   (z, r) = LN(W_h h₋₁; α₁) + LN(W_x x; α₂) + b            Eq. 26
 *   ĥ = tanh(LN(W x; α₃, β₃) + σ(r) ⊙ LN(U h₋₁; α₄, β₄))    Eq. 27
 *   h = (1 − σ(z)) ⊙ h₋₁ + σ(z) ⊙ ĥ                         Eq. 28
 *
 * Statistics run over both gates together, and over the candidate by itself.
 */
import * as tf from '@tensorflow/tfjs-core';
import { LayerNormGRUCell, type LayerNormGRUCellArgs } from './layer-norm-gru-cell.ts';
import { cellArgs, RecurrentLayer, type RecurrentLayerArgs } from './recurrent-layer.ts';

export interface LayerNormGRUArgs extends RecurrentLayerArgs, LayerNormGRUCellArgs {}

export class LayerNormGRU extends RecurrentLayer {
  static override className = 'StepwiseLayerNormGRU';

  constructor(args: LayerNormGRUArgs) {
    super(new LayerNormGRUCell(cellArgs(args)), args);
  }
}

tf.serialization.registerClass(LayerNormGRU, 'Stepwise', 'LayerNormGRU');

/** A layer-normalised GRU: see `LayerNormGRU`. */
export function layerNormGRU(args: LayerNormGRUArgs): LayerNormGRU {
  return new LayerNormGRU(args);
}
