/**
 * The largest of 3 × 3 pixels of every channel, those inside the image alone, and its gradient. Arrays are float32 [height][width]
 * [channels]; output (p, q) is over pixel (stride · p, stride · q).
 */
import { loadLanes, storeLanes } from './random-walk-window';

/** y of one image; [⌈height/stride⌉][⌈width/stride⌉][channels]. */
export function maxPool(x: usize, y: usize, height: i32, width: i32, channels: i32, stride: i32): void {
  const pixelBytes = <usize>channels * 4;
  for (let row = 0; row < height; row += stride) {
    const top = max(0, row - 1);
    const bottom = min(height - 1, row + 1);
    for (let column = 0; column < width; column += stride) {
      const left = max(0, column - 1);
      const right = min(width - 1, column + 1);
      const first = x + <usize>(top * width + left) * pixelBytes;
      for (let channel = 0; channel < channels; channel += 4) {
        const lanes = min(4, channels - channel);
        const at = <usize>channel * 4;
        storeLanes(y + at, largest(first + at, bottom - top, right - left, width, pixelBytes, lanes), lanes);
      }
      y += pixelBytes;
    }
  }
}

/** Of `down` + 1 rows and `along` + 1 columns from `first`; NaN where there is one. */
// @ts-ignore: decorator
@inline
function largest(first: usize, down: i32, along: i32, width: i32, pixelBytes: usize, lanes: i32): v128 {
  const rowBytes = <usize>width * pixelBytes;
  let most = loadUpToFour(first, lanes);
  for (let row = 0; row <= down; row++) {
    let at = first + <usize>row * rowBytes;
    for (let column = 0; column <= along; column++) {
      most = f32x4.max(most, loadUpToFour(at, lanes));
      at += pixelBytes;
    }
  }
  return most;
}

// @ts-ignore: decorator
@inline
function loadUpToFour(from: usize, lanes: i32): v128 {
  return lanes == 4 ? v128.load(from) : loadLanes(from, lanes);
}

/** dx from dy: the first pixel in reading order that has the largest value gets all of an output's gradient. */
export function maxPoolGradient(
  x: usize, y: usize, dy: usize, dx: usize, height: i32, width: i32, channels: i32, stride: i32,
): void {
  const pixelBytes = <usize>channels * 4;
  const rowBytes = <usize>width * pixelBytes;
  memory.fill(dx, 0, <usize>height * rowBytes);
  for (let row = 0; row < height; row += stride) {
    const top = max(0, row - 1);
    const down = min(height - 1, row + 1) - top;
    for (let column = 0; column < width; column += stride) {
      const left = max(0, column - 1);
      const along = min(width - 1, column + 1) - left;
      const first = <usize>(top * width + left) * pixelBytes;
      for (let channel = 0; channel < channels; channel += 4) {
        const lanes = min(4, channels - channel);
        const offset = <usize>channel * 4;
        const most = loadUpToFour(y + offset, lanes);
        // The gradient, until somebody has got it.
        let open = loadUpToFour(dy + offset, lanes);
        for (let step = 0; step <= down; step++) {
          let at = first + <usize>step * rowBytes + offset;
          for (let place = 0; place <= along; place++) {
            const isLargest = f32x4.eq(loadUpToFour(x + at, lanes), most);
            storeLanes(dx + at, f32x4.add(loadUpToFour(dx + at, lanes), v128.and(open, isLargest)), lanes);
            open = v128.andnot(open, isLargest);
            at += pixelBytes;
          }
        }
      }
      y += pixelBytes;
      dy += pixelBytes;
    }
  }
}
