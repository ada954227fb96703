/** Layers for `tf.layers` models: layer normalization (arXiv 1607.06450), and what its experiments compare it with. */

export { InvalidLayerInput, InvalidLayerSetting, InvalidWeights } from '../../tensorflow-layers/errors.ts';
export { BatchNormLSTM, type BatchNormLSTMArgs, batchNormLSTM } from './batch-norm-lstm.ts';
// Eqs 26–28
export { LayerNormGRU, type LayerNormGRUArgs, layerNormGRU } from './layer-norm-gru.ts';
export { LayerNormGRUCell, type LayerNormGRUCellArgs, layerNormGRUCell } from './layer-norm-gru-cell.ts';
// Eqs 20–22
export { LayerNormLSTM, type LayerNormLSTMArgs, layerNormLSTM } from './layer-norm-lstm.ts';
export { LayerNormLSTMCell, type LayerNormLSTMCellArgs, layerNormLSTMCell } from './layer-norm-lstm-cell.ts';
// Eq. 4
export { LayerNormRNN, type LayerNormRNNArgs, layerNormRNN } from './layer-norm-rnn.ts';
export { LayerNormRNNCell, type LayerNormRNNCellArgs, layerNormRNNCell } from './layer-norm-rnn-cell.ts';
// Eq. 3
export { LayerNormalization, type LayerNormalizationArgs, layerNormalization } from './layer-normalization.ts';
export { readWeights, writeWeights } from './named-weights.ts';
export { Orthogonal, type OrthogonalArgs, orthogonal } from './orthogonal.ts';
export {
  RootMeanSquareNormalization,
  type RootMeanSquareNormalizationArgs,
  rootMeanSquareNormalization,
} from './root-mean-square-normalization.ts';
export { WeightNormDense, type WeightNormDenseArgs, weightNormDense } from './weight-norm-dense.ts';
