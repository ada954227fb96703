/**
 * An LSTM with recurrent batch normalisation (Cooijmans et al., arXiv 1603.09025) as a layer: the baseline of §6.2. Each
 * step is normalised over the minibatch by its own statistics, in training those of the minibatch, afterwards the running
 * ones; gains and biases are shared by all steps. See recurrent/batch-norm-lstm.ts for the formulas.
 *
 * Masked steps count in no statistics. Where the layer is stateful, every batch begins at the first step's statistics.
 */
import * as tf from '@tensorflow/tfjs-core';
import { BatchNormLSTMCell, type BatchNormLSTMCellArgs } from './batch-norm-lstm-cell.ts';
import { cellArgs, RecurrentLayer, type RecurrentLayerArgs } from './recurrent-layer.ts';

export interface BatchNormLSTMArgs extends RecurrentLayerArgs, BatchNormLSTMCellArgs {}

export class BatchNormLSTM extends RecurrentLayer {
  static override className = 'StepwiseBatchNormLSTM';

  constructor(args: BatchNormLSTMArgs) {
    super(new BatchNormLSTMCell(cellArgs(args)), args);
  }
}

tf.serialization.registerClass(BatchNormLSTM, 'Stepwise', 'BatchNormLSTM');

/** An LSTM with recurrent batch normalisation: see `BatchNormLSTM`. */
export function batchNormLSTM(args: BatchNormLSTMArgs): BatchNormLSTM {
  return new BatchNormLSTM(args);
}
