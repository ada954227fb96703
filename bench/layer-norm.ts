/**
 * Layer normalization, and layer-normalized recurrent layers, forward and backward, beside the same put together from
 * TensorFlow.js's operations on its WASM backend, TensorFlow.js's own layer, and PyTorch and JAX where Python has them.
 */
import * as tf from '@tensorflow/tfjs-core';
import * as tfLayers from '@tensorflow/tfjs-layers';
import { startTensorFlow } from '../functions/numeric-backend.ts';
import type { Compute } from '../lib/kernels/compute.ts';
import { layerNormGRU, layerNormLSTM } from '../lib/layer-norm/layers/index.ts';
import { layerNormalization } from '../lib/layer-norm/normalization.ts';
import { gru, initializeGru } from '../lib/layer-norm/recurrent/gru.ts';
import { initializeLstm, lstm } from '../lib/layer-norm/recurrent/lstm.ts';
import { detectWasmBackend } from '../lib/numerics/backend.ts';
import { randomStream } from '../lib/numerics/random.ts';
import { asTensors } from '../lib/training/trainer.ts';
import { type Benchmark, type BenchmarkRow, measureInTurn } from './benchmark.ts';
import { leastNanoseconds, type MachinePeaks } from './machine-peaks.ts';
import { figuresOf, measurePeersInPython, type PeerFigures } from './python-peers.ts';

/** The shapes of the paper's models: permutation-invariant MNIST, skip-thoughts, and one of every step of a minibatch. */
const shapes = [
  [128, 1000],
  [64, 2400],
  [1824, 1600],
] as const;
/** TensorFlow.js's layer takes a hundred times as long as we: it is measured where that is bearable. */
const layerShape = '128x1000';

const [batch, inputSize, units, steps] = [64, 240, 240, 100];
/** Composed layers take seconds for a hundred steps; their time a step is that of so many. */
const composedSteps = 5;

type Log = (line: string) => void;

export const layerNorm: Benchmark = {
  name: 'layer-norm',
  async run(log, { python: interpreter, peaks }): Promise<readonly BenchmarkRow[]> {
    await startTensorFlow(detectWasmBackend());
    const rows: BenchmarkRow[] = [];
    const python = await measurePeersInPython('layer_norm.py', interpreter, log);
    for (const shape of shapes) rows.push(await measureNormalization(shape, python, peaks, log));
    rows.push(await measureRecurrent('LSTM', python, peaks, log));
    rows.push(await measureRecurrent('GRU', python, peaks, log));
    rows.push(await measureModel('LSTM', log));
    rows.push(await measureModel('GRU', log));
    return rows;
  },
};

function draw(name: string, shape: number[], deviation = 1): tf.Tensor {
  const data = new Float32Array(tf.util.sizeFromShape(shape));
  randomStream(1, name).fillNormal(data, deviation);
  return tf.tensor(data, shape);
}

async function measureNormalization(
  [rows, features]: readonly [number, number],
  python: PeerFigures,
  peaks: MachinePeaks,
  log: Log,
): Promise<BenchmarkRow> {
  const name = `${rows}x${features}`;
  log(`layer normalization of ${name} …`);
  const tensors = [draw('x', [rows, features]), draw('gain', [features]), draw('bias', [features])];
  const weights = draw('weights', [rows, features]);
  const contestant = (operation: (x: tf.Tensor, gain: tf.Tensor, bias: tf.Tensor) => tf.Tensor) => {
    const gradients = tf.valueAndGrads(operation as (...given: tf.Tensor[]) => tf.Tensor);
    return () => {
      const { value, grads } = gradients(tensors, weights);
      tf.dispose([value, ...grads]);
    };
  };
  const times = await measureInTurn<'ours' | 'composed'>(
    {
      ours: contestant((x, gain, bias) => layerNormalization(x, gain, bias, 1e-5, 'kernel')),
      composed: contestant(composeNormalization),
    },
    25,
  );
  const peers: Record<string, number> = { 'tfjs-wasm, composed': times.composed };
  if (name === layerShape) {
    const layer = tfLayers.layers.layerNormalization({ epsilon: 1e-5 });
    layer.build([rows, features]);
    const loss = (x: tf.Tensor) => tf.sum(tf.mul(layer.apply(x) as tf.Tensor, weights)) as tf.Scalar;
    const run = () => {
      const { value, grads } = tf.variableGrads(() => tf.tidy(() => loss(tensors[0]!)));
      tf.dispose([value, grads]);
    };
    peers['tfjs-wasm, its layer, without ∂x'] = (await measureInTurn({ layer: run }, 3)).layer;
  }
  tf.dispose([...tensors, weights]);

  const perElement = (milliseconds: number) => (1e6 * milliseconds) / (rows * features);
  const figures = Object.fromEntries(Object.entries(peers).map(([peer, time]) => [peer, perElement(time)]));
  return {
    benchmark: 'layer-norm',
    case: `LayerNormalization, forward+backward, [${rows}, ${features}], 1 thread`,
    unit: 'ns/element',
    ours: perElement(times.ours),
    peers: { ...figures, ...figuresOf(python, name) },
    limit: rounded(perElement(times.composed) / 3),
    // x is read and y written; x and ∂y are read and ∂x is written. That is what has to move; four arrays are kept.
    physicalLimit: leastNanoseconds({ bytes: 5 * 4, workingSet: 4 * 4 * rows * features }, peaks),
    headline: true,
  };
}

/** Layer normalization as one writes it in TensorFlow.js; ours on its operations takes a second mean, for large values. */
function composeNormalization(x: tf.Tensor, gain: tf.Tensor, bias: tf.Tensor): tf.Tensor {
  const centred = tf.sub(x, tf.mean(x, -1, true));
  const variance = tf.mean(tf.square(centred), -1, true);
  return tf.add(tf.mul(tf.mul(centred, tf.rsqrt(tf.add(variance, 1e-5))), gain), bias);
}

async function measureRecurrent(
  cell: 'LSTM' | 'GRU',
  python: PeerFigures,
  peaks: MachinePeaks,
  log: Log,
): Promise<BenchmarkRow> {
  log(`${cell} of ${steps} steps …`);
  const initialize = cell === 'LSTM' ? initializeLstm : initializeGru;
  const layer = (cell === 'LSTM' ? lstm : gru) as typeof lstm;
  const disposables: tf.Tensor[] = [];
  const contestant = (normalization: 'layer' | 'none', compute: Compute, length: number) => {
    const parameters = asTensors(initialize(randomStream(1), { inputs: inputSize, units, normalization }));
    const tensors = { inputs: draw('inputs', [length, batch, inputSize]), ...parameters };
    disposables.push(...Object.values(tensors));
    const names = Object.keys(tensors);
    const gradients = tf.grads((...given) => {
      const { inputs, ...rest } = Object.fromEntries(names.map((name, index) => [name, given[index]!]));
      const { outputs } = layer(inputs as tf.Tensor3D, rest as never, { normalization, compute });
      return tf.sum(outputs) as tf.Scalar;
    });
    return () => tf.dispose(gradients(Object.values(tensors)));
  };
  const times = await measureInTurn<'ours' | 'plain' | 'composed'>(
    {
      ours: contestant('layer', 'kernel', steps),
      plain: contestant('none', 'kernel', steps),
      composed: contestant('layer', 'tensors', composedSteps),
    },
    7,
  );
  tf.dispose(disposables);
  const [ours, plain, composed] = [times.ours / steps, times.plain / steps, times.composed / composedSteps];
  log(`${cell}: ${(ours / plain).toFixed(3)} times our plain layer`);
  const name = cell.toLowerCase();
  return {
    benchmark: 'layer-norm',
    case: `LayerNorm${cell}, forward+backward, batch ${batch}, ${inputSize} inputs, ${units} units, ${steps} steps, 1 thread`,
    unit: 'ms/step',
    ours,
    peers: {
      [`our plain ${cell}`]: plain,
      [`tfjs-wasm, composed, ${composedSteps} steps`]: composed,
      ...figuresOf(python, `layer-normalized ${name}`),
    },
    limit: rounded(Math.min(1.25 * plain, composed / 2)),
    // The gates' products, forward and twice backward.
    physicalLimit:
      leastNanoseconds({ operations: 3 * 2 * batch * (inputSize + units) * (cell === 'LSTM' ? 4 : 3) * units }, peaks) /
      1e6,
    headline: true,
  };
}

function rounded(value: number): number {
  return Number(value.toPrecision(3));
}

/** What a user of tf.layers waits for: an update of a model with one recurrent layer, before and after the swap of it. */
async function measureModel(cell: 'LSTM' | 'GRU', log: Log): Promise<BenchmarkRow> {
  log(`a model with one ${cell} …`);
  const sizes = { batch: 64, steps: 50, inputs: 64, units: 128 };
  const settings = {
    units: sizes.units,
    inputShape: [sizes.steps, sizes.inputs],
    // TensorFlow.js's own orthogonal one needs more than its core and its layers.
    recurrentInitializer: 'glorotUniform' as const,
  };
  const [x, y] = [draw('sequences', [sizes.batch, sizes.steps, sizes.inputs]), tf.zeros([sizes.batch, 1])];
  const { layers, sequential } = tfLayers;
  const updates = (recurrent: tfLayers.RNN) => {
    const model = sequential({ layers: [recurrent, layers.dense({ units: 1 })] });
    model.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
    return async () => {
      await model.trainOnBatch(x, y);
    };
  };
  const isLstm = cell === 'LSTM';
  const times = await measureInTurn(
    {
      ours: updates(isLstm ? layerNormLSTM(settings) : layerNormGRU(settings)),
      theirs: updates(isLstm ? layers.lstm(settings) : layers.gru(settings)),
    },
    7,
  );
  tf.dispose([x, y]);
  return {
    benchmark: 'layer-norm',
    case: `update of a model, layerNorm${cell}, batch 64, 64 inputs, 128 units, 50 steps, 1 thread`,
    unit: 'ms',
    ours: times.ours,
    peers: { [`tf.layers.${cell.toLowerCase()}, tfjs-wasm`]: times.theirs },
    limit: rounded(times.theirs / 2),
    headline: true,
  };
}
