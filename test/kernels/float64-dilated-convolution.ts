/** The definition in lib/kernels/dilated-convolution.ts, in float64 and index by index, for finite differences. */
export interface Float64Convolution {
  readonly images: number;
  readonly height: number;
  readonly width: number;
  readonly inputChannels: number;
  readonly outputChannels: number;
  readonly kernelSize: number;
  readonly stride: number;
  readonly dilation: number;
  readonly rectify: boolean;
}

export function convolveDilatedInFloat64(
  { images, height, width, inputChannels, outputChannels, kernelSize, stride, dilation, rectify }: Float64Convolution,
  input: ArrayLike<number>,
  filter: ArrayLike<number>,
  bias: ArrayLike<number>,
): Float64Array {
  const values: number[] = [];
  for (let n = 0; n < images; n++) {
    for (let y = 0; y < height; y += stride) {
      for (let x = 0; x < width; x += stride) {
        for (let o = 0; o < outputChannels; o++) {
          let sum = bias[o]!;
          for (let place = 0; place < kernelSize ** 2; place++) {
            const row = y + dilation * (Math.floor(place / kernelSize) - (kernelSize - 1) / 2);
            const column = x + dilation * ((place % kernelSize) - (kernelSize - 1) / 2);
            if (row < 0 || row >= height || column < 0 || column >= width) continue;
            for (let i = 0; i < inputChannels; i++) {
              sum +=
                input[((n * height + row) * width + column) * inputChannels + i]! *
                filter[(place * inputChannels + i) * outputChannels + o]!;
            }
          }
          values.push(rectify ? Math.max(0, sum) : sum);
        }
      }
    }
  }
  return Float64Array.from(values);
}
