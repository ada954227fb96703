/** The cell of `LayerNormLSTM` (Eqs 20–22), also for `tf.layers.rnn({ cell })`. */
import * as tf from '@tensorflow/tfjs-core';
import { checkNormalisedSize } from '../../tensorflow-layers/layer-arguments.ts';
import type { WeightSettings } from '../../tensorflow-layers/weight-settings.ts';
import { gateColumns, lstmGates } from '../recurrent/gates.ts';
import { type LstmParameters, type LstmState, lstm, lstmStep } from '../recurrent/lstm.ts';
import {
  type CellParameters,
  type CellWeight,
  type DropoutMasks,
  RecurrentCell,
  type RecurrentCellArgs,
  type Sequence,
  type SequenceResult,
} from './recurrent-cell.ts';

export interface LayerNormLSTMCellArgs extends RecurrentCellArgs {
  /** Whether the forget gate's bias begins at 1, so that the cell remembers at first; true by default, as in Keras. */
  readonly unitForgetBias?: boolean;
}

export class LayerNormLSTMCell extends RecurrentCell {
  static className = 'StepwiseLayerNormLSTMCell';

  readonly unitForgetBias: boolean;
  readonly stateSize: number[];

  constructor(args: LayerNormLSTMCellArgs) {
    super(args);
    this.unitForgetBias = args.unitForgetBias ?? true;
    this.stateSize = [this.units, this.units];
  }

  protected override weightsFor(inputs: number): CellWeight[] {
    checkNormalisedSize(this.name, 'units', this.units);
    return lstmWeights(inputs, this.units, this.unitForgetBias);
  }

  protected override step(
    x: tf.Tensor,
    states: readonly tf.Tensor[],
    parameters: CellParameters,
    dropped: DropoutMasks,
  ) {
    const [hidden, cell] = states as [tf.Tensor2D, tf.Tensor2D];
    // h₋₁ is nowhere in Eqs 20–22 but behind W_h.
    const seen = dropped.hidden ? tf.mul<tf.Tensor2D>(hidden, dropped.hidden) : hidden;
    const after = lstmStep(
      (dropped.inputs ? tf.mul(x, dropped.inputs) : x) as tf.Tensor2D,
      { hidden: seen, cell },
      parameters as unknown as LstmParameters,
      { normalization: 'layer', epsilon: this.epsilon },
    );
    return [after.hidden, after.cell];
  }

  protected override sequence(parameters: CellParameters, { inputs, initialStates, mask }: Sequence): SequenceResult {
    const [hidden, cell] = initialStates as [tf.Tensor2D, tf.Tensor2D];
    const initialState: LstmState = { hidden, cell };
    const { outputs, state } = lstm(inputs as tf.Tensor3D, parameters as unknown as LstmParameters, {
      normalization: 'layer',
      epsilon: this.epsilon,
      initialState,
      ...(mask && { mask: mask as tf.Tensor2D }),
    });
    return { outputs, states: [state.hidden, state.cell] };
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), unitForgetBias: this.unitForgetBias };
  }
}

/** The weights of a normalised LSTM, whatever normalises it. */
export function lstmWeights(inputs: number, units: number, unitForgetBias: boolean): CellWeight[] {
  const width = lstmGates.length * units;
  return [
    { name: 'inputKernel', shape: [inputs, width], role: 'kernel' },
    { name: 'recurrentKernel', shape: [units, width], role: 'recurrent' },
    {
      name: 'bias',
      shape: [width],
      role: 'bias',
      ...(unitForgetBias && { initialize: (bias: WeightSettings) => rememberingBias(bias, units) }),
    },
    { name: 'inputGain', shape: [width], role: 'gain' },
    { name: 'recurrentGain', shape: [width], role: 'gain' },
    { name: 'cellGain', shape: [units], role: 'gain' },
    { name: 'cellBias', shape: [units], role: 'bias' },
  ];
}

/** The bias as its initializer has it, but 1 for the forget gate. */
function rememberingBias({ initializer }: WeightSettings, units: number): tf.Tensor {
  return tf.tidy(() => {
    const width = lstmGates.length * units;
    const [begin, end] = gateColumns(lstmGates, 'forget', units);
    const initial = initializer.apply([width]);
    return tf.concat([tf.slice(initial, [0], [begin]), tf.ones([units]), tf.slice(initial, [end], [width - end])]);
  });
}

tf.serialization.registerClass(LayerNormLSTMCell, 'Stepwise', 'LayerNormLSTMCell');

/** A cell for `tf.layers.rnn`: see `LayerNormLSTMCell`. */
export function layerNormLSTMCell(args: LayerNormLSTMCellArgs): LayerNormLSTMCell {
  return new LayerNormLSTMCell(args);
}
