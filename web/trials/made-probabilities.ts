/**
 * Probabilities of segments without any trained network: pixels of a coarse picture are grouped by colour (k-means), and a
 * pixel belongs to a group the more, the nearer its colour is. Coarse on purpose: the walk is what brings back the edges.
 */

export interface MadeProbabilities {
  readonly width: number;
  readonly height: number;
  readonly classes: number;
  /** Row by row, classes innermost; each pixel's sum is 1. */
  readonly values: readonly number[];
}

const rounds = 12;

/** `colours`: red, green, blue, alpha from 0 to 255, row by row. Deterministic: centres start at evenly spaced brightnesses. */
export function makeProbabilities(
  colours: ArrayLike<number>,
  width: number,
  height: number,
  classes: number,
): MadeProbabilities {
  const pixels = width * height;
  const centres = startCentres(colours, pixels, classes);
  for (let round = 0; round < rounds; round++) moveCentres(centres, colours, pixels);
  const spread = Math.max(1, meanDistance(centres, colours, pixels));
  const values: number[] = [];
  for (let pixel = 0; pixel < pixels; pixel++) {
    const weights = centres.map((centre) => Math.exp(-distance(centre, colours, pixel) / (2 * spread)) + 1e-6);
    const sum = weights.reduce((a, b) => a + b);
    for (const weight of weights) values.push(weight / sum);
  }
  return { width, height, classes, values };
}

type Centre = [red: number, green: number, blue: number];

function startCentres(colours: ArrayLike<number>, pixels: number, classes: number): Centre[] {
  const brightness = (pixel: number) => colours[4 * pixel]! + colours[4 * pixel + 1]! + colours[4 * pixel + 2]!;
  const order = Array.from({ length: pixels }, (_, pixel) => pixel).sort((a, b) => brightness(a) - brightness(b));
  return Array.from({ length: classes }, (_, index) => {
    const pixel = order[Math.min(pixels - 1, Math.floor(((index + 0.5) * pixels) / classes))]!;
    return [colours[4 * pixel]!, colours[4 * pixel + 1]!, colours[4 * pixel + 2]!];
  });
}

function moveCentres(centres: Centre[], colours: ArrayLike<number>, pixels: number): void {
  const sums = centres.map(() => [0, 0, 0, 0]);
  for (let pixel = 0; pixel < pixels; pixel++) {
    const sum = sums[nearest(centres, colours, pixel)]!;
    for (let channel = 0; channel < 3; channel++) sum[channel]! += colours[4 * pixel + channel]!;
    sum[3]!++;
  }
  for (const [index, [red, green, blue, count]] of sums.entries()) {
    // A centre that nobody is near stays where it is.
    if (count! > 0) centres[index] = [red! / count!, green! / count!, blue! / count!];
  }
}

function nearest(centres: readonly Centre[], colours: ArrayLike<number>, pixel: number): number {
  let best = 0;
  for (let index = 1; index < centres.length; index++) {
    if (distance(centres[index]!, colours, pixel) < distance(centres[best]!, colours, pixel)) best = index;
  }
  return best;
}

function meanDistance(centres: readonly Centre[], colours: ArrayLike<number>, pixels: number): number {
  let sum = 0;
  for (let pixel = 0; pixel < pixels; pixel++) {
    sum += distance(centres[nearest(centres, colours, pixel)]!, colours, pixel);
  }
  return sum / pixels;
}

/** Squared, of colours. */
function distance([red, green, blue]: Centre, colours: ArrayLike<number>, pixel: number): number {
  return (
    (red - colours[4 * pixel]!) ** 2 + (green - colours[4 * pixel + 1]!) ** 2 + (blue - colours[4 * pixel + 2]!) ** 2
  );
}
