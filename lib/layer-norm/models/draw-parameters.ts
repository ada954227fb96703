/** How large a DRAW network is, and where its parameters lie. */
import { windowParameters } from './draw-attention.ts';
import { type PackedLayout, packParameters } from './packed-parameters.ts';

export interface DrawSettings {
  /** Pixels of an image's side, even. */
  readonly side: number;
  /** N of the window that is read, even; the published code's is 2. */
  readonly readPoints: number;
  /** N of the window that is written; the published code's is 5. */
  readonly writePoints: number;
  /** Values of z, a multiple of 4. */
  readonly latents: number;
  /** T */
  readonly glimpses: number;
  /** Of each LSTM, a multiple of 4. */
  readonly units: number;
  readonly normalization: 'none' | 'layer';
  readonly epsilon: number;
}

/** Values that a glimpse reads: the patch of the image and that of the error image. */
export const patchesRead = 2;

export function layoutOf({
  readPoints,
  writePoints,
  latents,
  units,
  normalization,
}: DrawSettings): PackedLayout<string> {
  const [encoderInputs, decoderInputs] = inputSizes({ readPoints, latents, units });
  const normalised = normalization === 'layer' ? ['gain', 'shift'] : [];
  const lstm = (name: string, inputs: number) => ({
    [`${name}/kernel`]: [inputs, 4 * units],
    [`${name}/bias`]: [4 * units],
    ...Object.fromEntries(normalised.map((parameter) => [`${name}/cell-${parameter}`, [units]])),
  });
  const linear = (name: string, outputs: number) => ({
    [`${name}/kernel`]: [units, outputs],
    [`${name}/bias`]: [outputs],
  });
  return packParameters({
    ...linear('read', windowParameters),
    ...lstm('encoder', encoderInputs),
    ...linear('latents', 2 * latents),
    ...lstm('decoder', decoderInputs),
    ...linear('write', windowParameters + writePoints ** 2),
  });
}

/** Of encoder and decoder, with the hidden states behind what they are given. */
export function inputSizes({ readPoints, latents, units }: Pick<DrawSettings, 'readPoints' | 'latents' | 'units'>) {
  return [patchesRead * readPoints ** 2 + 2 * units, latents + units] as const;
}
