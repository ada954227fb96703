/** Brings a label map to another size: the label at each new pixel's centre, since classes have no mean. */
import type { LabelMap } from './label-map.ts';

export function resizeLabels({ width, height, labels }: LabelMap, newWidth: number, newHeight: number): LabelMap {
  const resized = new Uint8Array(newWidth * newHeight);
  for (let y = 0; y < newHeight; y++) {
    const row = Math.floor(((y + 0.5) * height) / newHeight) * width;
    for (let x = 0; x < newWidth; x++) {
      resized[y * newWidth + x] = labels[row + Math.floor(((x + 0.5) * width) / newWidth)]!;
    }
  }
  return { width: newWidth, height: newHeight, labels: resized };
}
