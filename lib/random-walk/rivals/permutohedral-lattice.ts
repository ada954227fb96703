/**
 * Gaussian filtering in a space of few dimensions, in time linear in the number of points: A. Adams, J. Baek and M. A. Davis, Fast
 * high-dimensional filtering using the permutohedral lattice (2010). Values are spread over the corners of the simplex in which a point
 * lies, blurred along the lattice's d + 1 directions by [½, 1, ½], and gathered again. It approximates
 *
 *   out(i) = Σⱼ exp(−½ |f(i) − f(j)|²) in(j)
 *
 * up to a factor that a caller divides out by filtering ones, as dense CRFs do. The scale of the blur and of the output is that of
 * Krähenbühl and Koltun's code (2011).
 */
export class PermutohedralLattice {
  readonly #points: number;
  readonly #dimensions: number;
  /** [points, d + 1]: the corners of each point's simplex, as places in the lattice, and the point's barycentric coordinates. */
  readonly #corners: Int32Array;
  readonly #weights: Float32Array;
  readonly #keys: LatticeKeys;
  /** [d + 1, size]: the places before and after a place in each direction; `size`, which holds zeros, where there is none. */
  readonly #before: Int32Array;
  readonly #after: Int32Array;

  /** `features`: [points, dimensions], in units of the Gaussian's standard deviation. */
  constructor(features: Float32Array, dimensions: number) {
    const points = features.length / dimensions;
    this.#points = points;
    this.#dimensions = dimensions;
    this.#corners = new Int32Array(points * (dimensions + 1));
    this.#weights = new Float32Array(points * (dimensions + 1));
    this.#keys = new LatticeKeys(dimensions);
    this.#place(features);
    const { size } = this.#keys;
    this.#before = new Int32Array(size * (dimensions + 1));
    this.#after = new Int32Array(size * (dimensions + 1));
    this.#connect();
  }

  /** `values`: [points, channels]. Returns as many. */
  filter(values: Float32Array, channels: number): Float32Array {
    const d = this.#dimensions;
    const { size } = this.#keys;
    // One more place, of zeros, for neighbours that are not there.
    let lattice = new Float32Array((size + 1) * channels);
    let blurred = new Float32Array((size + 1) * channels);
    const corners = this.#corners;
    const weights = this.#weights;
    for (let point = 0, corner = 0; point < this.#points; point++) {
      const from = point * channels;
      for (let remainder = 0; remainder <= d; remainder++, corner++) {
        const to = corners[corner]! * channels;
        const weight = weights[corner]!;
        for (let channel = 0; channel < channels; channel++) lattice[to + channel]! += weight * values[from + channel]!;
      }
    }
    for (let direction = 0; direction <= d; direction++) {
      for (let place = 0; place < size; place++) {
        const at = place * channels;
        const before = this.#before[direction * size + place]! * channels;
        const after = this.#after[direction * size + place]! * channels;
        for (let channel = 0; channel < channels; channel++) {
          blurred[at + channel] =
            lattice[at + channel]! + 0.5 * (lattice[before + channel]! + lattice[after + channel]!);
        }
      }
      [lattice, blurred] = [blurred, lattice];
    }
    const scale = 1 / (1 + 2 ** -d);
    const filtered = new Float32Array(this.#points * channels);
    for (let point = 0, corner = 0; point < this.#points; point++) {
      const to = point * channels;
      for (let remainder = 0; remainder <= d; remainder++, corner++) {
        const from = corners[corner]! * channels;
        const weight = scale * weights[corner]!;
        for (let channel = 0; channel < channels; channel++)
          filtered[to + channel]! += weight * lattice[from + channel]!;
      }
    }
    return filtered;
  }

  /** Finds every point's simplex: the remainder-0 corner nearest to it, and the order of its differences from that. */
  #place(features: Float32Array): void {
    const d = this.#dimensions;
    const elevated = new Float64Array(d + 1);
    const nearest = new Int32Array(d + 1);
    const rank = new Int32Array(d + 1);
    const barycentric = new Float64Array(d + 2);
    const key = new Int32Array(d);
    // The blur has variance (d + 1)²·2⁄3 in lattice units; the second factor makes the elevation an isometry.
    const scales = Float64Array.from(
      { length: d },
      (_, axis) => (Math.sqrt(2 / 3) * (d + 1)) / Math.sqrt((axis + 1) * (axis + 2)),
    );
    for (let point = 0; point < this.#points; point++) {
      // Onto the plane Σ x = 0 of d + 1 dimensions.
      let sum = 0;
      for (let axis = d; axis > 0; axis--) {
        const scaled = features[point * d + axis - 1]! * scales[axis - 1]!;
        elevated[axis] = sum - axis * scaled;
        sum += scaled;
      }
      elevated[0] = sum;
      // The nearest point whose coordinates are multiples of d + 1, and how far it is off the plane.
      let excess = 0;
      for (let axis = 0; axis <= d; axis++) {
        const multiple = Math.round(elevated[axis]! / (d + 1));
        nearest[axis] = multiple * (d + 1);
        excess += multiple;
        rank[axis] = 0;
      }
      for (let axis = 0; axis < d; axis++) {
        const difference = elevated[axis]! - nearest[axis]!;
        for (let other = axis + 1; other <= d; other++) {
          if (difference < elevated[other]! - nearest[other]!) rank[axis]!++;
          else rank[other]!++;
        }
      }
      for (let axis = 0; axis <= d; axis++) {
        rank[axis]! += excess;
        if (rank[axis]! < 0) {
          rank[axis]! += d + 1;
          nearest[axis]! += d + 1;
        } else if (rank[axis]! > d) {
          rank[axis]! -= d + 1;
          nearest[axis]! -= d + 1;
        }
      }
      barycentric.fill(0);
      for (let axis = 0; axis <= d; axis++) {
        const difference = (elevated[axis]! - nearest[axis]!) / (d + 1);
        barycentric[d - rank[axis]!]! += difference;
        barycentric[d - rank[axis]! + 1]! -= difference;
      }
      barycentric[0]! += 1 + barycentric[d + 1]!;
      for (let remainder = 0; remainder <= d; remainder++) {
        // The last coordinate follows from the others: they sum to 0.
        for (let axis = 0; axis < d; axis++) {
          const past = rank[axis]! > d - remainder;
          key[axis] = nearest[axis]! + remainder - (past ? d + 1 : 0);
        }
        this.#corners[point * (d + 1) + remainder] = this.#keys.placeOf(key);
        this.#weights[point * (d + 1) + remainder] = barycentric[remainder]!;
      }
    }
  }

  /** A direction changes one coordinate by d and all others by −1. */
  #connect(): void {
    const d = this.#dimensions;
    const { size } = this.#keys;
    const key = new Int32Array(d);
    for (let direction = 0; direction <= d; direction++) {
      for (let place = 0; place < size; place++) {
        for (const [sign, places] of [
          [-1, this.#before],
          [1, this.#after],
        ] as const) {
          for (let axis = 0; axis < d; axis++) {
            key[axis] = this.#keys.coordinate(place, axis) + sign * (axis === direction ? -d : 1);
          }
          const found = this.#keys.find(key);
          places[direction * size + place] = found < 0 ? size : found;
        }
      }
    }
  }
}

/** The lattice's points that are in use, numbered in the order in which they came: a hash table with open addresses. */
class LatticeKeys {
  size = 0;
  readonly #dimensions: number;
  #keys: Int32Array;
  /** Place + 1, or 0 where free; a power of two long, and at most half full. */
  #table: Int32Array;

  constructor(dimensions: number) {
    this.#dimensions = dimensions;
    this.#keys = new Int32Array(1024 * dimensions);
    this.#table = new Int32Array(2048);
  }

  coordinate(place: number, axis: number): number {
    return this.#keys[place * this.#dimensions + axis]!;
  }

  /** −1 where it is not in use. */
  find(key: Int32Array): number {
    return this.#table[this.#slotOf(key, 0)]! - 1;
  }

  /** Numbers it where it is new. */
  placeOf(key: Int32Array): number {
    const slot = this.#slotOf(key, 0);
    const found = this.#table[slot]!;
    if (found > 0) return found - 1;
    if (2 * (this.size + 1) > this.#table.length) {
      this.#grow();
      return this.placeOf(key);
    }
    this.#keys.set(key, this.size * this.#dimensions);
    this.size++;
    this.#table[slot] = this.size;
    return this.size - 1;
  }

  /** Where the key that begins at `from` of `keys` is, or would be. */
  #slotOf(keys: Int32Array, from: number): number {
    const d = this.#dimensions;
    let hash = 0;
    for (let axis = 0; axis < d; axis++) hash = Math.imul(hash + keys[from + axis]!, 0x9e3779b1);
    const mask = this.#table.length - 1;
    for (let slot = (hash ^ (hash >>> 15)) & mask; ; slot = (slot + 1) & mask) {
      const place = this.#table[slot]! - 1;
      if (place < 0) return slot;
      let axis = 0;
      while (axis < d && this.#keys[place * d + axis] === keys[from + axis]) axis++;
      if (axis === d) return slot;
    }
  }

  #grow(): void {
    const keys = new Int32Array(2 * this.#keys.length);
    keys.set(this.#keys);
    this.#keys = keys;
    this.#table = new Int32Array(2 * this.#table.length);
    for (let place = 0; place < this.size; place++) {
      this.#table[this.#slotOf(keys, place * this.#dimensions)] = place + 1;
    }
  }
}
