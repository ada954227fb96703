/** The cell of `LayerNormGRU` (Eqs 26–28), also for `tf.layers.rnn({ cell })`. */
import * as tf from '@tensorflow/tfjs-core';
import { checkNormalisedSize } from '../../tensorflow-layers/layer-arguments.ts';
import { gruGates } from '../recurrent/gates.ts';
import { type GruParameters, gru, gruStepSeeing } from '../recurrent/gru.ts';
import {
  type CellParameters,
  type CellWeight,
  type DropoutMasks,
  RecurrentCell,
  type RecurrentCellArgs,
  type Sequence,
  type SequenceResult,
} from './recurrent-cell.ts';

export type LayerNormGRUCellArgs = RecurrentCellArgs;

export class LayerNormGRUCell extends RecurrentCell {
  static className = 'StepwiseLayerNormGRUCell';

  readonly stateSize: number;

  constructor(args: LayerNormGRUCellArgs) {
    super(args);
    this.stateSize = this.units;
  }

  protected override weightsFor(inputs: number): CellWeight[] {
    checkNormalisedSize(this.name, 'units', this.units);
    const width = gruGates.length * this.units;
    return [
      { name: 'inputKernel', shape: [inputs, width], role: 'kernel' },
      { name: 'recurrentKernel', shape: [this.units, width], role: 'recurrent' },
      { name: 'bias', shape: [width], role: 'bias' },
      { name: 'candidateRecurrentBias', shape: [this.units], role: 'bias' },
      { name: 'inputGain', shape: [width], role: 'gain' },
      { name: 'recurrentGain', shape: [width], role: 'gain' },
    ];
  }

  protected override step(
    x: tf.Tensor,
    states: readonly tf.Tensor[],
    parameters: CellParameters,
    dropped: DropoutMasks,
  ) {
    const hidden = states[0] as tf.Tensor2D;
    const seen = dropped.hidden ? tf.mul<tf.Tensor2D>(hidden, dropped.hidden) : hidden;
    const after = gruStepSeeing(
      seen,
      (dropped.inputs ? tf.mul(x, dropped.inputs) : x) as tf.Tensor2D,
      { hidden },
      parameters as unknown as GruParameters,
      { normalization: 'layer', epsilon: this.epsilon },
    );
    return [after.hidden];
  }

  protected override sequence(parameters: CellParameters, { inputs, initialStates, mask }: Sequence): SequenceResult {
    const { outputs, state } = gru(inputs as tf.Tensor3D, parameters as unknown as GruParameters, {
      normalization: 'layer',
      epsilon: this.epsilon,
      initialState: { hidden: initialStates[0] as tf.Tensor2D },
      ...(mask && { mask: mask as tf.Tensor2D }),
    });
    return { outputs, states: [state.hidden] };
  }
}

tf.serialization.registerClass(LayerNormGRUCell, 'Stepwise', 'LayerNormGRUCell');

/** A cell for `tf.layers.rnn`: see `LayerNormGRUCell`. */
export function layerNormGRUCell(args: LayerNormGRUCellArgs): LayerNormGRUCell {
  return new LayerNormGRUCell(args);
}
