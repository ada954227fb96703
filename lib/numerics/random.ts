/**
 * Seeded random numbers in named streams. A stream is a function of its seed and its names alone, like a counter-based
 * generator: `randomStream(seed, 'episode', 12)` gives the same numbers whoever asks, and whenever. So no generator
 * state is ever saved, a resumed training draws what the undisturbed one would have drawn, and threads cannot race.
 */
import { createHash } from 'node:crypto';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';

export interface RandomStream {
  /** Uniform in [0, 1), with 32 random bits. */
  uniform(): number;
  /** Uniform over 0, 1, …, `count` − 1, without bias. */
  uniformInteger(count: number): number;
  /** Normal with mean 0 and standard deviation 1. */
  normal(): number;
  fillUniform(target: Float32Array, low: number, high: number): void;
  /** Fills with independent normal values of mean 0. */
  fillNormal(target: Float32Array, standardDeviation: number): void;
  /**
   * The first `target.length` of a random permutation of 0, …, `count` − 1: a draw without replacement, in random order.
   * Throws RangeError where `target` is longer than `count`.
   */
  fillSample(target: Int32Array, count: number): void;
}

/** The stream that belongs to these names. Numbers and strings differ: `7` is not `'7'`. */
export function randomStream(seed: number, ...names: readonly (string | number)[]): RandomStream {
  // SHA-256 spreads neighbouring seeds and names over the whole state space, so that streams do not overlap in practice
  // (2^128 states); it costs microseconds, once a stream.
  const digest = createHash('sha256')
    .update(JSON.stringify([seed, ...names]))
    .digest();
  // The only forbidden state is all zeros; a hash that gives it will not be found.
  return new XoroshiroStream([0, 4, 8, 12].map((offset) => digest.readInt32LE(offset)));
}

class XoroshiroStream implements RandomStream {
  readonly #generator: ReturnType<typeof xoroshiro128plusFromState>;
  /** The second value of the last pair that `normal` made. */
  #spare: number | undefined;

  constructor(state: readonly number[]) {
    this.#generator = xoroshiro128plusFromState(state);
  }

  uniform(): number {
    return (this.#generator.next() >>> 0) / 0x1_0000_0000;
  }

  uniformInteger(count: number): number {
    return uniformInt(this.#generator, 0, count - 1);
  }

  normal(): number {
    const spare = this.#spare;
    if (spare !== undefined) {
      this.#spare = undefined;
      return spare;
    }
    // Marsaglia's polar method: needs no sine or cosine, whose last bits differ between engines more easily than those
    // of a logarithm.
    for (;;) {
      const x = this.#generator.next() / 0x8000_0000;
      const y = this.#generator.next() / 0x8000_0000;
      const square = x * x + y * y;
      if (square >= 1 || square === 0) continue;
      const factor = Math.sqrt((-2 * Math.log(square)) / square);
      this.#spare = y * factor;
      return x * factor;
    }
  }

  fillUniform(target: Float32Array, low: number, high: number): void {
    for (let index = 0; index < target.length; index++) target[index] = low + (high - low) * this.uniform();
  }

  fillNormal(target: Float32Array, standardDeviation: number): void {
    for (let index = 0; index < target.length; index++) target[index] = standardDeviation * this.normal();
  }

  fillSample(target: Int32Array, count: number): void {
    if (target.length > count) {
      throw new RangeError(`fillSample: ${target.length} different numbers cannot be drawn from ${count}.`);
    }
    // Fisher–Yates, stopped after as many exchanges as there are places to fill.
    const order = Int32Array.from({ length: count }, (_, index) => index);
    for (let index = 0; index < target.length; index++) {
      const other = index + this.uniformInteger(count - index);
      const chosen = order[other]!;
      order[other] = order[index]!;
      target[index] = chosen;
    }
  }
}
