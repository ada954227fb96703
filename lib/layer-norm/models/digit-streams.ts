/**
 * Streams of handwritten digits for recurrent networks: the rows of one picture after the other, with or without pauses.
 * A stream can be as long as one likes, and every digit in it is scored at its last step, so a model that was trained on
 * short streams can be held to the same standard on long ones.
 */
import type { LabelledImages } from '../../datasets/mnist.ts';
import type { RandomStream } from '../../numerics/random.ts';

/** Pictures of 12 × 12 pixels, two rows a step. */
export const digitSide = 12;
const rowsPerStep = 2;
export const digitSteps = digitSide / rowsPerStep;
export const stepFeatures = digitSide * rowsPerStep;
export const digitClasses = 10;

/** Where no digit ends. */
export const noLabel = -1;

export interface StreamSettings {
  readonly streams: number;
  readonly steps: number;
  /** Before each digit there are 0 to so many empty steps; 0: a digit every `digitSteps` steps. */
  readonly longestPause: number;
}

export interface DigitStreams {
  /** [steps, streams, stepFeatures], 0 to 1 */
  readonly inputs: Float32Array;
  /** [steps, streams] the digit that ends at this step; −1 where none does. */
  readonly labels: Int32Array;
}

/** @param digits pictures of `digitSide` pixels a side, 0 to 255 */
export function drawDigitStreams(
  random: RandomStream,
  { images, labels: classes }: LabelledImages,
  { streams, steps, longestPause }: StreamSettings,
): DigitStreams {
  const inputs = new Float32Array(steps * streams * stepFeatures);
  const labels = new Int32Array(steps * streams).fill(noLabel);
  for (let stream = 0; stream < streams; stream++) {
    let start = random.uniformInteger(longestPause + 1);
    while (start + digitSteps <= steps) {
      const digit = random.uniformInteger(classes.length);
      for (let step = 0; step < digitSteps; step++) {
        const from = digit * digitSide ** 2 + step * stepFeatures;
        const to = ((start + step) * streams + stream) * stepFeatures;
        for (let k = 0; k < stepFeatures; k++) inputs[to + k] = images[from + k]! / 255;
      }
      labels[(start + digitSteps - 1) * streams + stream] = classes[digit]!;
      start += digitSteps + random.uniformInteger(longestPause + 1);
    }
  }
  return { inputs, labels };
}
