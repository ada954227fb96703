/**
 * The walk where training at `walkStride` 8 makes it: between the pixels that the back-end scores, over the features of those,
 * and what it ends with enlarged to the picture as scores are. In plain arrays.
 */
import { scoreStride } from '../back-ends/settings.ts';
import type { SegmentedPicture } from '../segmenter.ts';

/** Every `stride`-th pixel of every `stride`-th row: scores there are the back-end's own, between which the rest was enlarged. */
export function sampleSegmented(segmented: SegmentedPicture, stride = scoreStride): SegmentedPicture {
  const { height, width, classes, channels } = segmented;
  const [rows, columns] = [Math.ceil(height / stride), Math.ceil(width / stride)];
  const sample = (values: Float32Array, depth: number) => {
    const sampled = new Float32Array(rows * columns * depth);
    for (let pixel = 0; pixel < rows * columns; pixel++) {
      const from = (Math.floor(pixel / columns) * width + (pixel % columns)) * stride * depth;
      sampled.set(values.subarray(from, from + depth), pixel * depth);
    }
    return sampled;
  };
  return {
    ...{ height: rows, width: columns, classes, channels },
    scores: sample(segmented.scores, classes),
    features: sample(segmented.features, channels),
  };
}

/** Bilinear between scores over every `stride`-th pixel, beyond the last one that one's: as `upsampleScores` in tensors. */
export function enlargeScores(
  scores: Float32Array,
  { height, width, classes }: Pick<SegmentedPicture, 'height' | 'width' | 'classes'>,
  stride = scoreStride,
): Float32Array {
  const [rows, columns] = [Math.ceil(height / stride), Math.ceil(width / stride)];
  const enlarged = new Float32Array(height * width * classes);
  for (let y = 0; y < height; y++) {
    const [top, bottom, down] = between(y, rows, stride);
    for (let x = 0; x < width; x++) {
      const [left, right, across] = between(x, columns, stride);
      for (let label = 0; label < classes; label++) {
        const at = (row: number, column: number) => scores[(row * columns + column) * classes + label]!;
        const above = (1 - across) * at(top, left) + across * at(top, right);
        const below = (1 - across) * at(bottom, left) + across * at(bottom, right);
        enlarged[(y * width + x) * classes + label] = (1 - down) * above + down * below;
      }
    }
  }
  return enlarged;
}

/** The two scores that a pixel lies between, and the share of the second. */
function between(pixel: number, scores: number, stride: number): [first: number, second: number, share: number] {
  const first = Math.floor(pixel / stride);
  return [first, Math.min(scores - 1, first + 1), pixel / stride - first];
}
