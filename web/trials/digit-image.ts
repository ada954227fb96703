/** A drawing as the pictures of MNIST are: the digit fits a box of 20 × 20 and its centre of mass is the centre of 28 × 28. */

export const digitSide = 28;
const boxSide = 20;

/**
 * Ink from 0 (none) to 1, row by row, `width` × `height` of them; gives 28 × 28 of the same, all 0 where there is no ink.
 * After yann.lecun.com/exdb/mnist: averages over areas keep the grey levels.
 */
export function centreDigit(ink: ArrayLike<number>, width: number, height: number): readonly number[] {
  const result = new Array<number>(digitSide * digitSide).fill(0);
  const box = boundsOf(ink, width, height);
  if (!box) return result;
  const scale = boxSide / Math.max(box.width, box.height);
  const small = shrink(ink, width, box, scale);
  const { x, y } = centreOfMass(small);
  const left = Math.round(digitSide / 2 - 0.5 - x);
  const top = Math.round(digitSide / 2 - 0.5 - y);
  for (let row = 0; row < small.height; row++) {
    for (let column = 0; column < small.width; column++) {
      const toRow = row + top;
      const toColumn = column + left;
      if (toRow < 0 || toColumn < 0 || toRow >= digitSide || toColumn >= digitSide) continue;
      result[toRow * digitSide + toColumn] = Math.min(1, small.values[row * small.width + column]!);
    }
  }
  return result;
}

interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

const faintest = 0.1;

function boundsOf(ink: ArrayLike<number>, width: number, height: number): Box | undefined {
  let [left, top, right, bottom] = [width, height, -1, -1];
  for (let index = 0; index < width * height; index++) {
    if (ink[index]! < faintest) continue;
    const x = index % width;
    const y = Math.floor(index / width);
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  return right < 0 ? undefined : { left, top, width: right - left + 1, height: bottom - top + 1 };
}

interface Grey {
  readonly width: number;
  readonly height: number;
  readonly values: Float64Array;
}

/** Each small pixel is the mean of the points that fall into it, four to a side: enough for drawings of a few hundred pixels. */
function shrink(ink: ArrayLike<number>, stride: number, box: Box, scale: number): Grey {
  const width = Math.max(1, Math.round(box.width * scale));
  const height = Math.max(1, Math.round(box.height * scale));
  const values = new Float64Array(width * height);
  const points = Math.max(1, Math.ceil(1 / scale));
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      let sum = 0;
      for (let point = 0; point < points * points; point++) {
        const x = box.left + ((column + ((point % points) + 0.5) / points) * box.width) / width;
        const y = box.top + ((row + (Math.floor(point / points) + 0.5) / points) * box.height) / height;
        sum += ink[Math.floor(y) * stride + Math.floor(x)]!;
      }
      values[row * width + column] = sum / (points * points);
    }
  }
  return { width, height, values };
}

function centreOfMass({ width, values }: Grey): { readonly x: number; readonly y: number } {
  let [mass, x, y] = [0, 0, 0];
  for (const [index, value] of values.entries()) {
    mass += value;
    x += value * (index % width);
    y += value * Math.floor(index / width);
  }
  return { x: x / mass, y: y / mass };
}
