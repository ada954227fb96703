/** Joining the channels of images pixel by pixel, and parting them again. */
import { loadLanes, storeLanes } from './random-walk-window';

/**
 * Copies channels of pixels from rows of `fromChannels` to rows of `toChannels`, `count` from where the addresses stand: a part
 * of joined channels to or from an array of its own.
 */
export function copyChannels(
  from: usize, fromChannels: i32, to: usize, toChannels: i32, pixels: i32, count: i32,
): void {
  const whole = <usize>(count & ~3) * 4;
  const lanes = count & 3;
  for (; pixels > 0; pixels--) {
    for (let byte: usize = 0; byte < whole; byte += 16) v128.store(to + byte, v128.load(from + byte));
    if (lanes) storeLanes(to + whole, loadLanes(from + whole, lanes), lanes);
    from += <usize>fromChannels * 4;
    to += <usize>toChannels * 4;
  }
}
