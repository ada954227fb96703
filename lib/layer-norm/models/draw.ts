/**
 * DRAW (Gregor et al. 2015), the network of §6.4: an encoder looks at an image through an attention window for as many
 * glimpses as a decoder writes onto a canvas; the latents between them are normal. Its variational bound, the bound's
 * gradient with the noise held fixed (reparametrised), and samples.
 *
 *   x̂ = x − σ(c₋₁);  r = read(x, x̂, hᵈ₋₁);  hᵉ = LSTM([r, hᵈ₋₁], hᵉ₋₁);  (μ, log s) = hᵉ W + b
 *   z = μ + s ⊙ ε;  hᵈ = LSTM(z, hᵈ₋₁);  c = c₋₁ + write(hᵈ)
 *   bound = −log p(x | σ(c_T)) + Σ_t ½ Σ (μ² + s² − 2 log s − 1)       in nats, pixels Bernoulli
 *
 * Canvas and states start at zero. Layer normalization, where there is any, is on the cells before the output's tanh.
 */
import { type AdamSettings, createDenseArithmetic } from '../../kernels/dense-arithmetic.ts';
import type { FloatArray } from '../../kernels/lstm-arithmetic.ts';
import type { NumericBackend } from '../../numerics/backend.ts';
import type { RandomStream } from '../../numerics/random.ts';
import { createCellNormalisedLstm, type LstmParameters, lstmArrayLengths } from './cell-normalised-lstm.ts';
import { addColumns, copyColumns, copyColumnsOut } from './columns.ts';
import { windowParameters } from './draw-attention.ts';
import { createLinearLayer, linearArrayLengths } from './draw-linear.ts';
import { type DrawSettings, inputSizes, layoutOf, patchesRead } from './draw-parameters.ts';
import { createReader, createWriter, type WindowLayer, windowArrayLengths } from './draw-windows.ts';
import type { PackedLayout } from './packed-parameters.ts';

/** The bound's two terms, in nats an image, means over the minibatch. */
export interface Bound {
  /** −log p(x | z) */
  readonly reconstruction: number;
  /** Σ_t KL(q(z_t | …) ‖ p(z_t)) */
  readonly divergence: number;
}

export interface Draw {
  readonly layout: PackedLayout<string>;
  readonly parameters: FloatArray;
  readonly gradient: FloatArray;
  readonly firstMoment: FloatArray;
  readonly secondMoment: FloatArray;
  /** Written by the caller: pixels 0 or 1. [rows, side²] */
  readonly images: FloatArray;
  /** ε, standard normal, written by the caller. [glimpses, rows, latents] */
  readonly noise: FloatArray;
  /** Weights from N(0, `deviation`²), biases 0, gains 1. */
  initialize(random: RandomStream, deviation: number): void;
  bound(): Bound;
  /** The same, and the gradient of the terms' sum. */
  boundAndGradient(): Bound;
  update(adam: AdamSettings, update: number): void;
  /** Images from the prior, z being the noise: the pixels' probabilities after each glimpse. [glimpses][rows, side²] */
  sample(): readonly Float32Array[];
}

/** @param rows the images of a minibatch */
export function createDraw(settings: DrawSettings, rows: number, backend: NumericBackend | 'float64'): Draw {
  const { side, readPoints, writePoints, latents, glimpses, units, epsilon } = settings;
  const layout = layoutOf(settings);
  const [encoderInputs, decoderInputs] = inputSizes(settings);
  const pixels = side ** 2;
  const encoderSize = { rows, steps: glimpses, inputs: encoderInputs, units };
  const decoderSize = { rows, steps: glimpses, inputs: decoderInputs, units };
  const latentSize = { rows, steps: glimpses, inputs: units, outputs: 2 * latents };
  const readWindow = { rows, steps: glimpses, side, units, points: readPoints, outputs: windowParameters };
  const writeOutputs = windowParameters + writePoints ** 2;
  const writeWindow = { rows, steps: glimpses, side, units, points: writePoints, outputs: writeOutputs };
  const arithmetic = createDenseArithmetic<string>(
    {
      parameters: layout.length,
      gradient: layout.length,
      firstMoment: layout.length,
      secondMoment: layout.length,
      images: rows * pixels,
      canvas: rows * pixels,
      ...lstmArrayLengths('encoder', encoderSize),
      ...lstmArrayLengths('decoder', decoderSize),
      ...linearArrayLengths('latents', latentSize),
      ...windowArrayLengths('read', readWindow),
      ...windowArrayLengths('write', writeWindow),
      errorImages: glimpses * rows * pixels,
      encoderHidden: (glimpses + 1) * rows * units,
      decoderHidden: (glimpses + 1) * rows * units,
    },
    backend,
  );
  const { arrays } = arithmetic;
  const { parameters, gradient, firstMoment, secondMoment, images, canvas } = arrays as Record<string, FloatArray> & {
    readonly [name in 'parameters' | 'gradient' | 'firstMoment' | 'secondMoment' | 'images' | 'canvas']: FloatArray;
  };
  const part = (array: FloatArray, name: string) => {
    const place = layout.tensors[name];
    return place && array.subarray(place.from, place.to);
  };
  const lstmPart = (array: FloatArray, name: string): LstmParameters => ({
    kernel: part(array, `${name}/kernel`)!,
    bias: part(array, `${name}/bias`)!,
    gain: part(array, `${name}/cell-gain`),
    shift: part(array, `${name}/cell-shift`),
  });
  const linearPart = (array: FloatArray, name: string) => ({
    kernel: part(array, `${name}/kernel`)!,
    bias: part(array, `${name}/bias`)!,
  });
  const createLstm = (name: string, size: typeof encoderSize) =>
    createCellNormalisedLstm(arithmetic, name, size, lstmPart(parameters, name), lstmPart(gradient, name), epsilon);
  const [encoder, decoder] = [createLstm('encoder', encoderSize), createLstm('decoder', decoderSize)];
  const linearOf = (name: string) => [linearPart(parameters, name), linearPart(gradient, name)] as const;
  const toLatents = createLinearLayer(arithmetic, 'latents', latentSize, ...linearOf('latents'));
  const windowLayer = (name: string): WindowLayer => ({ arithmetic, prefix: name, parameters: linearOf(name) });
  const reader = createReader(windowLayer('read'), readWindow);
  const writer = createWriter(windowLayer('write'), writeWindow);
  const stepsOf = (array: FloatArray, size: number) =>
    Array.from({ length: array.length / size }, (_, step) => array.subarray(step * size, (step + 1) * size));
  const errorImages = stepsOf(arrays.errorImages!, rows * pixels);
  const encoderHidden = stepsOf(arrays.encoderHidden!, rows * units);
  const decoderHidden = stepsOf(arrays.decoderHidden!, rows * units);
  const Floats = backend === 'float64' ? Float64Array : Float32Array;
  const noise = new Floats(glimpses * rows * latents);
  const canvasGradient = new Floats(rows * pixels);
  const imageGradient = new Floats(rows * pixels);
  const [encoderGradient, decoderGradient] = [new Floats(rows * units), new Floats(rows * units)];
  const latentGradient = arrays['latents.outputGradient']!;
  const readValues = patchesRead * readPoints ** 2;

  function decode(step: number): void {
    const input = decoder.input(step);
    copyColumns(decoderHidden[step]!, input, { rows, width: units, stride: decoderInputs, at: latents });
    decoder.forward(step, decoderHidden[step + 1]!);
    writer.forward(step, decoderHidden[step + 1]!, canvas);
  }

  function forward(): Bound {
    canvas.fill(0);
    let divergence = 0;
    for (let step = 0; step < glimpses; step++) {
      const error = errorImages[step]!;
      error.set(canvas);
      arithmetic.applySigmoid({ values: error, rows, columns: pixels });
      for (let k = 0; k < error.length; k++) error[k] = images[k]! - error[k]!;
      const input = encoder.input(step);
      reader.forward(step, decoderHidden[step]!, [images, error], input, encoderInputs);
      copyColumns(decoderHidden[step]!, input, { rows, width: units, stride: encoderInputs, at: readValues });
      copyColumns(encoderHidden[step]!, input, { rows, width: units, stride: encoderInputs, at: readValues + units });
      encoder.forward(step, encoderHidden[step + 1]!);

      const q = toLatents.forward(step, encoderHidden[step + 1]!);
      const z = decoder.input(step);
      for (let row = 0; row < rows; row++) {
        for (let k = 0; k < latents; k++) {
          const mean = q[row * 2 * latents + k]!;
          const logDeviation = q[row * 2 * latents + latents + k]!;
          const deviation = Math.exp(logDeviation);
          z[row * decoderInputs + k] = mean + deviation * noise[(step * rows + row) * latents + k]!;
          divergence += 0.5 * (mean ** 2 + deviation ** 2 - 2 * logDeviation - 1);
        }
      }
      decode(step);
    }
    let reconstruction = 0;
    for (let k = 0; k < canvas.length; k++) {
      const c = canvas[k]!;
      // −log of a Bernoulli's probability whose logit is c: softplus(c) − x c.
      reconstruction += Math.max(c, 0) + Math.log1p(Math.exp(-Math.abs(c))) - images[k]! * c;
    }
    return { reconstruction: reconstruction / rows, divergence: divergence / rows };
  }

  function backward(): void {
    gradient.fill(0);
    for (const part of [encoder, decoder, toLatents, reader, writer]) part.beginBackward();
    encoderGradient.fill(0);
    decoderGradient.fill(0);
    for (let k = 0; k < canvas.length; k++) {
      canvasGradient[k] = (1 / (1 + Math.exp(-canvas[k]!)) - images[k]!) / rows;
    }
    for (let step = glimpses - 1; step >= 0; step--) {
      addTo(decoderGradient, writer.backward(step, decoderHidden[step + 1]!, canvasGradient));
      const inputOfDecoder = decoder.backward(step, decoderGradient);
      copyColumnsOut(inputOfDecoder, decoderGradient, { rows, width: units, stride: decoderInputs, at: latents });

      const q = toLatents.output(step);
      for (let row = 0; row < rows; row++) {
        for (let k = 0; k < latents; k++) {
          const at = row * 2 * latents + k;
          const deviation = Math.exp(q[at + latents]!);
          const dz = inputOfDecoder[row * decoderInputs + k]!;
          latentGradient[at] = dz + q[at]! / rows;
          const ofNoise = dz * noise[(step * rows + row) * latents + k]! * deviation;
          latentGradient[at + latents] = ofNoise + (deviation ** 2 - 1) / rows;
        }
      }
      addTo(encoderGradient, toLatents.backward(encoderHidden[step + 1]!));
      const inputOfEncoder = encoder.backward(step, encoderGradient);
      const hidden = { rows, width: units, stride: encoderInputs };
      copyColumnsOut(inputOfEncoder, encoderGradient, { ...hidden, at: readValues + units });
      addColumns(inputOfEncoder, decoderGradient, { ...hidden, at: readValues });

      const error = errorImages[step]!;
      imageGradient.fill(0);
      const ofReader = reader.backward(
        step,
        decoderHidden[step]!,
        [images, error],
        encoder.input(step),
        inputOfEncoder,
        encoderInputs,
        imageGradient,
      );
      addTo(decoderGradient, ofReader);
      for (let k = 0; k < canvas.length; k++) {
        const probability = images[k]! - error[k]!;
        canvasGradient[k]! -= imageGradient[k]! * probability * (1 - probability);
      }
    }
  }

  return {
    layout,
    parameters,
    gradient,
    firstMoment,
    secondMoment,
    images,
    noise,

    initialize(random, deviation) {
      parameters.fill(0);
      for (const [name, { from, rows: inputs, columns, width }] of Object.entries(layout.tensors)) {
        for (let row = 0; row < inputs; row++) {
          for (let k = 0; k < columns; k++) {
            if (name.endsWith('/kernel')) parameters[from + row * width + k] = deviation * random.normal();
            if (name.endsWith('/cell-gain')) parameters[from + k] = 1;
          }
        }
      }
    },

    bound: forward,
    boundAndGradient() {
      const bound = forward();
      backward();
      return bound;
    },
    update: (adam, update) => arithmetic.updateAdam({ parameters, gradient, firstMoment, secondMoment }, adam, update),

    sample() {
      canvas.fill(0);
      return Array.from({ length: glimpses }, (_, step) => {
        const z = noise.subarray(step * rows * latents, (step + 1) * rows * latents);
        copyColumns(z, decoder.input(step), { rows, width: latents, stride: decoderInputs, at: 0 });
        decode(step);
        return Float32Array.from(canvas, (c) => 1 / (1 + Math.exp(-c)));
      });
    },
  };
}

function addTo(target: FloatArray, values: FloatArray): void {
  for (let k = 0; k < target.length; k++) target[k]! += values[k]!;
}
