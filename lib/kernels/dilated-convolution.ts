/**
 * Convolution of tensors with stride, dilation ("atrous"), bias and rectifier, and its gradients, on the SIMD kernel of
 * assembly/dilated-convolution.ts. TensorFlow.js's WebAssembly backend convolves with either forwards only.
 *
 *   y[n, p, q, o] = b[o] + Σ over r, c, i of x[n, s·p + d·(r − m), s·q + d·(c − m), i] · f[r, c, i, o],   m = (kernelSize − 1)/2
 *
 * with zeros outside the image. Output p lies over input s·p, whatever the image's size, as Caffe has it: an image of n
 * rows has ⌈n/s⌉ rows of outputs. ("same" of TensorFlow shifts them by a pixel where n is even.)
 */
import * as tf from '@tensorflow/tfjs-core';
import { KernelShapeError } from './errors.ts';
import type { KernelOptions } from './kernel-instance.ts';
import { refuseSecondOrder, type TensorMemory, withTensors } from './tensor-memory.ts';

export interface DilatedConvolutionSettings {
  /** 1 where absent. */
  readonly stride?: number;
  /** Pixels from one place of the kernel to the next; 1 where absent. */
  readonly dilation?: number;
  /** y ← max(0, y). */
  readonly rectify?: boolean;
  /** The input is data, as an image's pixels: its gradient, which nobody asks for, is not computed. */
  readonly isInputConstant?: boolean;
}

/** The fields of `DilatedConvolutionJob` in assembly/dilated-convolution.ts: first these, then the geometry's, 4 bytes each. */
const addressFields = ['input', 'output', 'packed', 'bias', 'spare', 'sums'] as const;
const geometryFields = [
  'images',
  'inputHeight',
  'inputWidth',
  'inputChannels',
  'outputHeight',
  'outputWidth',
  'outputChannels',
  'kernelSize',
  'stride',
  'dilation',
  'rectify',
] as const;
type Addresses = Readonly<Partial<Record<(typeof addressFields)[number], number>>>;
type Geometry = Readonly<Record<(typeof geometryFields)[number], number>>;

interface Exports {
  packFilter(filter: number, kernelSize: number, inputs: number, outputs: number, packed: number): void;
  packTurnedFilter(filter: number, kernelSize: number, inputs: number, outputs: number, packed: number): void;
  forward(job: number): void;
  inputGradient(job: number): void;
  filterGradient(job: number, target: number): void;
  maskGradient(output: number, gradient: number, count: number, masked: number): void;
  sumPixels(values: number, pixels: number, channels: number, sums: number, doubles: number): void;
}

const binaries = {
  'wasm-relaxed': new URL('./build/dilated-convolution.relaxed.wasm', import.meta.url),
  'wasm-plain': new URL('./build/dilated-convolution.plain.wasm', import.meta.url),
};

/**
 * Differentiable once. Throws KernelShapeError for tensors that do not match, KernelBackendError where the kernel cannot run.
 *
 * @param input float32 [images, height, width, input channels]
 * @param filter float32 [kernelSize, kernelSize, input channels, output channels], kernelSize odd
 * @param bias float32 [output channels]
 * @returns [images, ⌈height/stride⌉, ⌈width/stride⌉, output channels]
 */
export function convolveDilated(
  input: tf.Tensor4D,
  filter: tf.Tensor4D,
  bias: tf.Tensor1D,
  settings: DilatedConvolutionSettings = {},
  options: KernelOptions = {},
): tf.Tensor4D {
  const geometry = geometryOf(input, filter, bias, settings);
  const { images, outputHeight, outputWidth, outputChannels } = geometry;
  const outputShape = [images, outputHeight, outputWidth, outputChannels];
  const run = <Result>(compute: (kernel: Exports, memory: TensorMemory) => Result) =>
    withTensors<Exports, Result>(binaries, options, compute);

  const operation = (isInputConstant: boolean) =>
    tf.customGrad((...given) => {
      const save = given.pop() as unknown as tf.GradSaveFunc;
      const [x, f, b] = (isInputConstant ? [input, ...given] : given) as [tf.Tensor4D, tf.Tensor4D, tf.Tensor1D];
      const y = run((kernel, memory) => {
        const result = memory.result(outputShape);
        computeForward(kernel, memory, geometry, { x, f, b }, result.address);
        return result.tensor();
      });
      save([x, f, y]);
      const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
        refuseSecondOrder('dilated convolution');
        const [from, by, value] = saved as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D];
        return run((kernel, memory) => {
          const results = [...(isInputConstant ? [] : [from.shape]), by.shape, [outputChannels]].map((shape) =>
            memory.result(shape),
          );
          const [ofInput, ofFilter, ofBias] = isInputConstant ? [undefined, ...results] : results;
          const arrays = { x: from, f: by, y: value, dy };
          const targets = { input: ofInput?.address, filter: ofFilter!.address, bias: ofBias!.address };
          computeBackward(kernel, memory, geometry, arrays, targets);
          return results.map((result) => result.tensor());
        });
      };
      return { value: y, gradFunc };
    });
  const result = settings.isInputConstant ? operation(true)(filter, bias) : operation(false)(input, filter, bias);
  return result as tf.Tensor4D;
}

function computeForward(
  kernel: Exports,
  memory: TensorMemory,
  geometry: Geometry,
  { x, f, b }: Readonly<Record<'x' | 'f' | 'b', tf.Tensor>>,
  output: number,
): void {
  const { kernelSize, inputChannels, outputChannels } = geometry;
  const packed = memory.scratch(kernelSize ** 2 * inputChannels * 32 * tilesOf(outputChannels));
  kernel.packFilter(memory.address(f), kernelSize, inputChannels, outputChannels, packed);
  const bias = new Float32Array(8 * tilesOf(outputChannels));
  bias.set(b.dataSync() as Float32Array);
  const job = writeJob(memory, geometry, {
    input: memory.address(x),
    output,
    packed,
    bias: memory.words(bias),
    spare: outputChannels % 8 === 0 ? 0 : memory.scratch(32 * geometry.outputHeight * geometry.outputWidth),
  });
  kernel.forward(job);
}

function computeBackward(
  kernel: Exports,
  memory: TensorMemory,
  geometry: Geometry,
  { x, f, y, dy }: Readonly<Record<'x' | 'f' | 'y' | 'dy', tf.Tensor>>,
  targets: { readonly input: number | undefined; readonly filter: number; readonly bias: number },
): void {
  const { kernelSize, inputChannels, outputChannels, inputHeight, inputWidth } = geometry;
  let output = memory.address(dy);
  if (geometry.rectify) {
    const masked = memory.scratch(4 * dy.size);
    kernel.maskGradient(memory.address(y), output, dy.size, masked);
    output = masked;
  }
  // Four channels are summed at a time.
  const doubles = memory.scratch(8 * (outputChannels + 3));
  kernel.sumPixels(output, dy.size / outputChannels, outputChannels, targets.bias, doubles);
  const sums = memory.scratch(tilesOf(outputChannels) * kernelSize ** 2 * (inputChannels + 3) * 32);
  kernel.filterGradient(writeJob(memory, geometry, { input: memory.address(x), output, sums }), targets.filter);
  if (targets.input === undefined) return;
  const packed = memory.scratch(kernelSize ** 2 * outputChannels * 32 * tilesOf(inputChannels));
  kernel.packTurnedFilter(memory.address(f), kernelSize, inputChannels, outputChannels, packed);
  const spare = inputChannels % 8 === 0 ? 0 : memory.scratch(32 * inputHeight * inputWidth);
  kernel.inputGradient(writeJob(memory, geometry, { input: targets.input, output, packed, spare }));
}

const tilesOf = (channels: number) => Math.ceil(channels / 8);

function writeJob(memory: TensorMemory, geometry: Geometry, addresses: Addresses): number {
  const fields = [
    ...addressFields.map((field) => addresses[field] ?? 0),
    ...geometryFields.map((field) => geometry[field]),
  ];
  return memory.words(Int32Array.from(fields));
}

function geometryOf(
  input: tf.Tensor4D,
  filter: tf.Tensor4D,
  bias: tf.Tensor1D,
  { stride = 1, dilation = 1, rectify = false }: DilatedConvolutionSettings,
): Geometry {
  for (const [name, value] of Object.entries({ stride, dilation })) {
    if (Number.isSafeInteger(value) && value >= 1) continue;
    throw new KernelShapeError(`A convolution's ${name} must be a positive whole number, got ${value}.`);
  }
  const [images, inputHeight, inputWidth, inputChannels] = input.shape;
  const [kernelSize, columns, filterInputs, outputChannels] = filter.shape;
  const isMatching =
    [input, filter, bias].every(({ dtype, size }) => dtype === 'float32' && size > 0) &&
    [input.rank, filter.rank, bias.rank].join() === '4,4,1' &&
    kernelSize === columns &&
    kernelSize % 2 === 1 &&
    filterInputs === inputChannels &&
    bias.size === outputChannels;
  if (!isMatching) {
    throw new KernelShapeError(
      `A convolution must be of float32 [images, height, width, inputs] with filters [k, k, inputs, outputs], k odd, and a bias [outputs], got ${[input, filter, bias].map(({ dtype, shape }) => `${dtype} [${shape}]`).join(', ')}.`,
    );
  }
  return {
    ...{ images, inputHeight, inputWidth, inputChannels, outputChannels, kernelSize, stride, dilation },
    outputHeight: Math.ceil(inputHeight / stride),
    outputWidth: Math.ceil(inputWidth / stride),
    rectify: rectify ? 1 : 0,
  };
}
