/** The cell of `LayerNormRNN` (Eq. 4), also for `tf.layers.rnn({ cell })`. */
import * as tf from '@tensorflow/tfjs-core';
import { checkNormalisedSize } from '../../tensorflow-layers/layer-arguments.ts';
import { type RnnParameters, rnn, rnnStep } from '../recurrent/rnn.ts';
import {
  type CellParameters,
  type CellWeight,
  type DropoutMasks,
  RecurrentCell,
  type RecurrentCellArgs,
  type Sequence,
  type SequenceResult,
} from './recurrent-cell.ts';

export type LayerNormRNNCellArgs = RecurrentCellArgs;

export class LayerNormRNNCell extends RecurrentCell {
  static className = 'StepwiseLayerNormRNNCell';

  readonly stateSize: number;

  constructor(args: LayerNormRNNCellArgs) {
    super(args);
    this.stateSize = this.units;
  }

  protected override weightsFor(inputs: number): CellWeight[] {
    checkNormalisedSize(this.name, 'units', this.units);
    return [
      { name: 'inputKernel', shape: [inputs, this.units], role: 'kernel' },
      { name: 'recurrentKernel', shape: [this.units, this.units], role: 'recurrent' },
      { name: 'bias', shape: [this.units], role: 'bias' },
      { name: 'gain', shape: [this.units], role: 'gain' },
    ];
  }

  protected override step(
    x: tf.Tensor,
    states: readonly tf.Tensor[],
    parameters: CellParameters,
    dropped: DropoutMasks,
  ) {
    const hidden = states[0] as tf.Tensor2D;
    // h₋₁ is nowhere in Eq. 4 but behind W_hh.
    const seen = dropped.hidden ? tf.mul<tf.Tensor2D>(hidden, dropped.hidden) : hidden;
    const after = rnnStep(
      (dropped.inputs ? tf.mul(x, dropped.inputs) : x) as tf.Tensor2D,
      { hidden: seen },
      parameters as unknown as RnnParameters,
      { normalization: 'layer', epsilon: this.epsilon },
    );
    return [after.hidden];
  }

  protected override sequence(parameters: CellParameters, { inputs, initialStates, mask }: Sequence): SequenceResult {
    const { outputs, state } = rnn(inputs as tf.Tensor3D, parameters as unknown as RnnParameters, {
      normalization: 'layer',
      epsilon: this.epsilon,
      initialState: { hidden: initialStates[0] as tf.Tensor2D },
      ...(mask && { mask: mask as tf.Tensor2D }),
    });
    return { outputs, states: [state.hidden] };
  }
}

tf.serialization.registerClass(LayerNormRNNCell, 'Stepwise', 'LayerNormRNNCell');

/** A cell for `tf.layers.rnn`: see `LayerNormRNNCell`. */
export function layerNormRNNCell(args: LayerNormRNNCellArgs): LayerNormRNNCell {
  return new LayerNormRNNCell(args);
}
