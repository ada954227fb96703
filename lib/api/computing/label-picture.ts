/** A class a pixel as a grey PNG, whose values are the classes. */
import { encode } from 'fast-png';

/** @param labels [height, width] */
export function encodeLabels(labels: Uint8Array, width: number, height: number): Uint8Array {
  return encode({ width, height, data: labels, depth: 8, channels: 1 });
}
