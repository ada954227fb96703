/** The picture and the class probabilities that refinements are timed on. */
import { randomStream } from '../lib/numerics/random.ts';

export const photograph = { height: 375, width: 500 };

/** A shaded ground with two objects and noise, and probabilities of stripes that know nothing of them. */
export function scene(classes: number) {
  const { height, width } = photograph;
  const data = new Float32Array(3 * height * width);
  randomStream(1, 'noise').fillNormal(data, 0.03);
  const probabilities = new Float32Array(height * width * classes).fill(0.2 / (classes - 1));
  for (let pixel = 0; pixel < height * width; pixel++) {
    const [row, column] = [Math.floor(pixel / width), pixel % width];
    const isDisc = (row - 150) ** 2 + (column - 180) ** 2 < 80 ** 2;
    const object = isDisc ? 0.8 : row > 200 && column > 300 ? 0.2 : 0.5;
    for (let k = 0; k < 3; k++) data[3 * pixel + k]! += object + 0.1 * Math.sin(column / 40 + k);
    probabilities[pixel * classes + (Math.floor(column / 60) % classes)] = 0.8;
  }
  return { picture: { ...photograph, data }, probabilities: { ...photograph, classes, data: probabilities } };
}
