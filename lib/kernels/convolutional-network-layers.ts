/** The convolutional layers of a network in its kernel's memory: where everything lies, and the jobs that say so. */
import type { ConvolutionShape } from './convolution.ts';
import { type ConvolutionJob, convolutionJobFields, scratchBytes, workspaceOf } from './convolution-kernel.ts';
import type { ConvolutionalNetworkShape } from './convolutional-network.ts';
import { KernelShapeError } from './errors.ts';
import type { KernelMemory } from './kernel-memory.ts';

/** The fields of `LayerJob` in assembly/convolutional-network.ts, in its order, 4 bytes each. */
const layerJobFields = [
  'convolution',
  'turned',
  'below',
  'pixels',
  'pooled',
  'activations',
  'gradient',
  'offset',
  'moments',
  'sums',
  'means',
] as const;
type LayerJob = Readonly<Record<(typeof layerJobFields)[number], number>>;

/** A convolutional layer in the kernel's memory. */
export interface ConvolutionalLayer {
  readonly shape: ConvolutionShape;
  readonly job: number;
  readonly fields: LayerJob;
  readonly packed: number;
  readonly turned: number;
  readonly partials: number;
  readonly partialCount: number;
  /** The filter's place in θ; its offsets lie behind it. */
  readonly filter: number;
}

/** Places every convolutional layer's arrays, and writes the jobs that say where they are. */
export function layOutLayers(
  { batch, height, width, colours, filters, kernelSize }: ConvolutionalNetworkShape,
  { allocate, integers }: KernelMemory,
  theta: number,
  pixels: number,
): readonly ConvolutionalLayer[] {
  const floats = (count: number) => allocate(4 * count);
  const writeFields = <Field extends string>(names: readonly Field[], values: Readonly<Record<Field, number>>) => {
    const job = floats(names.length);
    for (const [index, name] of names.entries()) integers[job / 4 + index] = values[name];
    return job;
  };
  const layers: ConvolutionalLayer[] = [];
  let filter = theta;
  let input = floats(batch * height * width * colours);
  for (const [index, outputChannels] of filters.entries()) {
    const below = layers[index - 1];
    const inputChannels = below?.shape.outputChannels ?? colours;
    const size = { height: height >> index, width: width >> index };
    const shape: ConvolutionShape = { images: batch, ...size, inputChannels, outputChannels, kernelSize };
    const workspace = workspaceOf(shape);
    const packed = allocate(workspace.packed);
    const turned = allocate(workspace.turned);
    const partials = allocate(workspace.partial * workspace.partialCount);
    const values = batch * size.height * size.width * outputChannels;
    const common = { images: batch, ...size, kernelSize, bandRows: size.height, bandsPerImage: 1 };
    const forward: ConvolutionJob = {
      ...{ ...common, input, output: floats(values), packed, partials, partialCount: workspace.partialCount },
      ...{ inputChannels, outputChannels },
    };
    const backward: ConvolutionJob = {
      ...{ ...forward, packed: turned },
      ...{ inputChannels: outputChannels, outputChannels: inputChannels },
    };
    checkScratch(shape);
    const filterFloats = kernelSize ** 2 * inputChannels * outputChannels;
    const activations = floats(values / 4);
    const fields: LayerJob = {
      convolution: writeFields(convolutionJobFields, forward),
      turned: writeFields(convolutionJobFields, backward),
      below: below?.job ?? 0,
      pixels,
      pooled: floats(values / 4),
      activations,
      gradient: floats(values / 4),
      offset: filter + 4 * filterFloats,
      moments: floats(2 * outputChannels),
      sums: floats(2 * outputChannels * batch),
      means: floats(2 * outputChannels),
    };
    const { partialCount } = workspace;
    const job = writeFields(layerJobFields, fields);
    layers.push({ shape, job, fields, packed, turned, partials, partialCount, filter });
    input = activations;
    filter += 4 * (filterFloats + outputChannels);
  }
  return layers;
}

/** An image's output gradient and its padded copy, or that and one tile of outputs, must fit into a thread's scratch. */
function checkScratch({ height, width, inputChannels, outputChannels, kernelSize }: ConvolutionShape): void {
  const padded = (height + kernelSize - 1) * (width + kernelSize - 1) * Math.max(inputChannels, outputChannels);
  const bytes = 4 * (padded + height * width * (outputChannels + 8));
  if (bytes <= scratchBytes) return;
  throw new KernelShapeError(
    `An image of ${height} × ${width} with ${inputChannels} and ${outputChannels} channels needs ${bytes} bytes at once, and the kernel has ${scratchBytes}. Use smaller images or fewer filters.`,
  );
}
