/**
 * One-to-one matching between predicted and true boundary pixels that are at most `maximumDistance` apart: as many pairs as
 * there can be, by J. Hopcroft and R. Karp (1973) from a greedy start. BSDS500's `correspondPixels` solves the assignment of least
 * total distance with a high price for a pixel left alone (100 times the largest distance), which asks for the same number of pairs.
 */

export interface BoundaryMatching {
  readonly pairs: number;
  /** [height, width]: predicted pixels that have a partner, and true ones that have. */
  readonly matchedPredicted: Uint8Array;
  readonly matchedTrue: Uint8Array;
}

/** Masks are [height, width]. Pixels take the nearest free partner first, so that near pairs are preferred. */
export function matchBoundaries(
  predicted: Uint8Array,
  truth: Uint8Array,
  width: number,
  height: number,
  maximumDistance: number,
): BoundaryMatching {
  const graph = new BoundaryGraph(predicted, truth, width, height, maximumDistance);
  let pairs = graph.matchGreedily();
  while (graph.layer()) {
    for (const pixel of graph.pixels) if (graph.partnerOfPredicted[pixel]! < 0 && graph.augment(pixel)) pairs++;
  }
  return {
    pairs,
    matchedPredicted: matched(graph.partnerOfPredicted),
    matchedTrue: matched(graph.partnerOfTrue),
  };
}

function matched(partners: Int32Array): Uint8Array {
  const mask = new Uint8Array(partners.length);
  for (let pixel = 0; pixel < partners.length; pixel++) if (partners[pixel]! >= 0) mask[pixel] = 1;
  return mask;
}

class BoundaryGraph {
  /** The predicted pixels. */
  readonly pixels: readonly number[];
  /** By pixel: the partner in the other mask, or −1. */
  readonly partnerOfPredicted: Int32Array;
  readonly partnerOfTrue: Int32Array;
  readonly #layers: Int32Array;
  /** By predicted pixel: which edge to try next, so that no edge is tried twice in a phase. */
  readonly #nextEdge: Int32Array;
  /** By predicted pixel: the first of its true neighbours in `#edges`, nearest first, and after its last. */
  readonly #firstEdge: Int32Array;
  readonly #lastEdge: Int32Array;
  readonly #edges: Int32Array;

  constructor(predicted: Uint8Array, truth: Uint8Array, width: number, height: number, maximumDistance: number) {
    const pixels: number[] = [];
    for (let pixel = 0; pixel < predicted.length; pixel++) if (predicted[pixel]) pixels.push(pixel);
    this.pixels = pixels;
    this.partnerOfPredicted = new Int32Array(predicted.length).fill(-1);
    this.partnerOfTrue = new Int32Array(predicted.length).fill(-1);
    this.#layers = new Int32Array(predicted.length);
    this.#nextEdge = new Int32Array(predicted.length);
    this.#firstEdge = new Int32Array(predicted.length);
    this.#lastEdge = new Int32Array(predicted.length);
    const offsets = offsetsWithin(maximumDistance);
    const edges: number[] = [];
    for (const pixel of pixels) {
      const x = pixel % width;
      const y = Math.floor(pixel / width);
      this.#firstEdge[pixel] = edges.length;
      for (let index = 0; index < offsets.length; index++) {
        const { right, down } = offsets[index]!;
        const column = x + right;
        const row = y + down;
        if (column < 0 || column >= width || row < 0 || row >= height) continue;
        if (truth[row * width + column]) edges.push(row * width + column);
      }
      this.#lastEdge[pixel] = edges.length;
    }
    this.#edges = Int32Array.from(edges);
  }

  /** Every predicted pixel's nearest free partner, by the order of the distances. Returns the number of pairs. */
  matchGreedily(): number {
    let pairs = 0;
    for (const pixel of this.pixels) {
      for (let edge = this.#firstEdge[pixel]!; edge < this.#lastEdge[pixel]!; edge++) {
        const other = this.#edges[edge]!;
        if (this.partnerOfTrue[other]! >= 0) continue;
        this.partnerOfTrue[other] = pixel;
        this.partnerOfPredicted[pixel] = other;
        pairs++;
        break;
      }
    }
    return pairs;
  }

  /** Numbers the predicted pixels by their distance, in alternating edges, from a free one. False where no path is left. */
  layer(): boolean {
    this.#layers.fill(-1);
    const queue: number[] = [];
    for (const pixel of this.pixels) {
      this.#nextEdge[pixel] = this.#firstEdge[pixel]!;
      if (this.partnerOfPredicted[pixel]! >= 0) continue;
      this.#layers[pixel] = 0;
      queue.push(pixel);
    }
    let found = false;
    for (let next = 0; next < queue.length; next++) {
      const pixel = queue[next]!;
      for (let edge = this.#firstEdge[pixel]!; edge < this.#lastEdge[pixel]!; edge++) {
        const partner = this.partnerOfTrue[this.#edges[edge]!]!;
        if (partner < 0) found = true;
        else if (this.#layers[partner]! < 0) {
          this.#layers[partner] = this.#layers[pixel]! + 1;
          queue.push(partner);
        }
      }
    }
    return found;
  }

  /** Searches an augmenting path from a free predicted pixel along the layers, and turns it. No recursion: paths may be long. */
  augment(start: number): boolean {
    const path = [start];
    while (path.length > 0) {
      const pixel = path.at(-1)!;
      const edge = this.#nextEdge[pixel]!;
      if (edge === this.#lastEdge[pixel]!) {
        path.pop();
        continue;
      }
      this.#nextEdge[pixel] = edge + 1;
      const partner = this.partnerOfTrue[this.#edges[edge]!]!;
      if (partner < 0) {
        this.#turn(path);
        return true;
      }
      if (this.#layers[partner] === this.#layers[pixel]! + 1) path.push(partner);
    }
    return false;
  }

  /** Every pixel of the path takes the true pixel of the edge that was tried last. */
  #turn(path: readonly number[]): void {
    for (const pixel of path) {
      const other = this.#edges[this.#nextEdge[pixel]! - 1]!;
      this.partnerOfPredicted[pixel] = other;
      this.partnerOfTrue[other] = pixel;
    }
  }
}

/** All offsets of at most that length, the shortest first. */
function offsetsWithin(distance: number): readonly { readonly right: number; readonly down: number }[] {
  const reach = Math.floor(distance);
  const offsets: { right: number; down: number }[] = [];
  for (let down = -reach; down <= reach; down++) {
    for (let right = -reach; right <= reach; right++) {
      if (right * right + down * down <= distance * distance) offsets.push({ right, down });
    }
  }
  return offsets.sort((a, b) => a.right ** 2 + a.down ** 2 - (b.right ** 2 + b.down ** 2));
}
