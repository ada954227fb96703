/** The names of what `recurrent-dynamics` measures. */
import type { StreamNormalization } from '../models/stream-classifier.ts';
import type { RecurrentNormalization } from '../recurrent/recurrent-options.ts';

export const dynamicsCells = ['rnn', 'lstm', 'gru'] as const;
export type DynamicsCell = (typeof dynamicsCells)[number];
export const cellLabels: Readonly<Record<DynamicsCell, string>> = { rnn: 'RNN', lstm: 'LSTM', gru: 'GRU' };

/** The recurrent weights alone, or all incoming weights: then all summed inputs are re-scaled, as §3.1 has it. */
export type ScaledWeights = 'recurrent' | 'all';

/** `rnn` or `layer-norm-rnn` */
export function cellSubject(cell: DynamicsCell, normalization: RecurrentNormalization): string {
  return normalization === 'layer' ? `layer-norm-${cell}` : cell;
}

export const classifierNames = ['layer', 'none', 'batch'] as const satisfies readonly StreamNormalization[];

/** As it is tested: recurrent batch norm by its running statistics, the last step's beyond training; or by the test minibatch. */
export const testedNames = ['layer', 'none', 'batch', 'batch-own'] as const;
export type TestedName = (typeof testedNames)[number];
export const testedLabels: Readonly<Record<TestedName, string>> = {
  layer: 'layer norm',
  none: 'plain',
  batch: 'recurrent batch norm',
  'batch-own': 'recurrent batch norm, statistics of the test minibatch',
};

const weights = { recurrent: 'recurrent weights', all: 'all weights' } as const;

export const dynamicsMetrics = {
  /** Steps are time steps */
  summedInputs: (scaled: ScaledWeights, scale: number) => `rms of summed inputs, ${weights[scaled]} × ${scale}`,
  gradient: (scaled: ScaledWeights, scale: number) => `norm of the gradient, ${weights[scaled]} × ${scale}`,
  /** Natural logarithms of a factor a step */
  summedGrowth: (scaled: ScaledWeights, scale: number) =>
    `log growth of summed inputs a step, ${weights[scaled]} × ${scale}`,
  gradientGrowth: (scaled: ScaledWeights, scale: number) =>
    `log growth of the gradient a step, ${weights[scaled]} × ${scale}`,
  /** Steps are time steps: the digits that ended in the window up to there */
  accuracy: (pause: number) => `accuracy, ${pauseLabel(pause)}`,
  loss: (pause: number) => `negative log likelihood, ${pauseLabel(pause)}`,
  hidden: (pause: number) => `rms of hidden states, ${pauseLabel(pause)}`,
  /** Steps are updates */
  curve: (batch: number, pause: number) => `validation loss, batch size ${batch}, ${pauseLabel(pause)}`,
  curveAccuracy: (batch: number, pause: number) => `validation accuracy, batch size ${batch}, ${pauseLabel(pause)}`,
  online: (batch: number) => `test accuracy, batch size ${batch}`,
  updateSeconds: (batch: number) => `seconds per update, batch size ${batch}`,
  standIn: 'stand-in for MNIST',
} as const;

export function pauseLabel(pause: number): string {
  return pause === 0 ? 'no pauses' : `pauses of 0 to ${pause} steps`;
}
