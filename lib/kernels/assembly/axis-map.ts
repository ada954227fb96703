/**
 * A linear map along one axis of arrays, float32 [outer][inputs][inner] → [outer][outputs][inner].
 *
 * Output t is the sum of the taps `starts[t]` to `starts[t + 1]` in their order: `weights` times the input of index `sources`.
 */
import { loadLanes, storeLanes } from './random-walk-window';
import { madd } from './simd-math';

export function mapAxis(
  from: usize, to: usize, outer: i32, inputs: i32, outputs: i32, inner: i32, starts: usize, sources: usize,
  weights: usize,
): void {
  const innerBytes = <usize>inner * 4;
  for (; outer > 0; outer--) {
    for (let output = 0; output < outputs; output++) {
      const start = load<i32>(starts + (<usize>output << 2));
      const taps = load<i32>(starts + (<usize>output << 2), 4) - start;
      const source = sources + (<usize>start << 2);
      const weight = weights + (<usize>start << 2);
      if (taps == 0) memory.fill(to, 0, innerBytes);
      else sumTaps(from, to, inner, source, weight, taps);
      to += innerBytes;
    }
    from += <usize>inputs * innerBytes;
  }
}

/** One output of one block; at least one tap. */
function sumTaps(from: usize, to: usize, inner: i32, sources: usize, weights: usize, taps: i32): void {
  const innerBytes = <usize>inner * 4;
  for (let place = 0; place < inner; place += 4) {
    const lanes = min(4, inner - place);
    const at = from + <usize>place * 4;
    let sum = f32x4.splat(0);
    for (let tap: usize = 0; tap < <usize>taps << 2; tap += 4) {
      const input = at + <usize>load<i32>(sources + tap) * innerBytes;
      sum = madd(v128.load32_splat(weights + tap), lanes == 4 ? v128.load(input) : loadLanes(input, lanes), sum);
    }
    storeLanes(to + <usize>place * 4, sum, lanes);
  }
}
