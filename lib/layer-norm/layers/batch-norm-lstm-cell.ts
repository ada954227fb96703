/** What `BatchNormLSTM` computes with: weights, running statistics, sequences. It is not for `tf.layers.rnn`. */
import * as tf from '@tensorflow/tfjs-core';
import { initializers, type LayerVariable, type Shape } from '@tensorflow/tfjs-layers';
import { InvalidLayerSetting } from '../../tensorflow-layers/errors.ts';
import { checkPositiveInteger, checkRate } from '../../tensorflow-layers/layer-arguments.ts';
import { batchNormLstm } from '../recurrent/batch-norm-lstm.ts';
import { type RunningStatistics, statisticsNames, updateRunningStatistics } from '../recurrent/batch-statistics.ts';
import { lstmGates } from '../recurrent/gates.ts';
import type { LstmParameters, LstmState } from '../recurrent/lstm.ts';
import { type LayerNormLSTMCellArgs, lstmWeights } from './layer-norm-lstm-cell.ts';
import {
  type CellParameters,
  inSnakeCase,
  RecurrentCell,
  type Sequence,
  type SequenceResult,
} from './recurrent-cell.ts';

export interface BatchNormLSTMCellArgs extends LayerNormLSTMCellArgs {
  /** How many steps have statistics of their own; the steps beyond have those of the last of them. */
  readonly maxSteps: number;
  /** How much the running statistics keep at each minibatch, once there have been many; 0.9 by default. */
  readonly momentum?: number;
}

const runningNames = [...statisticsNames, 'minibatches'] as const;

export class BatchNormLSTMCell extends RecurrentCell {
  static className = 'StepwiseBatchNormLSTMCell';

  readonly unitForgetBias: boolean;
  readonly maxSteps: number;
  readonly momentum: number;
  readonly stateSize: number[];
  readonly #running = new Map<string, LayerVariable>();

  constructor(args: BatchNormLSTMCellArgs) {
    super(args, 0.1);
    this.unitForgetBias = args.unitForgetBias ?? true;
    this.maxSteps = checkPositiveInteger(this.name, 'maxSteps', args.maxSteps);
    this.momentum = checkRate(this.name, 'momentum', args.momentum ?? 0.9);
    this.stateSize = [this.units, this.units];
    if (this.recurrentDropout > 0) {
      throw new InvalidLayerSetting(
        this.name,
        `recurrentDropout must be 0, got ${this.recurrentDropout}: what it drops would change the statistics that the layer has after training.`,
      );
    }
  }

  protected override weightsFor(inputs: number) {
    return lstmWeights(inputs, this.units, this.unitForgetBias);
  }

  override build(inputShape: Shape | Shape[]): void {
    super.build(inputShape);
    for (const name of runningNames) {
      const width = name === 'minibatches' ? 1 : name.startsWith('cell') ? this.units : lstmGates.length * this.units;
      const initializer = name.endsWith('Variance') ? initializers.ones() : initializers.zeros();
      const shape = [this.maxSteps, width];
      const weightName = `running_${inSnakeCase(name)}`;
      this.#running.set(name, this.addWeight(weightName, shape, 'float32', initializer, undefined, false));
    }
  }

  protected override step(): tf.Tensor[] {
    throw new InvalidLayerSetting(
      this.name,
      'recurrent batch normalisation must know which step it is at, and a cell in tf.layers.rnn does not. Use batchNormLSTM.',
    );
  }

  protected override sequence(parameters: CellParameters, sequence: Sequence): SequenceResult {
    const { inputs, initialStates, mask, training } = sequence;
    const [hidden, cell] = initialStates as [tf.Tensor2D, tf.Tensor2D];
    const initialState: LstmState = { hidden, cell };
    const entries = runningNames.map((name) => [name, this.#running.get(name)!.read()]);
    const statistics: RunningStatistics = Object.fromEntries(entries);
    const { outputs, state, minibatchStatistics } = batchNormLstm(
      inputs as tf.Tensor3D,
      parameters as unknown as LstmParameters,
      { training, statistics, initialState, epsilon: this.epsilon, ...(mask && { mask: mask as tf.Tensor2D }) },
    );
    if (minibatchStatistics) {
      const updated = updateRunningStatistics(statistics, minibatchStatistics, this.momentum);
      for (const name of runningNames) this.#running.get(name)!.write(updated[name]);
    }
    return { outputs, states: [state.hidden, state.cell] };
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { unitForgetBias, maxSteps, momentum } = this;
    return { ...super.getConfig(), unitForgetBias, maxSteps, momentum };
  }
}

tf.serialization.registerClass(BatchNormLSTMCell, 'Stepwise', 'BatchNormLSTMCell');
