/**
 * Layer Normalization (Ba, Kiros & Hinton 2016, arXiv 1607.06450), in the order of the paper: operations on
 * TensorFlow.js. The layers that are made of them are in `layers/`, the models of its tasks in `models/`.
 */

export type { Compute } from '../kernels/compute.ts';
export { embed } from './embed.ts';
export * from './errors.ts';
// Eq. 3
export { defaultEpsilon, layerNormalization, rootMeanSquareNormalization } from './normalization.ts';
// The baseline of §6.2
export {
  type BatchNormLstmOptions,
  type BatchNormLstmResult,
  batchNormLstm,
} from './recurrent/batch-norm-lstm.ts';
export {
  type BatchStatistics,
  initializeRunningStatistics,
  type MinibatchStatistics,
  type RunningStatistics,
  updateRunningStatistics,
} from './recurrent/batch-statistics.ts';
// Eqs 26–28
export { type GruGate, gateColumns, gruGates, type LstmGate, lstmGates } from './recurrent/gates.ts';
export { type GruParameters, type GruState, gru, gruStep, initializeGru } from './recurrent/gru.ts';
// Eqs 20–22
export { initializeLstm, type LstmParameters, type LstmState, lstm, lstmStep } from './recurrent/lstm.ts';
export type { RecurrentNormalization, RecurrentOptions, SequenceOptions } from './recurrent/recurrent-options.ts';
// Eq. 4
export { initializeRnn, type RnnParameters, type RnnState, rnn, rnnStep } from './recurrent/rnn.ts';
