/**
 * The layer-normalised recurrent network of §3.1 as a layer, in place of `tf.layers.simpleRNN`:
 *
 *   h = tanh(LN(W_hh h₋₁ + W_xh x; g, b))     Eq. 4
 */
import * as tf from '@tensorflow/tfjs-core';
import { LayerNormRNNCell, type LayerNormRNNCellArgs } from './layer-norm-rnn-cell.ts';
import { cellArgs, RecurrentLayer, type RecurrentLayerArgs } from './recurrent-layer.ts';

export interface LayerNormRNNArgs extends RecurrentLayerArgs, LayerNormRNNCellArgs {}

export class LayerNormRNN extends RecurrentLayer {
  static override className = 'StepwiseLayerNormRNN';

  constructor(args: LayerNormRNNArgs) {
    super(new LayerNormRNNCell(cellArgs(args)), args);
  }
}

tf.serialization.registerClass(LayerNormRNN, 'Stepwise', 'LayerNormRNN');

/** A layer-normalised recurrent network: see `LayerNormRNN`. */
export function layerNormRNN(args: LayerNormRNNArgs): LayerNormRNN {
  return new LayerNormRNN(args);
}
