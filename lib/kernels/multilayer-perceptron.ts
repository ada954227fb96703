/**
 * The optimizee of §3.2: a multilayer perceptron on images, softmax and cross entropy, its loss and its gradient in one
 * call. The work is done in `assembly/multilayer-perceptron.ts`; `multilayer-perceptron-reference.ts` says the same in
 * plain TensorFlow.js.
 *
 *   a₀ = pixels / 255;  aₗ = σ(aₗ₋₁ Wₗ + bₗ);  f = mean over the batch of −log softmax(aₗ₋₁ Wₗ + bₗ)[label], l the last
 */
import { KernelShapeError } from './errors.ts';
import { loadMultilayerPerceptronBinary, type MultilayerPerceptronExports } from './multilayer-perceptron-binary.ts';

export interface MultilayerPerceptronShape {
  /** Pixels of an image; a multiple of 16. */
  readonly inputs: number;
  /** Units of each hidden layer: `[20]`. */
  readonly hidden: readonly number[];
  readonly classes: number;
  readonly activation: 'sigmoid' | 'relu';
  /** Examples in a minibatch. */
  readonly batch: number;
}

export interface MultilayerPerceptron {
  /** Length of θ: per layer weights [inputs, outputs] and biases [outputs], row-major, behind one another. */
  readonly coordinates: number;
  /** The minibatch's pixels, 0..255; written by the caller. [batch, inputs] */
  readonly images: Uint8Array;
  /** The minibatch's classes, each below `classes`; written by the caller. [batch] */
  readonly labels: Uint8Array;
  /** f(θ) in nats, returned, and ∇f(θ), written to `gradient`. Both [coordinates]. */
  lossAndGradient(theta: Float32Array, gradient: Float32Array): number;
}

/** The tensors of θ in their order, with their shapes. */
export function multilayerPerceptronTensors(
  shape: Pick<MultilayerPerceptronShape, 'inputs' | 'hidden' | 'classes'>,
): Readonly<Record<string, readonly number[]>> {
  const sizes = [shape.inputs, ...shape.hidden, shape.classes];
  return Object.fromEntries(
    sizes.slice(1).flatMap((outputs, layer) => [
      [`layer-${layer + 1}/weights`, [sizes[layer]!, outputs]],
      [`layer-${layer + 1}/biases`, [outputs]],
    ]),
  );
}

/** One layer's arrays in the kernel's memory: byte offsets of rows of `width` floats. */
interface Layer {
  readonly inputs: number;
  readonly outputs: number;
  /** Outputs rounded up to a multiple of 4. */
  readonly width: number;
  readonly weights: number;
  readonly bias: number;
  /** The bias's gradient lies behind the weights'. */
  readonly weightGradient: number;
  readonly biasGradient: number;
  readonly activations: number;
  readonly delta: number;
}

/** Below it lie the constants that the compiler placed. */
const firstFreeByte = 65_536;

/**
 * Throws KernelShapeError where `inputs` is not a multiple of 16.
 *
 * @param relaxed Whether to use fused multiply-add; the results differ in the last bits.
 */
export function createMultilayerPerceptron(
  shape: MultilayerPerceptronShape,
  { relaxed }: { readonly relaxed: boolean },
): MultilayerPerceptron {
  const { inputs, hidden, classes, activation, batch } = shape;
  if (inputs % 16 !== 0) throw new KernelShapeError(`inputs must be a multiple of 16 pixels, got ${inputs}.`);

  let end = firstFreeByte;
  const allocate = (bytes: number) => {
    const offset = end;
    end = Math.ceil((end + bytes) / 16) * 16;
    return offset;
  };
  const imagesAt = allocate(batch * inputs);
  const labelsAt = allocate(batch);
  const startsAt = allocate(4 * (batch + 1));
  const pixelsAt = allocate(4 * batch * inputs);
  const valuesAt = allocate(4 * batch * inputs);
  const sizes = [inputs, ...hidden, classes];
  const layers: Layer[] = sizes.slice(1).map((outputs, index) => {
    const layerInputs = sizes[index]!;
    const width = Math.ceil(outputs / 4) * 4;
    return {
      inputs: layerInputs,
      outputs,
      width,
      weights: allocate(4 * layerInputs * width),
      bias: allocate(4 * width),
      weightGradient: allocate(4 * layerInputs * width),
      biasGradient: allocate(4 * width),
      activations: allocate(4 * batch * width),
      delta: allocate(4 * batch * width),
    };
  });

  const { kernel, buffer } = loadMultilayerPerceptronBinary(end, relaxed);
  const floats = new Float32Array(buffer);
  const first = layers[0]!;
  const last = layers.at(-1)!;
  const forward = activation === 'sigmoid' ? kernel.sigmoidForward : kernel.reluForward;
  const backward = activation === 'sigmoid' ? kernel.sigmoidBackward : kernel.reluBackward;

  return {
    coordinates: layers.reduce((sum, layer) => sum + (layer.inputs + 1) * layer.outputs, 0),
    images: new Uint8Array(buffer, imagesAt, batch * inputs),
    labels: new Uint8Array(buffer, labelsAt, batch),

    lossAndGradient(theta, gradient) {
      copyIn(floats, layers, theta);

      kernel.listNonzeroPixels(imagesAt, batch, inputs, startsAt, pixelsAt, valuesAt);
      const { weights, bias, activations, width } = first;
      kernel.sparseForward(startsAt, pixelsAt, valuesAt, batch, weights, bias, activations, width);
      for (const [index, layer] of layers.entries()) {
        const below = layers[index - 1];
        if (!below) continue;
        forward(below.activations, batch * below.width);
        kernel.denseForward(
          below.activations,
          layer.inputs,
          below.width,
          batch,
          layer.weights,
          layer.bias,
          layer.activations,
          layer.width,
        );
      }
      const loss = kernel.softmaxCrossEntropy(last.activations, labelsAt, batch, classes, last.width, last.delta);

      for (const [index, layer] of [...layers.entries()].reverse()) {
        floats.fill(0, layer.weightGradient / 4, layer.weightGradient / 4 + layer.inputs * layer.width);
        kernel.sumRows(layer.delta, batch, layer.width, layer.biasGradient);
        const below = layers[index - 1];
        if (!below) {
          kernel.sparseBackward(startsAt, pixelsAt, valuesAt, batch, layer.delta, layer.weightGradient, layer.width);
          continue;
        }
        denseBackward(kernel, below, layer, batch);
        backward(below.activations, below.delta, batch * below.width);
      }
      copyOut(floats, layers, gradient);
      return loss;
    },
  };
}

function denseBackward(kernel: MultilayerPerceptronExports, below: Layer, layer: Layer, batch: number): void {
  kernel.denseBackward(
    below.activations,
    layer.inputs,
    below.width,
    batch,
    layer.weights,
    layer.delta,
    layer.width,
    layer.weightGradient,
    below.delta,
  );
}

/** Tensor after tensor of θ into rows of `width`. The padding stays zero: nothing ever writes it. */
function copyIn(floats: Float32Array, layers: readonly Layer[], theta: Float32Array): void {
  let from = 0;
  for (const { inputs, outputs, width, weights, bias } of layers) {
    if (width === outputs) floats.set(theta.subarray(from, from + inputs * outputs), weights / 4);
    else {
      for (let row = 0; row < inputs; row++) {
        floats.set(theta.subarray(from + row * outputs, from + (row + 1) * outputs), weights / 4 + row * width);
      }
    }
    from += inputs * outputs;
    floats.set(theta.subarray(from, from + outputs), bias / 4);
    from += outputs;
  }
}

function copyOut(floats: Float32Array, layers: readonly Layer[], gradient: Float32Array): void {
  let to = 0;
  for (const { inputs, outputs, width, weightGradient, biasGradient } of layers) {
    const start = weightGradient / 4;
    if (width === outputs) gradient.set(floats.subarray(start, start + inputs * outputs), to);
    else {
      for (let row = 0; row < inputs; row++) {
        gradient.set(floats.subarray(start + row * width, start + row * width + outputs), to + row * outputs);
      }
    }
    to += inputs * outputs;
    gradient.set(floats.subarray(biasGradient / 4, biasGradient / 4 + outputs), to);
    to += outputs;
  }
}
