/** Sizes of the convolutional networks of §6.7, for those who plan them as for those who run them. */
import type { ConvolutionShape } from '../../kernels/convolution.ts';

export type ConvnetNormalization = 'none' | 'layer' | 'batch';

export interface ConvnetSettings {
  readonly normalization: ConvnetNormalization;
  /** Of the images: height and width, multiples of 2 to the number of layers. */
  readonly side: number;
  readonly colours: number;
  /** Filters of each layer, 3 × 3. */
  readonly filters: readonly number[];
}

/** Rows and columns of every filter. */
export const filterSide = 3;

/** Of each layer, for minibatches of so many images. */
export function convolutionShapes(
  { side, colours, filters }: ConvnetSettings,
  images: number,
): readonly ConvolutionShape[] {
  return filters.map((outputChannels, layer) => ({
    images,
    height: side >> layer,
    width: side >> layer,
    inputChannels: layer === 0 ? colours : filters[layer - 1]!,
    outputChannels,
    kernelSize: filterSide,
  }));
}
