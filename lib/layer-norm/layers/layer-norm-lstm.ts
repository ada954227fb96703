/**
 * The layer-normalised LSTM of the paper's supplement as a layer, in place of `tf.layers.lstm`:
 *
 *   (f, i, o, g) = LN(W_h h₋₁; α₁) + LN(W_x x; α₂) + b     Eq. 20
 *   c = σ(f) ⊙ c₋₁ + σ(i) ⊙ tanh(g)                        Eq. 21
 *   h = σ(o) ⊙ tanh(LN(c; α₃, β₃))                         Eq. 22
 *
 * Its states are h and c, the *raw* cell.
 */
import * as tf from '@tensorflow/tfjs-core';
import { LayerNormLSTMCell, type LayerNormLSTMCellArgs } from './layer-norm-lstm-cell.ts';
import { cellArgs, RecurrentLayer, type RecurrentLayerArgs } from './recurrent-layer.ts';

export interface LayerNormLSTMArgs extends RecurrentLayerArgs, LayerNormLSTMCellArgs {}

export class LayerNormLSTM extends RecurrentLayer {
  static override className = 'StepwiseLayerNormLSTM';

  constructor(args: LayerNormLSTMArgs) {
    super(new LayerNormLSTMCell(cellArgs(args)), args);
  }
}

tf.serialization.registerClass(LayerNormLSTM, 'Stepwise', 'LayerNormLSTM');

/** A layer-normalised LSTM: see `LayerNormLSTM`. */
export function layerNormLSTM(args: LayerNormLSTMArgs): LayerNormLSTM {
  return new LayerNormLSTM(args);
}
